"""The only door to aiokafka: reading, committing, writing; foreign errors are translated here."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, Protocol

import aiokafka
from aiokafka import errors as foreign
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from consumer.errors import CommitRefused, KafkaError, KafkaRefused, KafkaUnavailable
from consumer.part import Partition, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from consumer.commit import Positions
    from consumer.dead_letters import Headers
    from consumer.kafka_settings import KafkaSettings

MARGIN_SECONDS = 15.0
"""How much longer the group waits for us than we take to drain (kafka-notes: the default of the
rebalance time-out is the session time-out, too short for a request in flight)."""

_NOWHERE = aiokafka.TopicPartition("<none>", 0)
_REFUSED = (
    foreign.AuthenticationFailedError,
    foreign.TopicAuthorizationFailedError,
    foreign.GroupAuthorizationFailedError,
    foreign.ClusterAuthorizationFailedError,
    foreign.UnsupportedSaslMechanismError,
    foreign.IllegalSaslStateError,
)


class Rebalanced(Protocol):
    """Who is told when partitions come and go; both may take their time, within bounds."""

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        """These are about to be taken away."""

    async def assigned(self, partitions: Sequence[Partition]) -> None:
        """These are ours now."""


def translated(error: Exception) -> KafkaError:
    """Our own error for one of aiokafka's or the system's."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, _REFUSED):
        return KafkaRefused(text)
    if isinstance(error, foreign.CommitFailedError | foreign.IllegalStateError):
        return CommitRefused(text)
    return KafkaUnavailable(text)


def _connection(settings: KafkaSettings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "security_protocol": settings.security_protocol,
    }
    if settings.sasl_mechanism:
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.sasl_username
        options["sasl_plain_password"] = _password(settings)
    if "SSL" in settings.security_protocol:
        options["ssl_context"] = _ssl_context(settings)
    return options


def _password(settings: KafkaSettings) -> str | None:
    return settings.sasl_password() if settings.sasl_password else None


def _ssl_context(settings: KafkaSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ssl_ca_file)
    if settings.ssl_cert_file:
        context.load_cert_chain(settings.ssl_cert_file, settings.ssl_key_file)
    return context


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped here
    def __init__(self, told: Rebalanced) -> None:
        self._told = told

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        await self._told.revoked(list(_ours(revoked)))

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        await self._told.assigned(list(_ours(assigned)))


class KafkaSource:
    """A member of the consumer group, reading bytes and committing what it is told."""

    def __init__(self, settings: KafkaSettings, told: Rebalanced, drain_seconds: float) -> None:
        """`drain_seconds` bounds how long `told.revoked` may take."""
        self._settings = settings
        self._listener = _Listener(told)
        self._drain_seconds = drain_seconds
        self._joined: aiokafka.AIOKafkaConsumer | None = None
        self._admin: AIOKafkaAdminClient | None = None

    async def start(self) -> None:
        """Join the group; raises KafkaUnavailable or KafkaRefused."""
        consumer = self._made()
        try:
            await consumer.start()
            known = await consumer.topics()
        except (foreign.KafkaError, OSError) as error:
            await consumer.stop()
            raise translated(error) from error
        missing = [topic for topic in self._settings.topics if topic not in known]
        if missing:
            await consumer.stop()
            raise KafkaUnavailable(f"topic {', '.join(missing)} does not exist")
        self._joined = consumer
        consumer.subscribe(self._settings.topics, listener=self._listener)

    async def stop(self) -> None:
        """Leave the group. aiokafka does not call `revoked` here: commit before."""
        if self._joined is not None:
            await self._joined.stop()
        if self._admin is not None:
            await self._admin.close()

    async def poll(
        self, partitions: Sequence[Partition], seconds: float, max_records: int
    ) -> list[Record]:
        """Read from these partitions only, waiting at most `seconds` for the first record.

        No partition at all still counts as a poll and lets no buffer go (pausing would).
        """
        wanted = [aiokafka.TopicPartition(*partition) for partition in partitions] or [_NOWHERE]
        try:
            found = await self._consumer.getmany(
                *wanted, timeout_ms=round(seconds * 1000), max_records=max_records
            )
        except (foreign.KafkaError, OSError) as error:
            raise translated(error) from error
        return list(_records(found))

    async def commit(self, positions: Positions) -> None:
        """Write next offsets with metadata; raises CommitRefused or KafkaUnavailable."""
        try:
            await self._consumer.commit(
                {aiokafka.TopicPartition(*partition): at for partition, at in positions.items()}
            )
        except (foreign.KafkaError, OSError) as error:
            raise translated(error) from error

    async def committed(self, partitions: Sequence[Partition]) -> Positions:
        """What the group committed last, with the metadata; raises KafkaUnavailable."""
        wanted = [aiokafka.TopicPartition(*partition) for partition in partitions]
        try:
            if self._admin is None:
                admin = AIOKafkaAdminClient(**_connection(self._settings), client_id="hull-planhat")
                try:
                    await admin.start()
                except BaseException:
                    await admin.close()
                    raise
                self._admin = admin
            found = await self._admin.list_consumer_group_offsets(
                self._settings.group_id, partitions=wanted
            )
        except (foreign.KafkaError, OSError) as error:
            raise translated(error) from error
        return {
            Partition(*partition): (at.offset, at.metadata or "")
            for partition, at in found.items()
            if at.offset >= 0
        }

    def rewind(self, partition: Partition, offset: int) -> None:
        """Read on from `offset`, if the partition is still ours."""
        try:
            self._consumer.seek(aiokafka.TopicPartition(*partition), offset)
        except foreign.IllegalStateError:
            return

    async def position(self, partition: Partition) -> int | None:
        """The offset that is read next; None if that is not known in time."""
        try:
            async with asyncio.timeout(1.0):
                found = await self._consumer.position(aiokafka.TopicPartition(*partition))
        except (foreign.KafkaError, OSError, TimeoutError):
            return None
        return int(found)

    def end(self, partition: Partition) -> int | None:
        """The end of the log as of the last fetch; None before the first."""
        try:
            found = self._consumer.highwater(aiokafka.TopicPartition(*partition))
        except foreign.IllegalStateError:
            return None
        return None if found is None else int(found)

    @property
    def _consumer(self) -> aiokafka.AIOKafkaConsumer:
        if self._joined is None:
            raise KafkaUnavailable("the group was not joined yet")
        return self._joined

    def _made(self) -> aiokafka.AIOKafkaConsumer:
        settings = self._settings
        session_ms = round(settings.session_timeout_seconds * 1000)
        return aiokafka.AIOKafkaConsumer(
            **_connection(settings),
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
            fetch_max_bytes=16 << 20,
        )

    def partition_count(self) -> int:
        """All partitions of the topics, whoever owns them; 0 while unknown."""
        counts = [self._consumer.partitions_for_topic(topic) for topic in self._settings.topics]
        return sum(len(count or ()) for count in counts)


class KafkaSink:
    """Writes to one topic, acknowledged by all replicas in sync."""

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        """Nothing is connected before the first write."""
        self._settings = settings
        self._topic = topic
        self._producer: aiokafka.AIOKafkaProducer | None = None

    async def write(self, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Return when the record is safe; raises KafkaUnavailable."""
        try:
            producer = await self._connected()
            await producer.send_and_wait(self._topic, value, key, headers=list(headers))
        except (foreign.KafkaError, OSError) as error:
            raise KafkaUnavailable(str(error) or type(error).__name__) from error

    async def write_all(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Return when all records, (key, value), are safe; raises KafkaUnavailable.

        If it raises, some may be written all the same.
        """
        try:
            producer = await self._connected()
            written = [await producer.send(self._topic, value, key) for key, value in records]
            for outcome in await asyncio.gather(*written, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome
        except (foreign.KafkaError, OSError) as error:
            raise KafkaUnavailable(str(error) or type(error).__name__) from error

    async def close(self) -> None:
        """Let go of the connection."""
        if self._producer is not None:
            await self._producer.stop()

    async def _connected(self) -> aiokafka.AIOKafkaProducer:
        if self._producer is None:
            producer = aiokafka.AIOKafkaProducer(
                **_connection(self._settings),
                acks="all",
                enable_idempotence=True,
                request_timeout_ms=20_000,
                max_request_size=16 << 20,
                client_id="hull-planhat",
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer


def _ours(partitions: Iterable[Any]) -> Iterator[Partition]:
    return (Partition(partition.topic, partition.partition) for partition in partitions)


def _records(found: dict[Any, list[Any]]) -> Iterator[Record]:
    for foreign_partition, batch in found.items():
        partition = Partition(*foreign_partition)
        for record in batch:
            yield Record(
                partition,
                record.offset,
                record.key,
                record.value,
                tuple(record.headers),
                record.timestamp / 1000,
            )
