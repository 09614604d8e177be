"""What happens when partitions come and go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from consumer.assignment import Assignment
from consumer.blocked import Blocked
from consumer.commit import Committer
from consumer.errors import KafkaBlocked, KafkaRefused, KafkaUnavailable
from consumer.lease import Lease
from consumer.membership import Membership
from consumer.part import Partition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.commit import Positions
    from consumer.errors import KafkaError

P0 = Partition("events", 0)


class Kafka:
    """A group that holds one commit a partition; `errors` are raised one after the other."""

    def __init__(self, **committed: tuple[int, str]) -> None:
        self.positions: Positions = {
            Partition("events", int(name[1:])): at for name, at in committed.items()
        }
        self.errors: list[KafkaError] = []
        self.log_ends: dict[Partition, int] = {}

    async def commit(self, positions: Positions) -> None:
        self._fail()
        self.positions |= positions

    async def committed(self, partitions: Sequence[Partition]) -> Positions:
        self._fail()
        return {name: self.positions[name] for name in partitions if name in self.positions}

    async def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        return {name: self.log_ends.get(name, 0) for name in partitions}

    def partition_count(self) -> int:
        return 1

    def _fail(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


class House:
    """Whoever works on what is owned, noting what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.lands = True
        self.doubts = False

    async def land(self) -> bool:
        self.told.append("land")
        return self.lands

    def is_unsure(self) -> bool:
        return self.doubts

    def forget(self) -> None:
        self.told.append("forget")

    def go_on(self, owned: int, total: int) -> None:
        self.told.append(f"go on with {owned} of {total}")

    def committed(self, result: str) -> None: ...


class Desk:
    def __init__(self, kafka: Kafka) -> None:
        self.kafka = kafka
        self.house = House()
        self.lease = Lease(15.0)
        self.assignment = Assignment(100, 100, 1 << 20)
        blocked = Blocked()
        self.committer = Committer(kafka, self.house, self.lease, blocked)
        self.member = Membership(
            kafka, self.assignment, self.committer, self.lease, self.house, blocked
        )

    def hold(self) -> float:
        return self.member.hold(asyncio.get_running_loop().time())


async def test_what_is_assigned_is_worked_on_from_the_commit() -> None:
    desk = Desk(Kafka(p0=(10, "")))

    await desk.member.assigned([P0])

    assert desk.assignment.owned[P0].position == 10
    assert desk.house.told == ["go on with 1 of 1"]
    assert desk.hold() == 0.0


async def test_offsets_are_asked_for_until_kafka_tells_them() -> None:
    kafka = Kafka(p0=(10, ""))
    kafka.errors = [KafkaUnavailable("AttributeError"), KafkaBlocked("no right to the group")]
    desk = Desk(kafka)

    await desk.member.assigned([P0])

    assert desk.assignment.owned[P0].position == 10


async def test_a_group_that_lets_us_read_nothing_is_told_of() -> None:
    kafka = Kafka()
    kafka.errors = [KafkaRefused("no rights")]
    desk = Desk(kafka)

    await desk.member.assigned([P0])

    assert isinstance(desk.member.refused, KafkaRefused)
    assert desk.assignment.owned == {}


async def test_nothing_is_sent_before_all_that_may_have_been_sent_is_read() -> None:
    kafka = Kafka(p0=(10, ""))
    kafka.log_ends = {P0: 12}
    desk = Desk(kafka)
    await desk.member.assigned([P0])

    before = desk.hold()
    desk.assignment.owned[P0].track(10)
    desk.assignment.owned[P0].track(11)

    await desk.committer.commit(desk.assignment)

    assert before > 0.0
    assert desk.hold() == 0.0


async def test_nothing_is_sent_before_kafka_knows_how_far_it_may_go() -> None:
    desk = Desk(Kafka(p0=(10, "hp1:0;")))
    await desk.member.assigned([P0])
    desk.assignment.owned[P0].track(10)

    before = desk.hold()
    await desk.committer.commit(desk.assignment)

    assert before > 0.0
    assert desk.kafka.positions == {P0: (10, "hp1:251;")}
    assert desk.hold() == 0.0


async def test_what_is_revoked_is_landed_committed_and_forgotten() -> None:
    desk = Desk(Kafka(p0=(10, "")))
    await desk.member.assigned([P0])
    desk.assignment.owned[P0].track(10)
    desk.assignment.owned[P0].resolve(10)

    await desk.member.revoked([P0])

    assert desk.kafka.positions == {P0: (11, "hp1:0;")}
    assert desk.house.told[-2:] == ["land", "forget"]
    assert desk.assignment.owned == {}


async def test_a_request_in_doubt_leaves_no_mark() -> None:
    desk = Desk(Kafka(p0=(10, "")))
    await desk.member.assigned([P0])
    desk.assignment.owned[P0].track(10)
    desk.assignment.owned[P0].resolve(10)
    desk.house.doubts = True

    await desk.member.revoked([P0])

    assert desk.kafka.positions == {P0: (11, "hp1:250;")}


async def test_a_commit_that_fails_at_the_end_leaves_nothing_behind() -> None:
    desk = Desk(Kafka(p0=(10, "")))
    await desk.member.assigned([P0])
    desk.assignment.owned[P0].track(10)
    desk.assignment.owned[P0].resolve(10)
    desk.kafka.errors = [KafkaUnavailable("gone")]

    await desk.member.revoked([P0])

    assert desk.assignment.owned == {}
    assert desk.house.told[-1] == "forget"


async def test_sending_ends_when_the_group_has_not_confirmed_us_for_long() -> None:
    desk = Desk(Kafka(p0=(10, "")))
    await desk.member.assigned([P0])

    later = asyncio.get_running_loop().time() + 15.0

    assert desk.member.hold(later) > 0.0
