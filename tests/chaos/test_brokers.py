"""Leaders move and brokers go: nothing lost, nothing overtaken, the service stays."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

from confluent_kafka import ElectionType, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.chaos.sandbox_process import SandboxProcess
from tests.chaos.world import World
from tests.integration.hull import Hull

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.integration.kafka_cluster import KafkaCluster

SECONDS = 120.0
RECORDS = 60_000


async def test_leaders_move_and_brokers_stop(three_brokers: KafkaCluster, tmp_path: Path) -> None:
    async with three_brokers.client() as kafka, SandboxProcess() as planhat:
        world = World(kafka, planhat, Hull(1_800, 200), "events", tmp_path)
        await world.create_topics(6, 3)
        services = [world.service(), world.service()]
        for service in services:
            await service.start()
        try:
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                group.create_task(_until(stop, lambda: _bounce(three_brokers, Random(1))))
                group.create_task(_until(stop, lambda: _move(world, Random(2))))
                await _produce(world)
                stop.set()
            for number in three_brokers.brokers:
                await three_brokers.start_broker(number)
            await world.until_done(lambda: services, 300)
            assert all(service.is_running for service in services)
        finally:
            for service in services:
                await service.stop()
        verdict = await world.verdict()

    print(f"\nbroker faults for {SECONDS:.0f} s: {verdict}")  # noqa: T201 - a figure for the note
    verdict.check()


async def _until(stop: asyncio.Event, once: Callable[[], Awaitable[None]]) -> None:
    while not stop.is_set():
        await once()


async def _bounce(cluster: KafkaCluster, random: Random) -> None:
    """Stop a broker every five seconds or as fast as it goes; every third one by a crash."""
    number = random.choice(list(cluster.brokers))
    if random.random() < 1 / 3:
        await cluster.kill_broker(number)
    else:
        await cluster.stop_broker(number)
    await asyncio.sleep(2.5)
    await cluster.start_broker(number)
    await asyncio.sleep(2.5)


async def _move(world: World, random: Random) -> None:
    """Every two seconds let the preferred replicas lead again those that a stop moved away."""
    await asyncio.sleep(2.0)
    moved = [TopicPartition(world.topic, number) for number in random.sample(range(6), 3)]
    await asyncio.to_thread(_elect, world.kafka.bootstrap_servers, moved)


def _elect(bootstrap_servers: str, partitions: list[TopicPartition]) -> None:
    client = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
    with suppress(KafkaException):  # nobody to elect, or nobody there
        client.elect_leaders(ElectionType.PREFERRED, partitions).result(10)


async def _produce(world: World) -> None:
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + SECONDS
    while loop.time() < ends_at:
        await world.produce(round(RECORDS / SECONDS))
        await asyncio.sleep(1.0)
