"""Somebody else in our group, and a topic that goes: told, and gone on from by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from planhat_client.sandbox import SandboxServer
from tests.integration.command import Command
from tests.integration.kafka_client import until
from tests.integration.service_process import ServiceProcess
from tests.integration.test_rights import until_it_says
from tests.integration.test_service import FREE, environment
from tests.integration.test_start import lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient


async def stranger(kafka: KafkaClient, topic: str, assignor: type) -> AIOKafkaConsumer:
    """Another program in the group, with its partitions."""
    found = AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka.bootstrap_servers,
        group_id=f"group-of-{topic}",
        client_id="reporting",
        partition_assignment_strategy=[assignor],
    )
    await found.start()

    async def has_joined() -> bool:
        return bool(found.assignment())

    await until(has_joined)
    return found


async def test_a_program_that_keeps_us_out_of_the_group_is_told_and_waited_for(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name, log = topic("events"), tmp_path / "log"
    await kafka.create_topic(name, partitions=2)
    await kafka.create_topic(f"{name}-dead")
    other = await stranger(kafka, name, RoundRobinPartitionAssignor)
    async with SandboxServer(FREE) as planhat:
        settings = environment(kafka, planhat, name, tmp_path)
        async with ServiceProcess(log, **settings) as service:
            await until_it_says(service, 503, "used by another program")
            checked = await Command(**settings)("check")
            await other.stop()

            await until_it_says(service, 200)
    assert "its members share the partitions by 'roundrobin', we by 'sticky'" in checked.out
    assert "reporting at 127.0.0.1" in checked.out
    assert checked.code == 1
    assert len(lines(log, "kafka.refused")) == 1


async def test_a_program_that_shares_our_partitions_is_told_by_check(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=2)
    await kafka.create_topic(f"{name}-dead")
    other = await stranger(kafka, name, StickyPartitionAssignor)
    async with SandboxServer(FREE) as planhat:
        checked = await Command(**environment(kafka, planhat, name, tmp_path))("check")
    await other.stop()

    assert checked.code == 0
    assert "another program is in it and takes partitions" in checked.out


async def test_a_topic_that_is_removed_is_told_and_waited_for(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=2)
    await kafka.create_topic(f"{name}-dead")
    async with SandboxServer(FREE) as planhat:
        settings = environment(kafka, planhat, name, tmp_path)
        async with ServiceProcess(tmp_path / "log", **settings) as service:
            await until_it_says(service, 200)
            await kafka.delete_topic(name)
            await until_it_says(service, 503, f"topic {name} does not exist any more")
            await kafka.create_topic(name, partitions=2)

            await until_it_says(service, 200)
