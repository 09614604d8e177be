"""What every run needs: topics with records, a target, settings, a wait for the last commit."""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from aiokafka.errors import GroupCoordinatorNotAvailableError
from confluent_kafka import Producer

from tests.benchmarks.processes import Process, TargetProcess, cores, environment
from tests.benchmarks.workload import Bench, companies, connector
from tests.integration.kafka_client import KafkaClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable


_PATIENCE_SECONDS = 900.0
_LOOK_SECONDS = 0.1


@dataclass(slots=True)
class Stand:
    """Kafka, and a folder for logs and settings."""

    kafka: KafkaClient
    folder: Path

    @property
    def every_core(self) -> set[int]:
        """All cores, for processes that share them."""
        first, others = cores()
        return first | others

    async def topic(self, partitions: int, found: Iterable[tuple[bytes, bytes]] = ()) -> str:
        """A new topic that holds `found`, and its dead letters."""
        name = f"bench-{uuid.uuid4().hex[:8]}"
        await self.kafka.create_topic(name, partitions)
        await self.kafka.create_topic(f"{name}-dead", 1)
        await asyncio.to_thread(self._produce, name, found)
        return name

    async def forget(self, topic: str) -> None:
        """Give the disk back."""
        for name in (topic, f"{topic}-dead"):
            await self.kafka.delete_topic(name)

    def settings(self, bench: Bench) -> Path:
        """A file of connector settings that fit the workload."""
        path = self.folder / f"connector-{bench.mapped}.yaml"
        path.write_bytes(orjson.dumps(connector(bench)))
        return path

    def log(self) -> Path:
        """A new file."""
        return self.folder / f"{uuid.uuid4().hex[:8]}.log"

    @asynccontextmanager
    async def target(self, bench: Bench, **options: float) -> AsyncIterator[TargetProcess]:
        """A counting Planhat that knows the companies of the workload."""
        log = self.log()
        async with TargetProcess(log, companies=companies(bench), **options) as target:
            yield target

    def environment(self, topic: str, bench: Bench, target: TargetProcess) -> dict[str, str]:
        """Settings of a service that reads a topic in a new group."""
        found = environment(self.kafka.bootstrap_servers, topic, target, self.settings(bench))
        return {**found, "KAFKA_GROUP_ID": f"group-{uuid.uuid4().hex[:8]}"}

    async def until_committed(self, topic: str, group: str, *running: Process) -> float:
        """Wait until the group has committed all; seconds since 1970 when that was seen."""
        ends = await self.kafka.end_offsets(topic)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                committed = await self._committed(topic, group)
                if all(committed.get(number, 0) == end for number, end in ends.items() if end):
                    return time.time()
                for process in running:
                    process.check()
                await asyncio.sleep(_LOOK_SECONDS)

    async def _committed(self, topic: str, group: str) -> dict[int, int]:
        try:
            found = await self.kafka.committed(group, topic)
        except GroupCoordinatorNotAvailableError:  # a broker that has just started
            return {}
        return {number: offset for number, (offset, _) in found.items()}

    def _produce(self, topic: str, found: Iterable[tuple[bytes, bytes]]) -> None:
        producer = Producer(
            {
                "bootstrap.servers": self.kafka.bootstrap_servers,
                "enable.idempotence": True,  # a batch sent again keeps its place
                "linger.ms": 20,
                "batch.size": 1 << 18,
                "queue.buffering.max.messages": 50_000,
                "partitioner": "murmur2_random",
            }
        )
        for key, value in found:
            while True:
                try:
                    producer.produce(topic, value, key)
                    break
                except BufferError:
                    producer.poll(0.05)
        producer.flush()
