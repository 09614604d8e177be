"""What lets us in to Kafka is rotated: taken up by connections to come, nothing is restarted."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from consumer.kafka.producer import TopicWriter
from consumer.kafka.reader import TopicReader
from consumer.settings import Settings
from planhat_client.sandbox import SandboxServer
from tests.integration.command import Command
from tests.integration.doors import Door, MutualTls, Plain, Scram
from tests.integration.hull import Hull
from tests.integration.kafka_client import Entry, KafkaClient, until
from tests.integration.kafka_cluster import KafkaCluster
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import FREE, check, environment, produce, until_committed
from tests.integration.test_start import lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.kafka_jars import Jars

SECONDS = 30.0
"""How long after new credentials are there records must flow again."""

BAD = Entry(b"bad", b"this is no message")


@dataclass
class House:
    """A Kafka behind a door, a Planhat, and what has been written for them."""

    door: Door
    cluster: KafkaCluster
    kafka: KafkaClient
    planhat: SandboxServer
    settings: dict[str, str]
    log: Path
    hull: Hull = field(default_factory=lambda: Hull(users=90, accounts=10))

    async def write(self) -> None:
        """A hundred changes, and a record that must go to the dead letters."""
        await produce(self.kafka, "events", self.hull.changes(100))
        await self.kafka.produce("events", [BAD])

    async def change_the_lock(self) -> None:
        """From now on new credentials are needed, and no connection is left."""
        self.door.rotate()
        await self.door.open(self.cluster)
        await self.cluster.kill_broker(1)
        self.cluster.brokers[1].guard(self.door.listener())
        await self.cluster.start_broker(1)

    async def hand_over(self) -> None:
        """Give the service its new credentials when it was refused, and not all at once."""
        await until(self._is_refused)
        self.door.half_hand_over()
        await until(self._half_is_told)
        self.door.hand_over()

    async def _is_refused(self) -> bool:
        return self.door.refused in self.log.read_text()

    async def _half_is_told(self) -> bool:
        return bool(lines(self.log, "kafka.credentials_unusable"))


@asynccontextmanager
async def house(jars: Jars, folder: Path, door: Door) -> AsyncIterator[House]:
    with KafkaCluster(jars, guard=door.listener()) as cluster:
        async with cluster.client() as kafka, SandboxServer(FREE) as planhat:
            await door.open(cluster)
            for name in ("events", "events-dead", "results", "copies"):
                await kafka.create_topic(name)
            settings = environment(kafka, planhat, "events", folder) | door.environment
            settings |= {"KAFKA_RESULTS_TOPIC": "results", "KAFKA_SESSION_TIMEOUT_SECONDS": "45"}
            yield House(door, cluster, kafka, planhat, settings, folder / "log")


@pytest.mark.parametrize("kind", [Scram, Plain, MutualTls])
async def test_rotated_credentials_are_taken_up_while_all_connections_are_down(
    kafka_jars: Jars, tmp_path: Path, kind: type[Scram | Plain | MutualTls]
) -> None:
    async with house(kafka_jars, tmp_path, kind(tmp_path)) as one:
        async with ServiceProcess(one.log, **one.settings) as service:
            await one.write()
            await until_committed(one.kafka, "events", service)
            await one.change_the_lock()
            await one.write()
            refused = await Command(**one.settings)("check")
            await one.hand_over()

            handed_over_at = time.monotonic()
            async with asyncio.timeout(SECONDS):
                await until_committed(one.kafka, "events", service)
            took = time.monotonic() - handed_over_at
        joined = len(lines(one.log, "partitions.assigned"))

        check(one.hull, one.planhat)
        dead = await one.kafka.read("events-dead")
        assert len(await one.kafka.read("results")) >= 100

    print(f"\n{kind.__name__}: records flow again after {took:.1f} s, joined {joined} times")  # noqa: T201 - a figure for the note
    assert refused.code == 1
    assert one.door.told in refused.out
    assert [found.value for found in dead] == [BAD.value] * 2
    # In two lines, if the last file came between our look at the files and OpenSSL's.
    told = [line["setting"] for line in lines(one.log, "kafka.credentials_renewed")]
    assert ", ".join(told) == one.door.renewed
    assert len(lines(one.log, "kafka.credentials_unusable")) == 1
    assert len(lines(one.log, "service.started")) == 1
    assert "-password" not in one.log.read_text()


async def test_commands_that_run_for_long_take_them_up_too(
    kafka_jars: Jars, tmp_path: Path
) -> None:
    async with house(kafka_jars, tmp_path, MutualTls(tmp_path)) as one:
        names = {name: value for name, value in one.settings.items() if name.startswith("KAFKA_")}
        kafka = Settings.read(names).kafka
        async with TopicWriter(kafka) as writer, TopicReader(kafka) as reader:
            await (await writer.send("copies", b"key", b"before"))
            await one.change_the_lock()
            one.door.hand_over()

            await (await writer.send("copies", b"key", b"after"))
            spans = await reader.spans("copies")

        done = await Command(**one.settings)("check")

    assert spans == {0: (0, 2)}
    assert (done.code, done.err) == (0, ""), done.out
