"""A member of the consumer group: coming and going, and committing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import aiokafka
import structlog
from aiokafka import errors as foreign
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from consumer.errors import CommitRefused, KafkaError, KafkaRefused, KafkaUnavailable
from consumer.kafka.batches.fetched import shelf
from consumer.kafka.connection import CLOSE_SECONDS, connection, door, keep_renewed, translated
from consumer.kafka.coordinator import Coordinator
from consumer.kafka.reading import Reading
from consumer.offsets.record import Partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from consumer.offsets.record import Positions
    from consumer.settings.kafka import KafkaSettings

_log = structlog.get_logger("consumer.kafka")

MARGIN_SECONDS = 15.0
"""How much longer the group waits for us than we take to drain (aiokafka's default of the
rebalance time-out is the session time-out, too short for a request in flight)."""

FETCH_BYTES = 2 << 20
PARTITION_BYTES = 256 << 10
"""What a broker answers at once, and of it for each partition. An answer lies in memory up to four
times: as it comes in, as a whole, cut up by partitions, and each part of it until its last record
is taken. So small parts go sooner; some of them keep us busy until the next ones are there."""

_END_SECONDS = 60.0


class Rebalanced(Protocol):
    """Who is told when partitions come and go; both may take their time, within bounds."""

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        """These are about to be taken away."""

    async def assigned(self, partitions: Sequence[Partition]) -> None:
        """These are ours now."""

    def displaced(self, error: KafkaRefused) -> None:
        """Another process has joined under our name: end, or each would throw the other out."""


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped here
    def __init__(
        self, told: Rebalanced, coordinator: Coordinator, client: aiokafka.AIOKafkaConsumer
    ) -> None:
        self._told = told
        self._coordinator = coordinator
        self._client = client

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        await self._told.revoked(list(_ours(revoked)))
        name = await self._coordinator.lost_name()
        if name:
            self._told.displaced(
                KafkaRefused(
                    f"another process has joined the group as {name}; each needs a"
                    " KAFKA_GROUP_INSTANCE_ID of its own"
                )
            )
            # aiokafka would join again, and throw the other out; closing the client cancels this.
            await asyncio.sleep(_END_SECONDS)

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        self._coordinator.member_id = self._client._coordinator.member_id  # noqa: SLF001 - not told otherwise
        await self._told.assigned(list(_ours(assigned)))


class KafkaSource(Reading):
    """A member of the consumer group, reading bytes and committing what it is told."""

    def __init__(self, settings: KafkaSettings, drain_seconds: float) -> None:
        """`drain_seconds` bounds how long `Rebalanced.revoked` may take."""
        super().__init__(settings)
        self._told: Rebalanced | None = None
        self._drain_seconds = drain_seconds
        self._coordinator = Coordinator(settings)

    async def start(self, told: Rebalanced) -> None:
        """Join the group, and tell of what it gives us; raises KafkaUnavailable or KafkaRefused."""
        self._told = told
        consumer = _made(self._settings, self._drain_seconds)
        try:
            with door():
                await consumer.start()
                known = await consumer.topics()
        except KafkaError:
            await consumer.stop()
            raise
        missing = [topic for topic in self._settings.topics if topic not in known]
        if missing:
            await consumer.stop()
            raise KafkaUnavailable(
                f"topic {', '.join(missing)} does not exist, or may not be seen (DESCRIBE)"
            )
        self._joined = consumer
        keep_renewed(consumer, self._settings)
        consumer.subscribe(
            self._settings.topics, listener=_Listener(told, self._coordinator, consumer)
        )

    async def stop(self, *, leaves: bool = True) -> None:
        """Leave the group. aiokafka does not call `revoked` here: commit before.

        Without `leaves` the group is not told, and gives our partitions to others only when the
        session has timed out: for a process whose requests may still be on their way.
        """
        if self._joined is not None:
            if not leaves:
                # A member without a generation has nothing to leave, there is no public way.
                self._joined._coordinator.reset_generation()  # noqa: SLF001
            await self._joined.stop()
        await self._coordinator.close()

    async def rejoin(self) -> None:
        """Begin anew as another member; raises KafkaUnavailable or KafkaRefused.

        aiokafka's coordinator stops for good at some errors, and then raises at each poll.
        """
        assert self._told is not None  # noqa: S101 - who never joined begins nothing anew
        if self._joined is not None:
            await self._told.revoked([])
            joined, self._joined = self._joined, None
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await joined.stop()
            except Exception as error:  # noqa: BLE001 - it is broken, that is why we are here
                _log.warning("kafka.not_closed", reason=str(translated(error)))
        await self.start(self._told)

    async def committed(self, partitions: Sequence[Partition]) -> Positions:
        """What the group committed last, with the metadata; raises KafkaUnavailable."""
        return await self._coordinator.committed(partitions)

    async def commit(self, positions: Positions) -> None:
        """Write next offsets with metadata; raises CommitRefused or KafkaUnavailable.

        A broker that keeps less metadata than usual gets none: records would only be sent again.
        """
        with door():
            try:
                await self._write(positions)
            except foreign.OffsetMetadataTooLargeError:
                await self._write({name: (at, "") for name, (at, _) in positions.items()})

    async def _write(self, positions: Positions) -> None:
        """Commit so that a cancelled commit is gone.

        The public `commit` is shielded: it would try on for ever, and write old positions over
        newer ones, in the name of a generation to come, when Kafka is back.
        """
        offsets = {
            aiokafka.TopicPartition(*partition): aiokafka.OffsetAndMetadata(*at)
            for partition, at in positions.items()
        }
        consumer = self._consumer
        subscription = consumer._subscription.subscription  # noqa: SLF001 - see above
        assignment = None if subscription is None else subscription.assignment
        if assignment is None or not offsets.keys() <= set(assignment.tps):
            raise CommitRefused("the partitions are not ours any more")
        await consumer._coordinator.commit_offsets(assignment, offsets)  # noqa: SLF001 - see above


def _made(settings: KafkaSettings, drain_seconds: float) -> aiokafka.AIOKafkaConsumer:
    shelf.most = settings.max_unpacked_bytes
    session_ms = round(settings.session_timeout_seconds * 1000)
    return aiokafka.AIOKafkaConsumer(
        **connection(settings),
        group_id=settings.group_id,
        group_instance_id=settings.group_instance_id or None,
        client_id="hull-planhat",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        session_timeout_ms=session_ms,
        heartbeat_interval_ms=min(3000, session_ms // 3),
        rebalance_timeout_ms=round((drain_seconds + MARGIN_SECONDS) * 1000),
        max_poll_interval_ms=600_000,
        partition_assignment_strategy=[StickyPartitionAssignor],
        fetch_max_bytes=FETCH_BYTES,
        max_partition_fetch_bytes=PARTITION_BYTES,
    )


def _ours(partitions: Iterable[Any]) -> Iterator[Partition]:
    return (Partition(partition.topic, partition.partition) for partition in partitions)
