"""Our part in the consumer group: told when partitions come and go, and what happens then."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.clock import loop_time
from consumer.errors import KafkaBlocked, KafkaError, KafkaRefused, KafkaUnavailable
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumer.commit import Committer
    from consumer.offsets.assignment import Assignment
    from consumer.offsets.lease import Lease
    from consumer.offsets.record import Partition, Positions
    from consumer.watch.blocked import Blocked

_log = structlog.get_logger("consumer.membership")

_READ_SECONDS = 10.0
_ENDS_SECONDS = 5.0
_LONGEST_PAUSE = 10.0


class Group(Protocol):
    """What is asked of Kafka."""

    async def committed(self, partitions: Sequence[Partition]) -> Positions:
        """What the group committed last; raises KafkaError."""

    async def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """The ends of the logs; raises KafkaError."""

    def partition_count(self) -> int:
        """All partitions, whoever owns them; 0 while unknown."""


class Work(Protocol):
    """The work on what is owned; `consumer.engine.engine.Engine` is it."""

    @property
    def assignment(self) -> Assignment:
        """What is owned."""

    @property
    def lease(self) -> Lease:
        """How long we may believe that."""

    def clear(self) -> None:
        """Drop all work, and own nothing: somebody else does it."""

    def resume(self, owned: int, total: int, now: float) -> None:
        """Work on what is owned now: so many of all partitions."""


class Sending(Protocol):
    """Who sends."""

    async def drain(self) -> bool:
        """Send nothing new; False if a request is still on its way when the time is up."""

    @property
    def is_unsure(self) -> bool:
        """A request failed that may have changed something all the same."""

    def forget(self) -> None:
        """Write no more dead letters of what is not ours any more."""

    def wake(self) -> None:
        """Something changed: look again."""


class Membership:
    """Told by Kafka what is ours, and what is not any more."""

    def __init__(
        self,
        group: Group,
        work: Work,
        committer: Committer,
        sender: Sending,
        blocked: Blocked,
        rebalanced: Callable[[str], None],
    ) -> None:
        """No member of anything yet; `rebalanced` is told `assigned` or `revoked`."""
        self.refused: KafkaError | None = None
        self.moving_since: float | None = None
        self._group = group
        self._work = work
        self._assignment = work.assignment
        self._committer = committer
        self._sender = sender
        self._blocked = blocked
        self._rebalanced = rebalanced

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        """Let requests in flight end, commit, forget: somebody else goes on from there."""
        self.moving_since = loop_time()
        if self._assignment.owned:
            await self._leave(len(partitions))
        self._rebalanced("revoked")

    async def assigned(self, partitions: Sequence[Partition]) -> None:
        """Own these partitions, from where the group left them."""
        await self._join(partitions)
        self._rebalanced("assigned")

    def displaced(self, error: KafkaRefused) -> None:
        """Another process has our place in the group: the poller ends the service by this."""
        _log.error("member.displaced", reason=str(error))
        self.refused = error

    async def _leave(self, partitions: int) -> None:
        landed = False
        try:
            landed = await self._sender.drain()
            is_clean = landed and not self._sender.is_unsure
            await self._committer.commit(self._assignment, is_clean=is_clean)
        finally:
            # Whatever went wrong: what is not ours must neither be sent nor be committed.
            self._work.clear()
            self._sender.forget()
            _log.info("partitions.revoked", partitions=partitions, landed=landed)

    async def _join(self, partitions: Sequence[Partition]) -> None:
        joined_at = loop_time()
        if partitions:
            try:
                committed = await self._committed(partitions)
            except KafkaRefused as error:
                # aiokafka would only log it; the poller ends the service by it.
                self.refused = error
                return
            owned = {name: committed.get(name) for name in partitions}
            self._assignment.begin(owned, self._group.partition_count())
            self._assignment.read_first(await self._ends(partitions), loop_time())
        self._work.lease.confirm(joined_at)
        self.moving_since = None
        total = self._group.partition_count()
        self._work.resume(len(partitions), total, loop_time())
        self._sender.wake()
        _log.info("partitions.assigned", partitions=len(partitions), of=total)

    async def _committed(self, partitions: Sequence[Partition]) -> Positions:
        failures = 0
        while True:
            try:
                async with asyncio.timeout(_READ_SECONDS):
                    return await self._group.committed(partitions)
            except KafkaBlocked as error:
                failures += 1
                self._blocked.note(str(error), loop_time())
            except (KafkaUnavailable, TimeoutError) as error:
                failures += 1
                _log.warning("offsets.not_read", reason=str(error), attempts=failures)
            await asyncio.sleep(min(_LONGEST_PAUSE, backoff(failures, random.random())))

    async def _ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """Where the logs end; nothing if that can't be told: then we do not wait for it."""
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_ENDS_SECONDS):
                return await self._group.ends(partitions)
        return {}
