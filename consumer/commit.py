"""Tells Kafka how far everything is final."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.errors import CommitRefused, KafkaError

if TYPE_CHECKING:
    from consumer.assignment import Assignment
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
    """Commits what moved, once a second, and whenever asked. A failed commit is not fatal."""

    def __init__(self, source: Commits, report: CommitReport) -> None:
        """Nothing was committed yet."""
        self._source = source
        self._report = report
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

    async def commit(self, assignment: Assignment) -> bool:
        """Commit what moved; False if Kafka did not take it."""
        async with self._busy:
            moved = self._moved(assignment)
            if not moved:
                return True
            try:
                async with asyncio.timeout(_TIMEOUT_SECONDS):
                    await self._source.commit(moved)
            except CommitRefused as error:
                self._note("refused", str(error))
            except (KafkaError, TimeoutError) as error:
                self._note("failed", str(error) or "time-out")
            else:
                self._written |= moved
                self._report.committed("ok")
                _log.debug("offsets.committed", partitions=len(moved))
                return True
            return False

    def _moved(self, assignment: Assignment) -> Positions:
        moved: Positions = {}
        for partition, offsets in assignment.owned.items():
            position = offsets.to_commit()
            if position is None or position == self._written.get(partition):
                continue
            if partition not in self._written and position == (offsets.committed, ""):
                continue
            moved[partition] = position
        return moved

    def _note(self, result: str, reason: str) -> None:
        self._report.committed(result)
        _log.warning("offsets.not_committed", result=result, reason=reason)
