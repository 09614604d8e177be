"""Tells Kafka how far everything is final."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import structlog

from consumer.clock import loop_time
from consumer.errors import CommitRefused, KafkaBlocked, KafkaError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from consumer.offsets.assignment import Assignment
    from consumer.offsets.lease import Lease
    from consumer.offsets.record import Partition, Positions
    from consumer.watch.blocked import Blocked


_log = structlog.get_logger("consumer.commit")

COMMIT_SECONDS = 1.0

_LOOK_SECONDS = 0.05

_TIMEOUT_SECONDS = 10.0


class _Asked(NamedTuple):
    """What a commit says of a partition, and how many of its records were final by then."""

    position: tuple[int, str]
    horizon: int | None
    resolved: int


class Committer:
    """Commits what moved: once a second, sooner if it is waited for. A failed one is not fatal.

    A commit also proves that we are a member still, which the lease wants to know now and then:
    then all is committed, moved or not.
    """

    def __init__(
        self,
        write: Callable[[Positions], Awaitable[None]],
        ended: Callable[[str], None],
        lease: Lease,
        blocked: Blocked,
        told: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`write` commits, and raises KafkaError; `ended` is told `ok`, `refused` or `failed`.

        `told` waits a moment, until it is written what became of what is final by now.
        """
        self._commit_to = write
        self._ended = ended
        self._lease = lease
        self._blocked = blocked
        self._told = told
        self._busy = asyncio.Lock()
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Records came in: look whether a commit is waited for."""
        self._changed.set()

    async def run(self, assignment: Assignment) -> None:
        """Commit until cancelled."""
        self._changed = asyncio.Event()  # of the loop that runs us
        due_at = loop_time() + COMMIT_SECONDS
        while True:
            await self._rest(assignment, due_at)
            if loop_time() < due_at and not assignment.wants_commit:
                continue
            is_taken = await self.commit(assignment)
            due_at = loop_time() + COMMIT_SECONDS
            if not is_taken:
                await asyncio.sleep(COMMIT_SECONDS)

    async def _rest(self, assignment: Assignment, due_at: float) -> None:
        """Look often while there is work; without any, nothing moves before records come in."""
        self._changed.clear()
        if assignment.backlog.records or assignment.wants_commit:
            await asyncio.sleep(_LOOK_SECONDS)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due_at):
                await self._changed.wait()

    async def commit(self, assignment: Assignment, *, is_clean: bool = False) -> bool:
        """Commit what moved; False if Kafka did not take it in time.

        `is_clean`: nothing more is sent, and the next owner is told how far that was.
        """
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS), self._busy:
                await self._commit(assignment, is_clean=is_clean)
        except CommitRefused as error:
            self._lease.end()
            self._note("refused", str(error))
        except KafkaBlocked as error:
            self._ended("failed")
            self._blocked.note(str(error), loop_time())
        except (KafkaError, TimeoutError) as error:
            self._note("failed", str(error) or "time-out")
        else:
            return True
        return False

    async def _commit(self, assignment: Assignment, *, is_clean: bool) -> None:
        asked_at = loop_time()
        epoch = assignment.epoch
        asked = self._asked(assignment, is_clean=is_clean)
        if not asked:
            return
        if self._told is not None:
            await self._told()
            if assignment.epoch != epoch:
                return
        asked = await self._write(asked)
        if assignment.epoch != epoch:
            return
        self._lease.confirm(asked_at)
        for partition, one in asked.items():
            next_offset = one.position[0]
            assignment.owned[partition].saved(next_offset, one.horizon, one.resolved)
        self._ended("ok")
        _log.debug("offsets.committed", partitions=len(asked))

    async def _write(self, asked: dict[Partition, _Asked]) -> dict[Partition, _Asked]:
        """What Kafka took: all, or all but the topics that we may not use any more."""
        try:
            await self._commit_to({name: one.position for name, one in asked.items()})
        except KafkaBlocked as error:
            taken = {name: one for name, one in asked.items() if name.topic not in error.topics}
            if not error.topics or not taken:
                raise
            self._blocked.note(str(error), loop_time())
            return taken
        return asked

    def _asked(self, assignment: Assignment, *, is_clean: bool) -> dict[Partition, _Asked]:
        with_all = is_clean or self._lease.is_due(loop_time())
        ahead = assignment.ahead
        asked: dict[Partition, _Asked] = {}
        for partition, offsets in assignment.owned.items():
            horizon = offsets.last_horizon if is_clean else offsets.aim(ahead)
            if not with_all and not offsets.differs(horizon):
                continue
            position = offsets.to_commit(horizon)
            if position is not None:
                asked[partition] = _Asked(position, horizon, offsets.resolved)
        return asked

    def _note(self, result: str, reason: str) -> None:
        self._ended(result)
        _log.warning("offsets.not_committed", result=result, reason=reason)
