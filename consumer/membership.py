"""Our part in the consumer group: what happens when partitions come and go."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.clock import loop_time
from consumer.errors import KafkaBlocked, KafkaError, KafkaRefused, KafkaUnavailable
from consumer.log.repeats import Repeats
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.commit import Committer
    from consumer.offsets.assignment import Assignment
    from consumer.offsets.lease import Lease
    from consumer.offsets.record import Partition, Positions
    from consumer.watch.blocked import Blocked

_log = structlog.get_logger("consumer.membership")

_READ_SECONDS = 10.0
_ENDS_SECONDS = 5.0
_HOLD_SECONDS = 0.2
_COMMIT_SECONDS = 0.02
_LONGEST_PAUSE = 10.0


class Group(Protocol):
    """What is asked of Kafka."""

    async def committed(self, partitions: Sequence[Partition]) -> Positions:
        """What the group committed last; raises KafkaError."""

    async def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """The ends of the logs; raises KafkaError."""

    def partition_count(self) -> int:
        """All partitions, whoever owns them; 0 while unknown."""


class Host(Protocol):
    """Whoever does the work on what is owned."""

    async def land(self) -> bool:
        """Send nothing new, and wait within a bound until no request is on its way."""

    def is_unsure(self) -> bool:
        """Tell whether a request failed that may have changed something all the same."""

    def forget(self) -> None:
        """Drop all work: somebody else does it."""

    def go_on(self, owned: int, total: int) -> None:
        """Work on what is owned now: so many of all partitions."""


class Membership:
    """Told by Kafka what is ours, and asked by the sender whether it still is."""

    def __init__(
        self,
        group: Group,
        assignment: Assignment,
        committer: Committer,
        lease: Lease,
        host: Host,
        blocked: Blocked,
    ) -> None:
        """No member of anything yet."""
        self.refused: KafkaError | None = None
        self.moving_since: float | None = None
        self._group = group
        self._assignment = assignment
        self._committer = committer
        self._lease = lease
        self._host = host
        self._blocked = blocked
        self._repeats = Repeats()

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        """Let requests in flight end, commit, forget: somebody else goes on from there."""
        self.moving_since = loop_time()
        if not self._assignment.owned:
            return
        landed = False
        try:
            landed = await self._host.land()
            is_clean = landed and not self._host.is_unsure()
            await self._committer.commit(self._assignment, is_clean=is_clean)
        finally:
            # Whatever went wrong: what is not ours must neither be sent nor be committed.
            self._assignment.end()
            self._lease.end()
            self._host.forget()
            _log.info("partitions.revoked", partitions=len(partitions), landed=landed)

    async def assigned(self, partitions: Sequence[Partition]) -> None:
        """Own these partitions, from where the group left them."""
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
        self._lease.confirm(joined_at)
        self.moving_since = None
        total = self._group.partition_count()
        self._host.go_on(len(partitions), total)
        _log.info("partitions.assigned", partitions=len(partitions), of=total)

    def hold(self, now: float) -> float:
        """Seconds for which nothing may be sent (look again then); 0.0: go."""
        if not self._assignment.owned:
            return 0.0
        if not self._assignment.is_read_up(now):
            return _HOLD_SECONDS
        if not self._assignment.is_within_horizon:
            return _COMMIT_SECONDS
        if self._lease.holds(now):
            return 0.0
        self._complain(now)
        return _HOLD_SECONDS

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

    def _complain(self, now: float) -> None:
        if self._assignment.backlog.records and self._repeats.is_due("held", now):
            _log.warning(
                "sending.held",
                reason="the group has not confirmed that the partitions are still ours",
                waiting=self._assignment.backlog.records,
            )
