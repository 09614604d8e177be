"""Parts, lanes and answers for tests of the core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.lanes.lane import Lane
from consumer.lanes.part import Part
from consumer.lanes.policy import LanePolicy
from consumer.lanes.settle import Settler
from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.offsets.ticket import Backlog, Receipt, Ticket
from schemas.planhat import Resource

if TYPE_CHECKING:
    from consumer.lanes.batch import Batch
    from consumer.lanes.part import Body


def receipt() -> Receipt:
    record = Record(Partition("events", 0), 0, None, b"{}")
    return Receipt(Ticket(record, Offsets(), Backlog()), None, "user:update", "u")


def part(key: str, version: int, claims: tuple[str, ...] = (), text: str = "") -> Part:
    body: Body = {"externalId": key, "custom": {"version": version}}
    if text:
        body["name"] = text
    return Part(Resource.ENDUSERS, key, body, (key, *claims), receipt())


class Bench:
    """One lane with its settler, without jitter."""

    def __init__(self, **policy: object) -> None:
        settings = {"batch_size": 100, "skips_unchanged": False, **policy}
        self.lane = Lane(LanePolicy(Resource.ENDUSERS, **settings))  # type: ignore[arg-type]  # a test's choice
        self.settler = Settler(self.lane, lambda: 0.5)
        self.now = 0.0

    def fly(self) -> Batch:
        batch = self.lane.take(self.now)
        assert batch is not None
        return batch

    def ended(self) -> list[tuple[str, str]]:
        found = [(end.part.key, str(end.ending)) for end in self.lane.ended]
        self.lane.ended = []
        return found
