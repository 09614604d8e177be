"""What happens when partitions come and go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from consumer.commit import Committer
from consumer.engine.engine import held
from consumer.errors import KafkaBlocked, KafkaRefused, KafkaUnavailable
from consumer.membership import Membership
from consumer.offsets.record import Partition
from consumer.watch.blocked import Blocked
from tests.consumer.joined import joined
from tests.consumer.virtual_time import in_no_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.errors import KafkaError
    from consumer.offsets.record import Positions

P0 = Partition("events", 0)


class Kafka:
    """A group that holds one commit a partition; `errors` are raised one after the other."""

    def __init__(self, **committed: tuple[int, str]) -> None:
        self.positions: Positions = {
            Partition("events", int(name[1:])): at for name, at in committed.items()
        }
        self.errors: list[KafkaError] = []
        self.log_ends: dict[Partition, int] = {}
        self.hanging: list[str] = []
        self.asked_at: list[float] = []

    async def commit(self, positions: Positions) -> None:
        await self._answer("commit")
        self.positions |= positions

    async def committed(self, partitions: Sequence[Partition]) -> Positions:
        self.asked_at.append(asyncio.get_running_loop().time())
        await self._answer("committed")
        return {name: self.positions[name] for name in partitions if name in self.positions}

    async def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        await self._answer("ends")
        return {name: self.log_ends.get(name, 0) for name in partitions}

    def partition_count(self) -> int:
        return 1

    async def _answer(self, what: str) -> None:
        """Hang as often as `hanging` names this, or fail as long as there are errors."""
        if what in self.hanging:
            self.hanging.remove(what)
            await asyncio.Event().wait()
        if self.errors:
            raise self.errors.pop(0)


class House:
    """Whoever works on what is owned, and sends, noting what it is told."""

    def __init__(self) -> None:
        self.engine = joined(window=100, max_records=100, max_bytes=1 << 20, lease_seconds=15.0)
        self.assignment, self.lease = self.engine.assignment, self.engine.lease
        self.told: list[str] = []
        self.lands = True
        self.is_unsure = False
        self.error: Exception | None = None

    async def drain(self) -> bool:
        self.told.append("land")
        if self.error is not None:
            raise self.error
        return self.lands

    def clear(self) -> None:
        self.engine.clear()

    def forget(self) -> None:
        self.told.append("forget")

    def resume(self, owned: int, total: int, _now: float) -> None:
        self.told.append(f"go on with {owned} of {total}")

    def wake(self) -> None: ...


class Desk:
    def __init__(self, kafka: Kafka) -> None:
        self.kafka = kafka
        self.house = House()
        self.lease, self.assignment = self.house.lease, self.house.assignment
        self.blocked = Blocked()
        self.committer = Committer(kafka.commit, lambda _: None, self.lease, self.blocked)
        self.member = Membership(
            kafka, self.house, self.committer, self.house, self.blocked, lambda _: None
        )

    def hold(self) -> float:
        return self.held(asyncio.get_running_loop().time())

    def held(self, now: float) -> float:
        return held(self.house.engine, now)


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
    desk.house.is_unsure = True

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

    assert desk.held(later) > 0.0


def assigned_in(kafka: Kafka) -> tuple[Desk, float]:
    """Who was assigned a partition, and how long that took."""

    async def assign() -> tuple[Desk, float]:
        desk, began = Desk(kafka), asyncio.get_running_loop().time()
        await desk.member.assigned([P0])
        return desk, asyncio.get_running_loop().time() - began

    return in_no_time(assign())


def test_offsets_that_kafka_does_not_answer_for_are_asked_for_again() -> None:
    kafka = Kafka(p0=(10, ""))
    kafka.hanging = ["committed", "committed"]

    desk, seconds = assigned_in(kafka)

    assert desk.assignment.owned[P0].position == 10
    assert 20.1 <= seconds <= 21.5


def test_offsets_are_asked_for_less_and_less_often() -> None:
    kafka = Kafka(p0=(10, ""))
    kafka.errors = [KafkaUnavailable("loading")] * 40

    _, seconds = assigned_in(kafka)

    assert 40 * 0.05 <= seconds <= 40 * 30.0
    assert seconds > 60.0


def test_ends_that_kafka_does_not_tell_are_not_waited_for() -> None:
    kafka = Kafka(p0=(10, ""))
    kafka.log_ends = {P0: 1000}
    kafka.hanging = ["ends"]

    desk, seconds = assigned_in(kafka)

    assert seconds == pytest.approx(5.0)
    assert desk.assignment.targets == {}
    assert desk.house.told == ["go on with 1 of 1"]


def test_ends_that_kafka_refuses_are_not_waited_for() -> None:
    class Closed(Kafka):
        async def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
            raise KafkaRefused(f"no rights to {partitions}")

    desk, seconds = assigned_in(Closed(p0=(10, "")))

    assert (seconds, desk.assignment.targets) == (0.0, {})


def test_a_last_commit_that_kafka_never_answers_holds_nobody_up_for_long() -> None:
    async def leave() -> tuple[Desk, float]:
        desk = Desk(Kafka(p0=(10, "")))
        await desk.member.assigned([P0])
        desk.kafka.hanging = ["commit"]
        began = asyncio.get_running_loop().time()
        await desk.member.revoked([P0])
        return desk, asyncio.get_running_loop().time() - began

    desk, seconds = in_no_time(leave())

    assert seconds == pytest.approx(10.0)
    assert (desk.assignment.owned, desk.house.told[-1]) == ({}, "forget")


async def test_it_is_known_since_when_partitions_move() -> None:
    desk = Desk(Kafka(p0=(10, "")))
    at_first = desk.member.moving_since
    await desk.member.assigned([P0])
    owned = desk.member.moving_since
    before = asyncio.get_running_loop().time()

    await desk.member.revoked([P0])

    since = desk.member.moving_since
    assert (at_first, owned) == (None, None)
    assert since is not None
    assert before <= since <= asyncio.get_running_loop().time()
    await desk.member.assigned([])
    assert desk.member.moving_since is None


async def test_who_owns_nothing_has_nothing_to_land() -> None:
    desk = Desk(Kafka())

    await desk.member.revoked([])

    assert desk.house.told == []
    assert desk.member.moving_since is not None


async def test_who_gets_no_partition_is_a_member_all_the_same() -> None:
    desk = Desk(Kafka())

    await desk.member.assigned([])

    assert desk.house.told == ["go on with 0 of 1"]
    assert desk.lease.holds(asyncio.get_running_loop().time())
    assert desk.hold() == 0.0


def test_the_group_confirmed_us_when_it_was_asked_not_when_all_was_read() -> None:
    kafka = Kafka(p0=(10, ""))
    kafka.hanging = ["ends"]

    async def held_later() -> tuple[float, float]:
        desk = Desk(kafka)
        await desk.member.assigned([P0])
        now = asyncio.get_running_loop().time()
        return desk.held(now + 9.9), desk.held(now + 10.0)

    before, after = in_no_time(held_later())

    assert before == 0.0
    assert after > 0.0


async def test_after_a_revoke_nothing_is_sent_for_the_former_lease() -> None:
    desk = Desk(Kafka(p0=(10, "")))
    await desk.member.assigned([P0])

    await desk.member.revoked([P0])

    assert not desk.lease.holds(asyncio.get_running_loop().time())


async def test_what_did_not_land_leaves_no_mark() -> None:
    desk = Desk(Kafka(p0=(10, "")))
    await desk.member.assigned([P0])
    desk.house.lands = False

    await desk.member.revoked([P0])

    assert desk.kafka.positions == {P0: (10, "hp1:250;")}


async def test_whatever_goes_wrong_while_landing_nothing_is_kept() -> None:
    desk = Desk(Kafka(p0=(10, "")))
    await desk.member.assigned([P0])
    desk.house.error = ZeroDivisionError()

    with pytest.raises(ZeroDivisionError):
        await desk.member.revoked([P0])

    assert (desk.assignment.owned, desk.house.told[-1]) == ({}, "forget")
    assert not desk.lease.holds(asyncio.get_running_loop().time())


async def test_who_may_not_read_its_offsets_is_no_member() -> None:
    kafka = Kafka()
    kafka.errors = [KafkaRefused("no rights")]
    desk = Desk(kafka)

    await desk.member.assigned([P0])

    assert desk.house.told == []
    assert not desk.lease.holds(asyncio.get_running_loop().time())


def test_each_failure_to_read_the_offsets_counts_and_a_refusal_is_known() -> None:
    kafka = Kafka(p0=(10, ""))
    kafka.errors = [
        KafkaUnavailable("loading"),
        KafkaBlocked("no right to the group"),
        KafkaUnavailable("loading"),
    ]

    async def assign() -> str | None:
        desk = Desk(kafka)
        await desk.member.assigned([P0])
        return desk.blocked.reason(asyncio.get_running_loop().time())

    with capture_logs() as logs:
        reason = in_no_time(assign())

    attempts = [line["attempts"] for line in logs if line["event"] == "offsets.not_read"]
    assert (attempts, reason) == ([1, 3], "no right to the group")
