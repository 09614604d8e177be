"""A member of the consumer group: reading, committing, coming and going."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import aiokafka
import structlog
from aiokafka import errors as foreign
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from consumer.clock import loop_time
from consumer.errors import CommitRefused, KafkaError, KafkaRefused, KafkaUnavailable
from consumer.kafka.connection import CLOSE_SECONDS, connection, door, records, translated
from consumer.kafka.credentials import keep_renewed
from consumer.kafka.fetched import shelf
from consumer.kafka.namesake import has_namesake
from consumer.offsets.record import Partition, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from consumer.offsets.record import Positions
    from consumer.settings.kafka_settings import KafkaSettings

_log = structlog.get_logger("consumer.kafka")

MARGIN_SECONDS = 15.0
"""How much longer the group waits for us than we take to drain (kafka-notes: the default of the
rebalance time-out is the session time-out, too short for a request in flight)."""

FETCH_BYTES = 2 << 20
PARTITION_BYTES = 256 << 10
"""What a broker answers at once, and of it for each partition. An answer lies in memory up to four
times: as it comes in, as a whole, cut up by partitions, and each part of it until its last record
is taken. So small parts go sooner; some of them keep us busy until the next ones are there."""

_LOOK_SECONDS = 5.0
_LOOKS = 2
_END_SECONDS = 60.0
_ASK_AGAIN_SECONDS = 5.0

_NOWHERE = aiokafka.TopicPartition("<none>", 0)


class Rebalanced(Protocol):
    """Who is told when partitions come and go; both may take their time, within bounds."""

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        """These are about to be taken away."""

    async def assigned(self, partitions: Sequence[Partition]) -> None:
        """These are ours now."""

    def displaced(self, error: KafkaRefused) -> None:
        """Another process has joined under our name: end, or each would throw the other out."""


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped here
    def __init__(self, told: Rebalanced, source: KafkaSource) -> None:
        self._told = told
        self._source = source

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        await self._told.revoked(list(_ours(revoked)))
        name = await self._source.lost_name()
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
        self._source.note_member()
        await self._told.assigned(list(_ours(assigned)))


class KafkaSource:
    """A member of the consumer group, reading bytes and committing what it is told."""

    def __init__(self, settings: KafkaSettings, drain_seconds: float) -> None:
        """`drain_seconds` bounds how long `Rebalanced.revoked` may take."""
        self._settings = settings
        self._told: Rebalanced | None = None
        self._drain_seconds = drain_seconds
        self._member_id = ""
        self._asked_at = float("-inf")
        self._joined: aiokafka.AIOKafkaConsumer | None = None
        self._admin: AIOKafkaAdminClient | None = None

    async def start(self, told: Rebalanced) -> None:
        """Join the group, and tell of what it gives us; raises KafkaUnavailable or KafkaRefused."""
        self._told = told
        consumer = self._made()
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
        consumer.subscribe(self._settings.topics, listener=_Listener(told, self))

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
        await self._close_admin()

    async def rejoin(self) -> None:
        """Begin anew as another member: for a client that does not recover by itself.

        aiokafka's coordinator stops for good at some errors, and then raises at each poll.
        Raises KafkaUnavailable or KafkaRefused.
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

    def note_member(self) -> None:
        """The group has just taken us in: remember by what id."""
        self._member_id = self._consumer._coordinator.member_id  # noqa: SLF001 - not told otherwise

    async def lost_name(self) -> str:
        """Our static name, if another process is in the group by it instead of us; else empty.

        aiokafka asks for no reason: whoever is no member any more joins again, and so would take
        the name back, and so would the other. What can't be told counts as no.
        """
        name = self._settings.group_instance_id
        if not name or not self._member_id:
            return ""
        # One answer that gets lost must not decide who of the two goes on.
        for _ in range(_LOOKS):
            try:
                with door():
                    async with asyncio.timeout(_LOOK_SECONDS):
                        members = await self._members()
            except KafkaError as error:
                _log.warning("kafka.unavailable", reason=str(error))
                await self._close_admin()
            else:
                return name if has_namesake(members, name, self._member_id) else ""
        return ""

    async def _members(self) -> list[str]:
        admin = await self._administrated()
        found = await admin.describe_consumer_groups([self._settings.group_id])
        groups = [group for answer in found for group in answer.groups]
        for group in groups:
            if group[0]:  # no members are named then, which must not count as none
                raise foreign.for_code(group[0])
        return [member[0] for group in groups for member in group[5]]

    async def poll(
        self, partitions: Sequence[Partition], seconds: float, max_records: int
    ) -> list[Record]:
        """Read from these partitions only, waiting at most `seconds` for the first record.

        No partition at all still counts as a poll and lets no buffer go (pausing would). Of many
        partitions only one is read out, that of the first record: if a second could not be read,
        aiokafka would lose what it had of the first.
        """
        wanted = [aiokafka.TopicPartition(*partition) for partition in partitions] or [_NOWHERE]
        is_one = len(wanted) == 1
        with door():
            found = await self._consumer.getmany(
                *wanted,
                timeout_ms=round(seconds * 1000),
                max_records=max_records if is_one else 1,
            )
        read = list(records(found))
        if read and not is_one and max_records > 1:
            with suppress(KafkaError):  # it is told with the next poll
                read += await self.poll([read[0].partition], 0.0, max_records - 1)
        return read

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

    async def committed(self, partitions: Sequence[Partition]) -> Positions:
        """What the group committed last, with the metadata; raises KafkaUnavailable."""
        wanted = [aiokafka.TopicPartition(*partition) for partition in partitions]
        try:
            with door():
                admin = await self._administrated()
                found = await admin.list_consumer_group_offsets(
                    self._settings.group_id, partitions=wanted
                )
        except BaseException:
            # It may hold on to a broker that is gone: the next try begins with a new one.
            await self._close_admin()
            raise
        return {
            Partition(*partition): (at.offset, at.metadata or "")
            for partition, at in found.items()
            if at.offset >= 0
        }

    async def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """The offset of the next record to be written to each; raises KafkaUnavailable."""
        wanted = [aiokafka.TopicPartition(*partition) for partition in partitions]
        with door():
            found = await self._consumer.end_offsets(wanted)
        return {Partition(*partition): int(offset) for partition, offset in found.items()}

    async def _administrated(self) -> AIOKafkaAdminClient:
        if self._admin is None:
            admin = AIOKafkaAdminClient(**connection(self._settings), client_id="hull-planhat")
            try:
                await admin.start()
            except BaseException:
                await admin.close()
                raise
            keep_renewed(admin, self._settings)
            self._admin = admin
        return self._admin

    async def _close_admin(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            await admin.close()

    def unseen(self) -> list[str]:
        """What keeps topics from being seen, which nothing raises; empty if all are.

        Where there is something the client asks again, which it would not for minutes.
        """
        if self._joined is None:
            return []
        cluster = self._joined._client.cluster  # noqa: SLF001 - the only place where it is told
        unseen = []
        for topic in self._settings.topics:
            if topic in cluster.unauthorized_topics:
                unseen.append(f"not authorized for the topic {topic}")
            elif not cluster.partitions_for_topic(topic):
                unseen.append(f"topic {topic} does not exist any more, or may not be seen")
        now = loop_time()
        if unseen and now - self._asked_at >= _ASK_AGAIN_SECONDS:
            self._asked_at = now
            self._joined._client.force_metadata_update()  # noqa: SLF001 - likewise
        return unseen

    def rewind(self, partition: Partition, offset: int) -> None:
        """Read on from `offset`, if the partition is still ours."""
        try:
            with door():
                self._consumer.seek(aiokafka.TopicPartition(*partition), offset)
        except KafkaError:
            return

    async def position(self, partition: Partition) -> int | None:
        """The offset that is read next; None if that is not known in time."""
        try:
            with door():
                async with asyncio.timeout(1.0):
                    found = await self._consumer.position(aiokafka.TopicPartition(*partition))
        except KafkaError:
            return None
        return int(found)

    def end(self, partition: Partition) -> int | None:
        """The end of the log as of the last fetch; None before the first."""
        try:
            with door():
                found = self._consumer.highwater(aiokafka.TopicPartition(*partition))
        except KafkaError:
            return None
        return None if found is None else int(found)

    @property
    def _consumer(self) -> aiokafka.AIOKafkaConsumer:
        if self._joined is None:
            raise KafkaUnavailable("the group was not joined yet")
        return self._joined

    def _made(self) -> aiokafka.AIOKafkaConsumer:
        settings = self._settings
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
            rebalance_timeout_ms=round((self._drain_seconds + MARGIN_SECONDS) * 1000),
            max_poll_interval_ms=600_000,
            partition_assignment_strategy=[StickyPartitionAssignor],
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=PARTITION_BYTES,
        )

    def partition_count(self) -> int:
        """All partitions of the topics, whoever owns them; 0 while unknown."""
        if self._joined is None:
            return 0
        counts = [self._joined.partitions_for_topic(topic) for topic in self._settings.topics]
        return sum(len(count or ()) for count in counts)


def _ours(partitions: Iterable[Any]) -> Iterator[Partition]:
    return (Partition(partition.topic, partition.partition) for partition in partitions)
