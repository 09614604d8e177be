"""Commits, and what they prove."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from consumer.commit import COMMIT_SECONDS, Committer
from consumer.errors import CommitRefused, KafkaBlocked, KafkaError, KafkaUnavailable
from consumer.offsets.assignment import Assignment
from consumer.offsets.lease import Lease
from consumer.offsets.record import Partition
from consumer.watch.blocked import Blocked
from tests.consumer.virtual_time import in_no_time

P0, P1 = Partition("events", 0), Partition("events", 1)


class Book:
    """Where commits are written, or refused with `error`."""

    def __init__(self) -> None:
        self.written: list[dict[Partition, tuple[int, str]]] = []
        self.error: KafkaError | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.asked = asyncio.Event()
        self.asked_at: list[float] = []

    async def commit(self, positions: dict[Partition, tuple[int, str]]) -> None:
        self.asked_at.append(asyncio.get_running_loop().time())
        self.asked.set()
        await self.open.wait()
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        if any(len(metadata) > 4096 for _, metadata in positions.values()):
            raise CommitRefused("OffsetMetadataTooLarge")  # as a broker does
        self.written.append(positions)


class Desk:
    def __init__(self) -> None:
        self.book = Book()
        self.lease = Lease(15.0)
        self.results: list[str] = []
        self.blocked = Blocked()
        self.committer = Committer(self.book.commit, self.results.append, self.lease, self.blocked)
        self.assignment = Assignment(100, 100, 1 << 20)
        self.assignment.begin({P0: (10, "hp1:300;"), P1: (20, "hp1:300;")})

    async def commit(self) -> bool:
        return await self.committer.commit(self.assignment)

    def confirmed(self) -> None:
        self.lease.confirm(asyncio.get_running_loop().time())


async def test_only_what_moved_is_committed() -> None:
    desk = Desk()
    desk.confirmed()
    desk.assignment.owned[P0].track(10)
    desk.assignment.owned[P0].resolve(10)

    assert await desk.commit()
    assert await desk.commit()

    assert desk.book.written == [{P0: (11, "hp1:299;")}]


async def test_a_lease_that_ends_soon_is_renewed_by_committing_all() -> None:
    desk = Desk()

    assert await desk.commit()

    assert desk.book.written == [{P0: (10, "hp1:300;"), P1: (20, "hp1:300;")}]
    assert desk.lease.holds(asyncio.get_running_loop().time())


@pytest.mark.parametrize(
    ("error", "result", "holds"),
    [(CommitRefused("moved on"), "refused", False), (KafkaUnavailable("gone"), "failed", True)],
    ids=["refused", "failed"],
)
async def test_only_a_refused_commit_ends_the_lease(
    error: KafkaError, result: str, *, holds: bool
) -> None:
    desk = Desk()
    desk.confirmed()
    desk.assignment.owned[P0].track(10)
    desk.assignment.owned[P0].resolve(10)
    desk.book.error = error

    assert not await desk.commit()

    assert desk.results == [result]
    assert desk.lease.holds(asyncio.get_running_loop().time()) is holds


async def test_what_failed_is_committed_again() -> None:
    desk = Desk()
    desk.confirmed()
    desk.assignment.owned[P0].track(10)
    desk.assignment.owned[P0].resolve(10)
    desk.book.error = KafkaUnavailable("gone")
    await desk.commit()

    desk.book.error = None
    await desk.commit()

    assert desk.book.written == [{P0: (11, "hp1:299;")}]


async def test_a_commit_taken_is_where_the_log_may_begin_anew() -> None:
    desk = Desk()
    desk.assignment.owned[P0].track(10)
    desk.assignment.owned[P0].resolve(10)

    await desk.commit()

    assert desk.assignment.owned[P0].is_foreign(10)
    assert not desk.assignment.owned[P0].is_foreign(11)


async def test_the_last_commit_of_who_leaves_in_order_marks_all_partitions() -> None:
    desk = Desk()
    desk.confirmed()

    await desk.committer.commit(desk.assignment, is_clean=True)

    assert desk.book.written == [{P0: (10, "hp1:0;"), P1: (20, "hp1:0;")}]


async def test_who_leaves_before_anything_was_known_of_a_partition_commits_the_others() -> None:
    desk = Desk()
    desk.assignment.begin({P0: None, P1: (5, "hp1:300;")})

    assert await desk.committer.commit(desk.assignment, is_clean=True)
    desk.confirmed()
    assert await desk.commit()

    assert desk.book.written[0] == {P1: (5, "hp1:0;")}


async def test_a_commit_that_is_answered_in_another_epoch_changes_nothing() -> None:
    desk = Desk()
    desk.book.open.clear()
    committing = asyncio.create_task(desk.commit())
    await desk.book.asked.wait()

    desk.assignment.end()
    desk.assignment.begin({P0: (3, "")})
    desk.book.open.set()
    await committing

    assert (desk.assignment.owned[P0].committed, desk.assignment.owned[P0].horizon) == (3, None)
    assert not desk.lease.holds(asyncio.get_running_loop().time())
    assert desk.results == []


async def test_a_commit_of_who_was_final_meanwhile_says_nothing_of_that() -> None:
    desk = Desk()
    offsets = desk.assignment.owned[P0]
    offsets.track(10)
    offsets.track(11)
    offsets.resolve(10)
    desk.book.open.clear()
    committing = asyncio.create_task(desk.commit())
    await desk.book.asked.wait()

    offsets.resolve(11)
    desk.book.open.set()
    await committing

    assert (offsets.committed, offsets.to_save) == (11, 1)


def test_a_commit_that_kafka_never_answers_has_failed() -> None:
    in_no_time(_never_answered())


async def _never_answered() -> None:
    desk = Desk()
    desk.assignment.owned[P0].track(10)
    desk.assignment.owned[P0].resolve(10)
    desk.book.open.clear()
    began = asyncio.get_running_loop().time()

    is_taken = await desk.commit()

    assert (is_taken, desk.results, desk.book.written) == (False, ["failed"], [])
    assert desk.assignment.owned[P0].to_save == 1
    assert asyncio.get_running_loop().time() - began == pytest.approx(10.0)
    desk.book.open.set()
    assert await desk.commit()


def commits_of(desk: Desk, seconds: float) -> list[float]:
    """When the loop of commits asks Kafka, counted from its start."""

    async def run() -> float:
        began = asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await desk.committer.run(desk.assignment)
        return began

    began = in_no_time(run())
    return [at - began for at in desk.book.asked_at]


def test_all_is_committed_often_enough_for_the_lease() -> None:
    desk = Desk()

    asked = commits_of(desk, 10.0)

    assert asked == pytest.approx([1.0, 4.0, 7.0], abs=0.5)


def moved(desk: Desk, count: int) -> None:
    offsets = desk.assignment.owned[P0]
    for _ in range(count):
        offset = offsets.position or 0
        offsets.track(offset)
        offsets.resolve(offset)


def test_who_waits_for_a_commit_gets_it_at_once_and_the_next_in_a_second() -> None:
    desk = Desk()
    moved(desk, 70)

    asked = commits_of(desk, 2.0)

    assert asked[0] == pytest.approx(0.05, abs=0.01)


def test_who_comes_to_wait_while_nothing_was_to_do_gets_a_commit_at_once() -> None:
    desk = Desk()

    async def come_later() -> None:
        await asyncio.sleep(0.3)
        moved(desk, 70)
        desk.committer.wake()

    async def run() -> float:
        began = asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.9), asyncio.TaskGroup() as group:
                group.create_task(come_later())
                group.create_task(desk.committer.run(desk.assignment))
        return began

    began = in_no_time(run())

    assert next(at - began for at in desk.book.asked_at) == pytest.approx(0.3, abs=0.06)


def test_what_moved_is_committed_once_a_second() -> None:
    desk = Desk()
    moved(desk, 1)

    asked = commits_of(desk, 0.9)
    later = commits_of(desk, 1.5)

    assert asked == []
    assert later == pytest.approx([1.0], abs=0.1)


def test_after_a_commit_that_failed_nobody_asks_at_once_again() -> None:
    desk = Desk()
    moved(desk, 70)
    desk.book.error = KafkaUnavailable("gone")

    asked = commits_of(desk, 5.0)

    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert len(asked) == 5
    assert min(gaps) >= COMMIT_SECONDS


async def test_a_broker_takes_what_a_full_window_has_to_say() -> None:
    desk = Desk()
    desk.assignment.begin({P0: (0, "")})
    offsets = desk.assignment.owned[P0]
    for offset in range(60_000):
        offsets.track(offset)
        if offset % 2:
            offsets.resolve(offset)

    assert await desk.commit()

    _, metadata = desk.book.written[0][P0]
    assert 4000 < len(metadata) <= 4096


async def test_a_commit_without_the_right_to_it_is_told_once_and_tried_again() -> None:
    desk = Desk()
    desk.confirmed()
    desk.assignment.owned[P0].track(10)
    desk.assignment.owned[P0].resolve(10)
    desk.book.error = KafkaBlocked("not authorized for the topic events")

    with capture_logs() as logs:
        refused = [await desk.commit() for _ in range(3)]
    desk.book.error = None

    assert refused == [False, False, False]
    assert [line["event"] for line in logs] == ["kafka.refused"]
    assert desk.blocked.reason(asyncio.get_running_loop().time()) is not None
    assert await desk.commit()


async def test_a_topic_that_may_not_be_committed_keeps_no_other_from_it() -> None:
    desk = Desk()
    other = Partition("secret", 0)
    desk.assignment.begin({other: (5, "hp1:300;")})
    desk.book.error = KafkaBlocked("not authorized", topics=frozenset({"secret"}))
    for partition, offset in ((P0, 10), (other, 5)):
        desk.assignment.owned[partition].track(offset)
        desk.assignment.owned[partition].resolve(offset)

    assert await desk.commit()

    owned = desk.assignment.owned
    assert (owned[P0].committed, owned[other].committed) == (11, 5)
    assert desk.lease.holds(asyncio.get_running_loop().time())
