"""Tells Kafka how far everything is final."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.errors import CommitRefused, KafkaError

if TYPE_CHECKING:
    from consumer.assignment import Assignment
    from consumer.lease import Lease
    from consumer.offsets import Offsets
    from consumer.part import Partition

_log = structlog.get_logger("consumer.commit")

COMMIT_SECONDS = 1.0
_TIMEOUT_SECONDS = 10.0

Positions = dict["Partition", tuple[int, str]]


class Commits(Protocol):
    """Where to commit."""

    async def commit(self, positions: Positions) -> None:
        """Write next offsets with metadata; raises CommitRefused or KafkaUnavailable."""


class CommitReport(Protocol):
    """Who wants to know of commits."""

    def committed(self, result: str) -> None:
        """A commit ended: `ok`, `refused` or `failed`."""


class Committer:
    """Commits what moved, once a second, and whenever asked. A failed commit is not fatal.

    A commit also proves that we are a member still, which the lease wants to know now and then:
    then all is committed, moved or not.
    """

    def __init__(self, source: Commits, report: CommitReport, lease: Lease) -> None:
        """Nothing was committed yet."""
        self._source = source
        self._report = report
        self._lease = lease
        self._written: Positions = {}
        self._busy = asyncio.Lock()

    def forget(self) -> None:
        """The partitions were revoked."""
        self._written = {}

    async def run(self, assignment: Assignment) -> None:
        """Commit once a second until cancelled."""
        while True:
            await asyncio.sleep(COMMIT_SECONDS)
            await self.commit(assignment)

    async def commit(self, assignment: Assignment, *, is_clean: bool = False) -> bool:
        """Commit what moved; False if Kafka did not take it, within a bound.

        `is_clean`: all is committed, and the next owner told that nothing else was sent.
        """
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS), self._busy:
                await self._commit(assignment, is_clean=is_clean)
        except CommitRefused as error:
            self._lease.end()
            self._note("refused", str(error))
        except (KafkaError, TimeoutError) as error:
            self._note("failed", str(error) or "time-out")
        else:
            return True
        return False

    async def _commit(self, assignment: Assignment, *, is_clean: bool) -> None:
        asked_at = asyncio.get_running_loop().time()
        epoch = assignment.epoch
        with_all = is_clean or self._lease.is_due(asked_at)
        moved = self._moved(assignment, with_all=with_all, is_clean=is_clean)
        if not moved:
            return
        await self._source.commit(moved)
        if assignment.epoch != epoch:
            return
        self._lease.confirm(asked_at)
        self._written |= moved
        for partition, (next_offset, _) in moved.items():
            assignment.owned[partition].committed = next_offset
        self._report.committed("ok")
        _log.debug("offsets.committed", partitions=len(moved))

    def _moved(self, assignment: Assignment, *, with_all: bool, is_clean: bool) -> Positions:
        moved: Positions = {}
        for partition, offsets in assignment.owned.items():
            position = offsets.to_commit(is_clean=is_clean)
            if position is None:
                continue
            if with_all or self._has_moved(partition, offsets, position):
                moved[partition] = position
        return moved

    def _has_moved(self, partition: Partition, offsets: Offsets, position: tuple[int, str]) -> bool:
        written = self._written.get(partition)
        return position != (written or (offsets.committed, ""))

    def _note(self, result: str, reason: str) -> None:
        self._report.committed(result)
        _log.warning("offsets.not_committed", result=result, reason=reason)
