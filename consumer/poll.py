"""Reads Kafka: each partition in its turn, never more than may be unresolved, never not at all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.clock import loop_time
from consumer.errors import KafkaBlocked, KafkaUnavailable, KafkaUnreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumer.errors import KafkaError
    from consumer.offsets.assignment import Assignment
    from consumer.offsets.offsets import Offsets
    from consumer.offsets.record import Partition, Record
    from consumer.watch.blocked import Blocked

_log = structlog.get_logger("consumer.poll")

CHUNK = 250
"""Records read in one go. How long the loop does nothing else, `Engine.take` bounds."""

WAIT_SECONDS = 0.2
IDLE_SECONDS = 1.0
"""Of a poll that waits for a record; it returns with the first. Without work it may be longer."""

START_SECONDS = 10.0
FIRST_WAIT_SECONDS = 0.02
"""A process that has just started reads as soon as it may: until then its polls are short."""

_REACH_SECONDS = 1.0
_RETRY_SECONDS = 1.0
_REST_SECONDS = 5.0
_LOOKS = 5
_REJOIN_SECONDS = 30.0


class Source(Protocol):
    """Where records come from."""

    async def poll(
        self, partitions: Sequence[Partition], seconds: float, max_records: int
    ) -> list[Record]:
        """Read from these partitions, waiting at most `seconds` for the first record."""

    async def position(self, partition: Partition) -> int | None:
        """The offset that is read next."""

    async def rejoin(self) -> None:
        """Begin anew as another member of the group; raises KafkaUnavailable or KafkaRefused."""

    def rewind(self, partition: Partition, offset: int) -> None:
        """Read on from `offset`, if the partition is still ours."""

    def unseen(self) -> list[str]:
        """What keeps topics from being seen, which nothing raises; empty if all are."""


class Work(Protocol):
    """Who takes what is read."""

    @property
    def assignment(self) -> Assignment:
        """What is ours."""

    @property
    def is_open(self) -> bool:
        """Records may come in."""

    def take(self, records: Sequence[Record], offsets: Offsets, now: float) -> int:
        """Take records of one partition in their order; how many were taken."""


class Poller:
    """Polls until told to stop. A poll is never cancelled: aiokafka would lose count of them."""

    def __init__(
        self,
        source: Source,
        work: Work,
        refused: Callable[[], KafkaError | None],
        wake: Callable[[], None],
        blocked: Blocked,
    ) -> None:
        """`refused` tells why the service must end; `wake` is called when records came in."""
        self._source = source
        self._work = work
        self._assignment = work.assignment
        self._refused = refused
        self._wake = wake
        self._blocked = blocked
        self._unseen = 0
        self._reached_at = float("-inf")
        self._failing_since: float | None = None
        self._resting: dict[Partition, float] = {}
        self.turned_at = 0.0
        self._hurries_until = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop` is set; raises KafkaRefused. What a person must see to is waited for.

        A client that has failed at every turn for long begins anew, it may be broken for good.
        """
        self._hurries_until = loop_time() + START_SECONDS
        while not stop.is_set():
            self.turned_at = loop_time()
            if (refused := self._refused()) is not None:
                raise refused
            try:
                await self._rejoin_if_broken()
                await self._round()
            except KafkaUnavailable as error:
                if self._failing_since is None:
                    self._failing_since = loop_time()
                _log.warning("kafka.unavailable", reason=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
            except KafkaBlocked as error:
                self._blocked.note(str(error), loop_time())
                if error.is_of_group:
                    self._failing_since = float("-inf")
                await asyncio.sleep(_REST_SECONDS)
            else:
                self._failing_since = None

    async def _rejoin_if_broken(self) -> None:
        since = self._failing_since
        if since is not None and loop_time() - since > _REJOIN_SECONDS:
            _log.warning("kafka.rejoining")
            self._failing_since = loop_time()
            await self._source.rejoin()

    async def _round(self) -> None:
        found = 0
        for partition in self._readable():
            found += await self._take(await self._read([partition], 0.0))
            await asyncio.sleep(0)
            if self._assignment.is_full:
                break
        if not found:
            readable = self._readable()
            await self._take(await self._read(readable, self._patience(readable)))
            await self._note_reached()
        if loop_time() - self._reached_at >= _REACH_SECONDS:
            self._reached_at = loop_time()
            # Not told of at once, as a leader may just be chosen.
            unseen = self._source.unseen()
            self._unseen = self._unseen + 1 if unseen else 0
            if self._unseen >= _LOOKS:
                for reason in unseen:
                    self._blocked.note(reason, loop_time())
            await _reach(self._source, self._assignment)

    def _readable(self) -> list[Partition]:
        if not self._work.is_open:
            return []
        now = loop_time()
        return [
            partition
            for partition in self._assignment.eligible()
            if self._resting.get(partition, now) <= now
        ]

    def _patience(self, readable: list[Partition]) -> float:
        """Seconds to wait for the first record that comes."""
        if readable:
            self._hurries_until = 0.0
        elif loop_time() < self._hurries_until:
            return FIRST_WAIT_SECONDS
        # All are waited for, and no work of ours can change that: only a record or a rebalance.
        assignment = self._assignment
        is_idle = 0 < len(readable) == len(assignment.owned) and not assignment.backlog.records
        return IDLE_SECONDS if is_idle and not assignment.targets else WAIT_SECONDS

    async def _read(self, partitions: list[Partition], seconds: float) -> list[Record]:
        """Read what is there; what can't be read (a corrupt record, say) must not stop the rest.

        It rests, as does a topic that we may not read; raises what is of no topic.
        """
        try:
            return await self._source.poll(partitions, seconds, CHUNK)
        except KafkaBlocked as error:
            if not error.topics:
                raise
            self._blocked.note(str(error), loop_time())
            resting = [name for name in self._assignment.owned if name.topic in error.topics]
        except KafkaUnavailable as error:
            if isinstance(error, KafkaUnreadable):
                partition = error.partition
            elif len(partitions) == 1 and not seconds:
                (partition,) = partitions
            else:
                raise
            _log.warning(
                "partition.unreadable",
                topic=partition.topic,
                partition=partition.number,
                reason=str(error),
            )
            resting = [partition]
        self._resting.update(dict.fromkeys(resting, loop_time() + _REST_SECONDS))
        return []

    async def _take(self, records: list[Record]) -> int:
        """Take records in, in turns with the rest of the service where there is much in them."""
        owned = dict(self._assignment.owned)
        for partition, run in _by_partition(records).items():
            offsets = owned.get(partition)
            if offsets is None:
                # Read before we know what of it is final: read it again when we do.
                self._source.rewind(partition, run[0].offset)
            else:
                await self._take_run(partition, run, offsets)
        if records:
            self._wake()
        return len(records)

    async def _take_run(self, partition: Partition, run: list[Record], offsets: Offsets) -> None:
        assignment = self._assignment
        taken = 0
        # Others had their turn: what was revoked in it, somebody reads again from its commit.
        while assignment.owned.get(partition) is offsets:
            taken += self._work.take(run[taken:], offsets, loop_time())
            if taken == len(run):
                return
            if offsets.is_foreign(run[taken].offset):
                _log.warning(
                    "offsets.begun_anew",
                    topic=partition.topic,
                    partition=partition.number,
                    offset=run[taken].offset,
                    committed=offsets.committed,
                )
                offsets = assignment.renew(partition)
            elif assignment.is_overflowing:
                # It holds much more than its bytes told: the rest waits in Kafka.
                self._source.rewind(partition, run[taken].offset)
                return
            else:
                self._wake()
                await asyncio.sleep(0)

    async def _note_reached(self) -> None:
        """Nothing more came: see how far the partitions are read whose ends we wait for."""
        behind = list(self._assignment.targets)
        for partition in behind:
            position = await self._source.position(partition)
            if position is not None:
                self._assignment.reached(partition, position)
        if behind:
            self._wake()


async def _reach(source: Source, assignment: Assignment) -> None:
    """Let commits follow over what is never delivered: transaction markers at the end."""
    for partition, offsets in list(assignment.owned.items()):
        if offsets.unresolved:
            continue
        position = await source.position(partition)
        is_current = assignment.owned.get(partition) is offsets
        if position is not None and is_current and not offsets.unresolved:
            offsets.reach(position)


def _by_partition(records: list[Record]) -> dict[Partition, list[Record]]:
    """The records of each partition, in their order; mostly all are of one."""
    if records and records[0].partition is records[-1].partition:
        return {records[0].partition: records}
    found: dict[Partition, list[Record]] = {}
    for record in records:
        found.setdefault(record.partition, []).append(record)
    return found
