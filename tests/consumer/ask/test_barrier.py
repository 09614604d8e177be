"""Kafka is asked while merges wait, and tells when they may go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from consumer.ask.barrier import BarrierWatch
from consumer.errors import KafkaUnavailable
from consumer.offsets.record import Partition
from tests.consumer.ask.test_merged import merge
from tests.consumer.engine_run import CONNECTOR, Engine, account, account_message
from tests.consumer.virtual_time import in_no_time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumer.offsets.record import Positions

OURS, THEIRS = Partition("t", 0), Partition("t", 1)


class Topics:
    """A topic of two partitions, of which one is ours."""

    def __init__(self) -> None:
        self.offsets = {OURS: 1, THEIRS: 5}
        self.commit = (0, "")
        self.where = 0
        self.fails = False
        self.moments: list[int] = []
        self.looks = 0

    async def offsets_at(self, milliseconds: int) -> dict[Partition, int]:
        self.moments.append(milliseconds)
        return self.offsets

    async def committed(self, partitions: Sequence[Partition]) -> Positions:
        self.looks += 1
        if self.fails:
            raise KafkaUnavailable("gone")
        return dict.fromkeys(partitions, self.commit)

    async def position(self, partition: Partition) -> int | None:
        return self.where if partition == OURS else None


class Desk:
    """An engine that holds a merge."""

    def __init__(self) -> None:
        self.engine = Engine(connector={**CONNECTOR, "on_user_merged": "archive"})
        assignment = self.engine.core.assignment
        assignment.begin({OURS: (0, "")}, 2)
        self.engine.offsets = assignment.owned[OURS]
        self.engine.take(account_message(account(1)))
        self.engine.take(merge(1, 101))
        self.topics = Topics()
        self.told: list[str] = []
        self.woken = 0
        self.watch = BarrierWatch(self.topics, self.engine.core, self.told.append, self._wake)

    def _wake(self) -> None:
        self.woken += 1

    def look(self, *steps: float | Callable[[], None]) -> list[int]:
        """Watch for so many seconds, or do something; how many waited after each step."""

        async def watched() -> list[int]:
            watching = asyncio.create_task(self.watch.run())
            found = []
            for step in steps:
                if callable(step):
                    step()
                else:
                    await asyncio.sleep(step)
                    found.append(self.waiting)
            watching.cancel()
            await asyncio.wait([watching])
            return found

        return in_no_time(watched())

    @property
    def waiting(self) -> int:
        return len(self.engine.planner.barrier)


def test_a_merge_goes_when_others_have_committed_what_is_older() -> None:
    desk = Desk()

    def commit() -> None:
        desk.topics.commit = (5, "")

    assert desk.look(5, commit, 5) == [1, 0]
    assert desk.told == ["in order"]
    assert desk.woken == 1
    assert len(desk.topics.moments) == 1


def test_a_merge_goes_soon_where_others_say_that_only_merges_wait() -> None:
    desk = Desk()
    desk.topics.commit = (2, "hp1:;;3")

    assert desk.look(9, 15) == [1, 0]
    assert desk.told == ["in order"]


def test_where_our_own_partition_ends_in_nothing_for_us_it_is_read() -> None:
    desk = Desk()
    desk.topics.offsets = {OURS: 9, THEIRS: 0}

    def move_on() -> None:
        desk.topics.where = 9

    assert desk.look(5, move_on, 5) == [1, 0]


def test_a_merge_goes_after_two_minutes_although_kafka_tells_nothing() -> None:
    desk = Desk()
    desk.topics.fails = True

    with capture_logs() as logs:
        assert desk.look(100, 60) == [1, 0]

    assert desk.told == ["hurried"]
    assert {line["event"] for line in logs} == {"merges.not_looked_at", "merge.hurried"}


def test_what_waits_here_is_told_with_our_commits() -> None:
    desk = Desk()

    desk.look(3)

    offsets = desk.engine.offsets
    assert offsets.clear is not None
    assert offsets.clear <= (offsets.position or 0)


def test_nobody_is_asked_while_no_merge_waits() -> None:
    desk = Desk()
    desk.engine.planner.barrier.clear()

    desk.look(5)

    assert desk.topics.looks == 0
