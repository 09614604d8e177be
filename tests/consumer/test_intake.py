"""Records are final in the order of their profiles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from consumer.company_directory import CompanyDirectory, Owners
from consumer.guard import RejectGuard
from consumer.intake import Intake
from consumer.lane import Lane, LanePolicy
from consumer.offsets import Offsets
from consumer.part import Backlog, Partition, Record
from consumer.plan import Planner
from consumer.rules import Rules
from consumer.settle import Settler
from planhat_client.protocol import Delivered
from schemas.connector import ConnectorSettings
from schemas.planhat import BulkResult, Resource

if TYPE_CHECKING:
    from consumer.part import Ended, Receipt, Ticket

SETTINGS = """
contact_synchronized_segments: [s]
contact_events: [Signed in]
contact_attributes_outbound: [{hull_field_name: email, service_field_name: email}]
"""


class Silence:
    """A report that nobody reads."""

    def part_ended(self, end: Ended) -> None: ...

    def message_ended(self, receipt: Receipt) -> None: ...

    def record_rejected(self, receipt: Receipt) -> None: ...

    def record_ended(self, ticket: Ticket) -> None: ...


class Desk:
    """An intake with its lanes, and no Kafka nor Planhat."""

    def __init__(self) -> None:
        rules = Rules.compile(ConnectorSettings.from_text(SETTINGS, "settings"))
        self.lanes = {
            name: Lane(LanePolicy(name, merges=name is not Resource.ACTIVITIES))
            for name in Resource
        }
        planner = Planner(self.lanes, CompanyDirectory(), Owners(), 30.0)
        self.rejected: list[Receipt] = []
        guard = RejectGuard(0.5)
        self.intake = Intake(rules, planner, guard, Silence(), self.rejected.append)
        self.offsets = Offsets(0, "")
        self.backlog = Backlog()

    def take(
        self, offset: int, *, with_event: bool, headers: tuple[tuple[str, bytes], ...] = ()
    ) -> None:
        message = {
            "user": {"id": "u", "email": f"{offset}@example.com"},
            "account": {"id": "a", "planhat/id": "company"},
            "segments": [{"id": "s"}],
            "events": [{"event": "Signed in", "event_id": str(offset)}] if with_event else [],
        }
        value = json.dumps(message).encode()
        record = Record(Partition("t", 0), offset, b"u", value, headers)
        self.intake.take(record, self.offsets, self.backlog, 0.0)

    def deliver(self, resource: Resource) -> None:
        lane = self.lanes[resource]
        flight = lane.take(0.0)
        assert flight is not None
        answer = Delivered(BulkResult(created=len(flight.items)), is_whole=True)
        Settler(lane, lambda: 0.0).settle(flight, answer, 0.0)
        ended, lane.ended = lane.ended, []
        self.intake.follow_up(ended, 0.0)


def test_a_newer_record_is_not_final_before_an_older_one_of_its_profile() -> None:
    desk = Desk()
    desk.take(0, with_event=True)
    desk.take(1, with_event=False)

    desk.deliver(Resource.ENDUSERS)

    # Else a restart would send record 0 again, over the newer record 1, which it would leave out.
    assert desk.offsets.to_commit() == (0, "")
    desk.deliver(Resource.ACTIVITIES)
    assert desk.offsets.to_commit() == (2, "")
    assert desk.backlog.records == 0


def test_a_long_chain_of_one_profile_resolves_at_once() -> None:
    desk = Desk()
    desk.take(0, with_event=True)
    for offset in range(1, 5000):
        desk.take(offset, with_event=False)

    desk.deliver(Resource.ENDUSERS)
    desk.deliver(Resource.ACTIVITIES)

    assert desk.offsets.to_commit() == (5000, "")
    assert desk.backlog.bytes == 0


REPLAY = (("dl.replays", b"1"), ("dl.first_offset", b"0"))


@pytest.mark.parametrize(
    "told", [("dl.checked_to", b"1"), ("dl.only", b"activities")], ids=["seen here", "told so"]
)
def test_a_stale_replay_sends_its_events_and_not_its_profile(told: tuple[str, bytes]) -> None:
    desk = Desk()
    desk.take(1, with_event=False)
    desk.deliver(Resource.ENDUSERS)

    desk.take(2, with_event=True, headers=(*REPLAY, told))

    assert (desk.lanes[Resource.ENDUSERS].waiting, desk.lanes[Resource.ACTIVITIES].waiting) == (
        0,
        1,
    )
    desk.deliver(Resource.ACTIVITIES)
    assert desk.offsets.to_commit() == (3, "")
