"""What became of a message is a line of the outcomes topic; people are masked in it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.lanes.part import Ended, Part
from consumer.log import cleaner
from consumer.log.masking import masked_emails
from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.offsets.ticket import Backlog, Receipt, Ticket
from consumer.watch.outcomes.changes import Changes
from consumer.watch.outcomes.line import Lines
from consumer.watch.outcomes.named import Named
from consumer.watch.outcomes.sent import Sent
from consumer.watch.personal import Shown
from planhat_client.protocol import Delivered, Partial, Reject, Retry
from schemas.outcome import lines
from schemas.outcome.digest import EmailDigest
from schemas.outcome.message import Outcome, Skip
from schemas.planhat import BulkResult, Resource

if TYPE_CHECKING:
    from consumer.offsets.ticket import Ending
    from planhat_client.protocol import Answer

NOW = 1_764_000_000.125
STEADY = 5_000.0


class Desk:
    """Lines of one member; `now` is the wall's clock, `STEADY` stands still."""

    def __init__(self, *, keeps: bool = False, at_once: int = 1000) -> None:
        clean = cleaner(keeps_emails=keeps, longest=1000).text
        named = Named(clean, "tenant", keeps_emails=keeps)
        self.full = 0
        sent = Sent(Shown(clean, keeps_personal=keeps))
        self.lines = Lines(named, Changes(named, sent, lambda: STEADY), self._full, at_once)
        self.now = NOW

    def _full(self) -> None:
        self.full += 1

    def answered(self, answer: Answer, seconds: float = 0.25) -> None:
        self.lines.changes.answered(answer, seconds, self.now)

    def ended(
        self, receipt: Receipt, ending: Ending = "delivered", reason: str = "", **more: str
    ) -> None:
        part = Part(Resource.ENDUSERS, more.pop("key", receipt.hull_id), {}, (), receipt)
        part.since, part.sent = STEADY - 2, more.pop("sent", '{"name":"Jane"}').encode()
        end = Ended(part, ending, reason, more.get("planhat_id"), more.get("change"))
        self.lines.changes.ended(end)
        if ending == "delivered":
            receipt.delivered += 1
        elif ending == "rejected":
            receipt.reject(reason)

    def final(self, receipt: Receipt) -> None:
        self.lines.note(receipt, receipt.ending, receipt.reason, self.now)

    def told(self) -> list[Outcome]:
        value, count, _, _ = self.lines.take()
        found = [one for one in lines(value) if isinstance(one, Outcome)]
        assert len(found) == count
        return found

    def only(self, receipt: Receipt) -> Outcome:
        self.final(receipt)
        (found,) = self.told()
        return found


def receipt(
    hull_id: str = "5f1", email: str | None = None, external_id: str | None = None
) -> Receipt:
    record = Record(Partition("hull.events", 3), 17, None, b"x", timestamp=NOW - 60)
    made = Receipt(Ticket(record, Offsets(), Backlog()), None, "user:update", hull_id)
    made.email, made.external_id = email, external_id
    return made


def test_a_delivered_message_tells_its_place_its_times_and_what_planhat_did() -> None:
    desk, one = Desk(), receipt(external_id="u-1")
    desk.answered(Delivered())
    desk.ended(one, planhat_id="63a", change="created")

    found = desk.only(one)

    at = round(NOW * 1000)
    assert (found.topic, found.partition, found.offset, found.position) == (
        "hull.events",
        3,
        17,
        None,
    )
    assert (found.hull_id, found.external_id, found.channel) == ("5f1", "u-1", "user:update")
    assert (found.ending, found.at, found.appended_at) == ("delivered", at, at - 60_000)
    assert found.read_at == at - 2000
    (change,) = found.changes
    assert (change.resource, change.ending, change.change) == ("endusers", "delivered", "created")
    assert (change.planhat_id, change.status, change.key) == ("63a", 200, "")
    assert (change.sent_at, change.answered_at) == (at - 250, at)


def test_a_survivor_names_who_was_merged_into_it() -> None:
    one = receipt("5f1")
    one.life = "merged"
    one.merged = [SimpleNamespace(hull_id="5f2"), SimpleNamespace(hull_id=None)]

    found = Desk().only(one)

    assert (found.life, found.merged) == ("merged", ("5f2",))


def test_a_skipped_message_tells_why() -> None:
    one = receipt()
    one.skip(Resource.ENDUSERS, "No mapped attribute changed.")

    found = Desk().only(one)

    assert (found.ending, found.reason) == ("skipped", "No mapped attribute changed.")
    assert found.skips == (Skip("endusers", "No mapped attribute changed."),)
    assert found.changes == ()


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        (Delivered(note="one was odd"), 200, "one was odd"),
        (Partial(BulkResult(), "206 email is wrong"), 206, "206 email is wrong"),
        (Partial(BulkResult(), "what is this"), 0, "what is this"),
        (Reject("400 bad", 400), 400, "400 bad"),
        (Retry("network: gone"), 0, "network: gone"),
    ],
)
def test_a_change_tells_the_status_and_what_planhat_said(
    answer: Answer, status: int, told: str
) -> None:
    desk, one = Desk(), receipt()
    desk.answered(answer)
    desk.ended(one, "rejected", "bad")

    (change,) = desk.only(one).changes

    assert (change.status, change.answer, change.reason) == (status, told, "bad")


def test_what_ends_without_a_request_has_no_answer_of_another() -> None:
    desk, one = Desk(), receipt()
    desk.answered(Reject("400 bad", 400))
    desk.lines.changes.settled()
    desk.ended(one, change="unchanged")

    (change,) = desk.only(one).changes

    assert (change.sent_at, change.status, change.answer) == (0, 0, "")


def test_each_change_of_a_message_is_told_in_order() -> None:
    desk, one = Desk(), receipt()
    desk.ended(one, key="company")
    desk.ended(one, "skipped", "not now")
    desk.ended(one)

    assert [change.key for change in desk.only(one).changes] == ["company", ""]


def test_an_address_is_masked_and_has_a_digest() -> None:
    found = Desk().only(receipt(email="Jane.Doe@Acme.com"))

    assert found.email == "J***@A***.com"
    assert found.email_digest == EmailDigest("tenant").of("jane.doe@acme.com")


def test_an_address_is_told_in_full_with_log_pii() -> None:
    assert Desk(keeps=True).only(receipt(email="jane@acme.com")).email == "jane@acme.com"


@given(
    st.emails() | st.from_regex(r"[a-z.+\"' -]{1,9}@[a-zü.-]{1,9}(\.[a-z]{2,3})?", fullmatch=True)
)
def test_an_address_is_masked_as_in_the_log(email: str) -> None:
    named = Named(str, "tenant", keeps_emails=False)
    shown = orjson.loads("{" + named.email(email)[1:] + "}")["email"]

    assert shown in {masked_emails(email), f"{email[:1]}***"}


def test_what_is_no_address_shows_its_first_letter() -> None:
    assert Desk().only(receipt(email="Jane Doe")).email == "J***"


def test_an_id_that_is_an_address_is_masked() -> None:
    assert Desk().only(receipt(external_id="jane@acme.com")).external_id == "j***@a***.com"


def test_what_was_sent_is_masked_as_in_the_console() -> None:
    desk, one = Desk(), receipt(external_id="u-1")
    desk.ended(one, sent='{"externalId":"u-1","email":"jane@acme.com","name":"Jane"}')

    (change,) = desk.only(one).changes

    assert orjson.loads(bytes(change.payload)) == {  # type: ignore[arg-type]  # it is there
        "externalId": "u-1",
        "email": "j***@a***.com",
        "name": "J***",
    }


def test_beyond_the_budget_only_rejected_changes_tell_what_was_sent() -> None:
    desk = Desk()
    for _ in range(501):
        desk.ended(receipt())
    one, other = receipt(), receipt()
    desk.ended(one)
    desk.ended(other, "rejected", "bad")
    desk.final(one)
    desk.final(other)

    delivered, rejected = desk.told()

    assert not delivered.changes[0].payload
    assert rejected.changes[0].payload


def test_the_budget_comes_back_with_time() -> None:
    desk, one = Desk(), receipt()
    for _ in range(501):
        desk.ended(receipt())
    desk.now += 1
    desk.answered(Delivered())
    desk.ended(one)

    assert desk.only(one).changes[0].payload


def test_a_body_that_is_too_large_is_left_out() -> None:
    desk, one = Desk(), receipt()
    desk.ended(one, "rejected", "bad", sent='{"name":"' + "x" * 20_000 + '"}')

    assert not desk.only(one).changes[0].payload


def test_a_message_of_thousands_of_changes_stays_a_line_of_bounded_length() -> None:
    desk, one = Desk(), receipt()
    for _ in range(20_000):
        desk.ended(one, "rejected", "bad")
    desk.final(one)

    assert len(desk.lines.take()[0]) < 120_000


def test_somebody_is_told_when_many_lines_wait() -> None:
    desk = Desk(at_once=2)
    desk.final(receipt())
    before = desk.full
    desk.final(receipt())

    assert (before, desk.full) == (0, 1)


@given(
    st.lists(
        st.tuples(st.text(), st.text(), st.text(), st.text(), st.sampled_from(["", "x"])),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_people_write_each_message_is_one_line_that_can_be_read(
    some: list[tuple[str, str, str, str, str]],
) -> None:
    desk = Desk()
    for hull_id, external_id, email, reason, position in some:
        one = receipt(hull_id, email, external_id)
        one.position = 3 if position else None
        one.skip(Resource.ENDUSERS, reason)
        desk.ended(one, "rejected", reason, key=external_id, planhat_id=email)
        desk.final(one)

    assert len(desk.told()) == len(some)


@given(st.text('ab@.\ud800é\n"\\-_ ', max_size=40), st.text('ab@.\ud800é\n"\\-_ ', max_size=40))
def test_no_address_is_seen_without_log_pii(hull_id: str, external_id: str) -> None:
    desk = Desk()
    one = receipt(f"{hull_id}secretlocal@host.example", external_id=f"secretlocal@x.y{external_id}")
    one.email = "secretlocal@host.example"
    desk.final(one)

    assert b"secretlocal" not in desk.lines.take()[0]
