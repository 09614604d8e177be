"""Commits, and what they prove."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from consumer.assignment import Assignment
from consumer.blocked import Blocked
from consumer.commit import Committer
from consumer.errors import CommitRefused, KafkaBlocked, KafkaError, KafkaUnavailable
from consumer.lease import Lease
from consumer.part import Partition

P0, P1 = Partition("events", 0), Partition("events", 1)


class Book:
    """Where commits are written, or refused with `error`."""

    def __init__(self) -> None:
        self.written: list[dict[Partition, tuple[int, str]]] = []
        self.error: KafkaError | None = None

    async def commit(self, positions: dict[Partition, tuple[int, str]]) -> None:
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        self.written.append(positions)


class Results(list[str]):
    def committed(self, result: str) -> None:
        self.append(result)


class Desk:
    def __init__(self) -> None:
        self.book = Book()
        self.lease = Lease(15.0)
        self.results = Results()
        self.blocked = Blocked()
        self.committer = Committer(self.book, self.results, self.lease, self.blocked)
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
