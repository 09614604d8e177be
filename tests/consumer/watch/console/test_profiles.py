"""How the console says a profile stands is how it stands in Planhat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decide import reasons
from consumer.log.masking import masked_emails
from consumer.watch.console.answer import profiles
from consumer.watch.metrics import Metrics
from consumer.watch.outcomes.outcomes import Outcomes, Room
from consumer.watch.outcomes.standing import DROPS_EVENTS
from consumer.watch.outcomes.waiting import look
from consumer.watch.personal import Shown
from consumer.watch.report import Reporter
from planhat_client.sandbox import Refusal
from tests.consumer.engine_run import Engine, account, account_message, user_message
from tests.consumer.in_one_go import in_one_go

if TYPE_CHECKING:
    from consumer.lanes.part import Ended
    from consumer.offsets.ticket import Receipt
    from schemas.planhat import Resource

EVENT = {"event": "Signed in", "event_id": "e1", "created_at": "2026-11-24T03:04:05Z"}
NOBODYS: dict[str, Any] = {}
ROOMS = {
    "all is kept": Room(),
    "no payload is kept": Room(payloads_at_once=0, payloads_a_second=0.0),
    "few are kept": Room(outcomes=4, silent=4, at_once=1, payload_size=1),
}


class Watched(Engine):
    """The engine, with what the console remembers and says of it."""

    def __init__(self, room: Room | None = None) -> None:
        self.remembered = Outcomes(room)
        self.reporter = Reporter(Metrics(), outcomes=self.remembered)
        super().__init__()

    def part_ended(self, end: Ended) -> None:
        super().part_ended(end)
        self.reporter.part_ended(end)

    def message_ended(self, receipt: Receipt) -> None:
        super().message_ended(receipt)
        self.reporter.message_ended(receipt)

    def said(self, name: str) -> list[dict[str, Any]]:
        def is_known(resource: Resource, hull_id: str) -> bool:
            return self.lanes[resource].memory.knows(hull_id)

        shown = Shown(masked_emails, keeps_personal=False)
        held = in_one_go(look(name, self.dispatch, self.planner, (), self.now))
        ended = in_one_go(self.remembered.search(name, 500))
        return profiles(name, held, ended, is_known, shown)

    def settle(self) -> None:
        """Send all, and wait for no company any longer."""
        self.run()
        self.now += 60.0
        self.read_directories()
        self.core.expire(self.now)
        self.run()

    def company_in_planhat(self) -> None:
        self.take(account_message(account(1)))
        self.run()
        self.read_directories()


@pytest.fixture(name="room", params=[*ROOMS])
def _room(request: pytest.FixtureRequest) -> Room:
    return ROOMS[request.param]


def test_a_user_without_a_company_is_not_there_though_its_event_was_sent(room: Room) -> None:
    engine = Watched(room)
    engine.take(user_message(1, NOBODYS, events=[EVENT]))
    engine.run()

    [said] = engine.said("u-1")

    assert (said["state"], said["title"]) == ("not_in_planhat", "Not in Planhat")
    assert said["detail"] == f"{reasons.NO_COMPANY_ID} Its events were sent. {DROPS_EVENTS}"
    assert engine.calls["activities"] == 1


def test_who_is_there_stays_there_when_its_last_message_is_skipped(room: Room) -> None:
    engine = Watched(room)
    engine.company_in_planhat()
    engine.take(user_message(1, account(1)))
    engine.run()
    engine.take(user_message(1, account(1), segments=[]))

    [said] = engine.said("user-1")

    assert (said["state"], said["title"]) == ("not_updated", "In Planhat")
    assert said["detail"] == f"Its last change was not sent: {reasons.CONTACT_FILTER}"
    assert said["since"] is not None


def test_who_waits_for_its_company_is_on_its_way() -> None:
    engine = Watched()
    engine.take(user_message(1, account(9), account_segments=[]))

    [said] = engine.said("user-1")

    assert (said["state"], said["title"]) == ("waiting", "On its way")
    assert said["detail"].startswith("Waiting: its company 'a-9' is not in Planhat yet")


def test_a_company_that_a_user_brings_is_told_of_by_its_own_name() -> None:
    engine = Watched()
    engine.take(user_message(1, account(9)))

    [said] = engine.said("account-9")

    assert (said["kind"], said["hull_id"], said["state"]) == ("account", "account-9", "waiting")


def test_who_was_rejected_is_not_there(room: Room) -> None:
    engine = Watched(room)
    engine.sandbox.refusals.extend([Refusal("externalId", ("u-1",), message="no such phase")])
    engine.company_in_planhat()
    engine.take(user_message(1, account(1)))
    engine.run()

    [said] = engine.said("user-1")

    assert said["state"] == "not_in_planhat"
    assert said["detail"].startswith("Rejected, it is in the dead letters: ")


def test_a_user_and_an_account_of_one_external_id_are_told_apart() -> None:
    engine = Watched()
    engine.take(account_message(account(1, external_id="same")))
    engine.run()
    engine.take(user_message(1, NOBODYS, user={"external_id": "same"}))

    said = {one["kind"]: one["state"] for one in engine.said("same")}

    assert said == {"user": "not_in_planhat", "account": "in_planhat"}


def test_of_whom_no_message_is_remembered_planhats_id_may_be_known() -> None:
    engine = Watched()
    engine.company_in_planhat()
    engine.take(user_message(1, account(1)))
    engine.run()
    engine.remembered = Outcomes()

    [said] = engine.said("user-1")

    assert (said["state"], said["since"]) == ("in_planhat", None)
    assert engine.said("user-2") == []


STORIES = st.lists(
    st.fixed_dictionaries(
        {
            "company": st.sampled_from([account(1), account(9), NOBODYS]),
            "segments": st.sampled_from([[], [{"id": "s-users"}]]),
            "account_segments": st.sampled_from([[], [{"id": "s-accounts"}]]),
            "changes": st.sampled_from([{}, {"is_new": False, "user": {"x": [1, 2]}}]),
            "version": st.integers(0, 2),
            "event": st.booleans(),
            "is_refused": st.booleans(),
        }
    ),
    min_size=1,
    max_size=6,
)


@given(STORIES, st.sampled_from([*ROOMS.values()]))
def test_whatever_happens_it_says_how_it_is(stories: list[dict[str, Any]], room: Room) -> None:
    engine = Watched(room)
    engine.company_in_planhat()
    for number, story in enumerate(stories):
        engine.sandbox.refusals.clear()
        if story["is_refused"]:
            engine.sandbox.refusals.extend([Refusal("externalId", ("u-1",), message="no")])
        events = [{**EVENT, "event_id": str(number)}] if story["event"] else []
        names = ("segments", "account_segments", "changes")
        user = {"traits_version": story["version"]}
        members = {name: story[name] for name in names}
        engine.take(user_message(1, story["company"], user=user, events=events, **members))
        engine.settle()

        [said] = engine.said("user-1")

        is_there = any(row.get("externalId") == "u-1" for row in engine.rows("endusers"))
        expected = {"in_planhat", "not_updated"} if is_there else {"not_in_planhat", "unknown"}
        assert said["state"] in expected
