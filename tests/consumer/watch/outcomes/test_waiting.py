"""What a change waits for is told by its nearest cause."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from consumer.lanes.batch import Batch
from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.watch.metrics import Metrics
from consumer.watch.outcomes.waiting import look
from consumer.watch.report import Reporter
from planhat_client.limiter import Limiter
from planhat_client.protocol import Reject, Retry
from planhat_client.sparing import Sparing
from tests.consumer.in_one_go import in_one_go
from tests.consumer.joined import joined, rules_of

if TYPE_CHECKING:
    from consumer.offsets.ticket import Receipt, Ticket

SETTINGS = """
contact_synchronized_segments: [s]
contact_events: [Signed in]
account_synchronized_segments: [c]
contact_attributes_outbound: [{hull_field_name: email, service_field_name: email}]
account_attributes_outbound:
  - {hull_field_name: name, service_field_name: name}
  - {hull_field_name: owner, service_field_name: owner}
"""
KNOWN = {"id": "a", "planhat/id": "company"}


class Desk:
    """Everything between the topic and the wire, without either."""

    def __init__(self) -> None:
        self.limiter = Limiter(600, 100, Sparing(0.5, 5.0))
        self.dying: list[Receipt] = []
        self.engine = joined(
            rules_of(SETTINGS),
            report=Reporter(Metrics()),
            reject=self.reject,
            limiter=self.limiter,
            lanes={"merges": True},
        )
        self.lanes = self.engine.lanes
        self.dispatch = self.engine.dispatch
        self.planner = self.engine.planner
        self.offsets = Offsets(0, "")
        self.offset = 0

    def reject(self, ticket: Ticket) -> None:
        self.dying += ticket.rejected

    def take(self, **more: object) -> None:
        message = {
            "user": {"id": "u", "external_id": "e", "email": "jane@acme.com"},
            "account": KNOWN,
            "segments": [{"id": "s"}],
            **more,
        }
        value = json.dumps(message).encode()
        record = Record(Partition("t", 0), self.offset, b"u", value)
        self.offset += 1
        self.engine.take([record], self.offsets, 0.0)

    def fly(self, now: float = 0.0) -> Batch:
        batch = self.dispatch.next(now)
        assert isinstance(batch, Batch)
        return batch

    def whys(self, query: str = "u", now: float = 0.0) -> list[str]:
        found = in_one_go(look(query, self.dispatch, self.planner, self.dying, now))
        return [why for one in found for _, why in one.changes]


@pytest.fixture(name="desk")
def _desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("query", ["u", " U ", "e", "JANE@acme.com"])
def test_it_is_found_by_each_of_its_names(desk: Desk, query: str) -> None:
    desk.take()

    assert desk.whys(query) == ["goes with one of the next requests"]


@pytest.mark.parametrize("query", ["", " ", "v", "acme.com"])
def test_others_are_not_found(desk: Desk, query: str) -> None:
    desk.take()

    assert desk.whys(query) == []


def test_a_user_waits_for_a_company_that_may_appear(desk: Desk) -> None:
    desk.take(account={"id": "a", "external_id": "acme"})

    assert desk.whys(now=10.0) == [
        "its company 'acme' is not in Planhat yet; it may take 20 s more to appear"
    ]


def test_a_user_waits_for_a_company_that_is_on_its_way(desk: Desk) -> None:
    account = {"id": "a", "external_id": "acme", "name": "Acme"}
    desk.take(account=account, account_segments=[{"id": "c"}])

    assert desk.whys() == ["goes with one of the next requests", "its company goes first"]


def test_a_company_waits_for_its_owner(desk: Desk) -> None:
    account = {"id": "a", "external_id": "acme", "name": "Acme", "owner": "olga@vendor.com"}
    desk.take(user={}, segments=[], account=account, account_segments=[{"id": "c"}])

    assert desk.whys("acme") == ["its owner is unknown so far; Planhat's users are being read"]


def test_an_event_waits_for_its_user(desk: Desk) -> None:
    desk.take(events=[{"event": "Signed in", "event_id": "1"}])

    assert desk.whys() == ["goes with one of the next requests", "its enduser goes first"]


def test_a_request_is_told_and_who_waits_behind_it(desk: Desk) -> None:
    desk.take()
    desk.fly()
    desk.take()

    assert desk.whys() == [
        "is in a request that Planhat has not answered yet",
        "an earlier change of it is in a request",
    ]


def test_a_failed_request_is_told_with_the_next_try(desk: Desk) -> None:
    desk.take()
    desk.dispatch.answered(desk.fly(), Retry("503", 503, 20.0), 0.0)

    assert desk.whys() == ["its last request failed; it is tried again in 20 s"]


def test_a_planhat_that_keeps_failing_is_told(desk: Desk) -> None:
    batches = []
    for number in range(3):
        desk.take(user={"id": f"u{number}", "email": f"{number}@acme.com"})
        batches.append(desk.fly(float(number)))
    for batch in batches:
        desk.dispatch.answered(batch, Retry("503", 503), 2.0)
    desk.take()

    assert desk.whys(now=2.0) == ["Planhat keeps failing; it is tried again in 1 s"]


def test_a_halt_goes_before_all_else(desk: Desk) -> None:
    desk.take()
    desk.dispatch.halts.read_refused("users", 401, "401 no", 0.0)

    assert desk.whys() == ["nothing is sent: 401 no"]


def test_a_used_up_quota_is_told(desk: Desk) -> None:
    desk.take()
    desk.limiter.close(0.0, 12.0)

    assert desk.whys() == ["the quota is used up; the next request may go in 12 s"]


def test_who_waits_for_others_to_go_with_is_told(desk: Desk) -> None:
    desk.take()
    for _ in range(150):
        desk.limiter.sparing.take(0.0)

    assert desk.whys() == [
        "nothing is late: it waits a moment for others to go with, to spare the quota"
    ]


def test_another_profile_of_the_same_address_goes_first(desk: Desk) -> None:
    desk.take(user={"id": "other", "email": "jane@acme.com"})
    desk.take()

    assert desk.whys() == ["another profile with the same Planhat record goes first"]


def test_a_rejected_message_waits_for_the_dead_letters(desk: Desk) -> None:
    desk.take()
    desk.engine.answered(desk.fly(), Reject("400 bad", 400), 0.0)

    [one] = in_one_go(look("u", desk.dispatch, desk.planner, desk.dying, 0.0))
    assert (one.receipt.reason, one.changes) == ("400 bad", ())
