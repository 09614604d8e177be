"""What tests do to Kafka beside the service: topics, records, committed offsets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, OffsetAndMetadata, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from types import TracebackType

TIMEOUT_SECONDS = 60.0
_PAUSE_SECONDS = 0.05

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Entry:
    """A record to write; without `partition` the key chooses it."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A record as it lies in a topic."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class KafkaClient:
    """Topics, records and offsets of a cluster; used by `async with`, bound to one event loop."""

    def __init__(self, bootstrap_servers: str) -> None:
        """Nothing is connected yet."""
        self.bootstrap_servers = bootstrap_servers
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        """Connect."""
        await self._admin.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of all connections."""
        if self._producer is not None:
            await self._producer.stop()
        await self._admin.close()

    async def create_topic(
        self, name: str, partitions: int = 1, replicas: int = 1, **configs: str
    ) -> None:
        """Make a topic and wait until every partition has a leader.

        `configs` are the topic's settings, with `_` for the dots: `cleanup_policy="compact"`.
        """
        settings = {key.replace("_", "."): value for key, value in configs.items()}
        topic = NewTopic(name, partitions, replicas, topic_configs=settings)
        _check((await self._admin.create_topics([topic])).topic_errors)

        async def led() -> bool:
            return len(await self.leaders(name)) == partitions

        await until(led)

    async def delete_topic(self, name: str) -> None:
        """Remove a topic and wait until it's gone; none of that name is well too."""
        try:
            _check((await self._admin.delete_topics([name])).topic_error_codes)
        except UnknownTopicOrPartitionError:
            return

        async def gone() -> bool:
            return name not in await _asked(self._admin.list_topics)

        await until(gone)

    async def leaders(self, topic: str) -> dict[int, int]:
        """Partition -> number of the broker that leads it; those without a leader are left out."""
        (found,) = await _asked(lambda: self._admin.describe_topics([topic]))
        return {
            one["partition"]: one["leader"]
            for one in found["partitions"]
            if one["error_code"] == 0 and one["leader"] >= 0
        }

    async def produce(self, topic: str, entries: Iterable[Entry]) -> list[int]:
        """Write all, acknowledged by all replicas in sync; return their offsets."""
        producer = await self._connected()
        sent = [
            await producer.send(topic, one.value, one.key, one.partition, headers=[*one.headers])
            for one in entries
        ]
        return [(await future).offset for future in sent]

    async def end_offsets(self, topic: str) -> dict[int, int]:
        """Partition -> offset of the next record to be written."""
        async with _reader(self.bootstrap_servers) as consumer:
            found = await consumer.end_offsets(await self._partitions(topic))
        return {partition.partition: offset for partition, offset in found.items()}

    async def committed(self, group: str, topic: str) -> dict[int, tuple[int, str]]:
        """Partition -> (next offset, metadata) as committed; without a commit it's left out."""
        partitions = await self._partitions(topic)
        found = await _asked(
            lambda: self._admin.list_consumer_group_offsets(group, partitions=partitions)
        )
        return {
            partition.partition: (at.offset, at.metadata)
            for partition, at in found.items()
            if at.offset >= 0
        }

    async def commit(self, group: str, topic: str, positions: dict[int, tuple[int, str]]) -> None:
        """Commit next offsets with metadata in the name of a group that has no members."""
        async with _reader(self.bootstrap_servers, group) as consumer:
            consumer.assign(await self._partitions(topic))
            await consumer.commit(
                {
                    TopicPartition(topic, number): OffsetAndMetadata(*at)
                    for number, at in positions.items()
                }
            )

    async def read(self, topic: str) -> list[Found]:
        """All that lies in a topic now, in each partition in order; committed transactions only."""
        ends = {p: end for p, end in (await self.end_offsets(topic)).items() if end > 0}
        records: list[Found] = []
        if not ends:
            return records
        async with asyncio.timeout(TIMEOUT_SECONDS), _reader(self.bootstrap_servers) as consumer:
            partitions = [TopicPartition(topic, number) for number in ends]
            consumer.assign(partitions)
            await consumer.seek_to_beginning()
            while any([await consumer.position(p) < ends[p.partition] for p in partitions]):
                for found in (await consumer.getmany(timeout_ms=200)).values():
                    records.extend(_found(one) for one in found)
        return sorted(records, key=lambda one: (one.partition, one.offset))

    async def _partitions(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(topic, number) for number in sorted(await self.leaders(topic))]

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                bootstrap_servers=self.bootstrap_servers,
                acks="all",
                linger_ms=5,
                max_batch_size=1 << 18,
                max_request_size=16 << 20,
            )
            await self._producer.start()
        return self._producer


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = TIMEOUT_SECONDS) -> None:
    """Return when it holds; raises TimeoutError. For what Kafka does, which tells nobody."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110  # no event comes from another process
            await asyncio.sleep(_PAUSE_SECONDS)


async def _asked(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer of whichever broker answers: the one that was asked first may be down."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while True:
            try:
                return await ask()
            except KafkaError as error:
                if not error.retriable:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)


async def broker_count(bootstrap_servers: str) -> int:
    """How many brokers the cluster says it has: 0 while none answers."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=5000)
    try:
        await admin.start()
        return len((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError):
        return 0
    finally:
        await admin.close()


def _reader(bootstrap_servers: str, group: str | None = None) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )


def _found(record: Any) -> Found:  # noqa: ANN401  # aiokafka is untyped here
    return Found(record.partition, record.offset, record.key, record.value, tuple(record.headers))


def _check(answers: Iterable[Any]) -> None:
    for answer in answers:
        if answer[1] != 0:
            raise for_code(answer[1])(*answer)
