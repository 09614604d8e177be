"""Hostile records among good ones: real Kafka, two members, killed and restarted."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from tests.chaos.sandbox_process import SandboxProcess
from tests.chaos.world import World, memory_mib
from tests.integration.hostile import hostile
from tests.integration.hull import Hull
from tests.integration.prober import Prober
from tests.integration.raw_batches import raw_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.integration.hostile import Hostile
    from tests.integration.kafka_client import Found, KafkaClient
    from tests.integration.service_process import ServiceProcess

PARTITIONS = 2
ANY_TIME = {"message_timestamp_after_max_ms": str(2**63 - 1)}
GOOD = 20_000
TURNS = 20
MOST_MIB = 250.0
MOST_SECONDS = 1.0


async def produce(world: World, bad: Sequence[Hostile]) -> dict[tuple[int, int], str]:
    """Write good and bad ones in turns; where each of those lies that must be rejected."""
    places: dict[tuple[int, int], str] = {}
    each = len(bad) // TURNS
    async with raw_writer(world.kafka.bootstrap_servers) as writer:
        for turn in range(TURNS):
            await world.produce(GOOD // 3 // TURNS + 1)
            for number, one in enumerate(bad[turn * each : (turn + 1) * each]):
                partition = number % PARTITIONS
                offset = await writer.write(world.topic, partition, one.raw)
                if one.is_rejected:
                    places[partition, offset] = one.kind
    return places


def place(letter: Found) -> tuple[int, int]:
    headers = dict(letter.headers)
    return int(headers["dl.partition"]), int(headers["dl.offset"])


async def has_begun(world: World, committed: int) -> int:
    """Wait until the group has committed some more; how much it has."""
    now = committed
    async with asyncio.timeout(60):
        while now < committed + 500:
            await asyncio.sleep(0.1)
            found = await world.kafka.committed(world.group, world.topic)
            now = sum(at for at, _ in found.values())
    return now


async def restart(services: Sequence[ServiceProcess], how: signal.Signals) -> float:
    """End all members and start them anew; the most MiB that one of them had."""
    most = max(memory_mib(one, "VmHWM") for one in services)
    await asyncio.gather(*(one.stop(how) for one in services))
    for one in services:
        await one.start()
    return most


@pytest.mark.timeout(300)
async def test_two_thousand_hostile_records_cost_themselves(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    bad = hostile(seed=15)
    third = len(bad) // 3
    places: dict[tuple[int, int], str] = {}
    async with SandboxProcess() as planhat, AsyncExitStack() as stack:
        world = World(kafka, planhat, Hull(users=3_000, accounts=300), topic("events"), tmp_path)
        await world.create_topics(PARTITIONS, configs=ANY_TIME)
        services = [await stack.enter_async_context(world.service()) for _ in range(2)]
        committed, most = 0, 0.0

        with Prober(services) as prober:
            for how in (signal.SIGKILL, signal.SIGTERM, None):
                places |= await produce(world, bad[:third])
                bad = bad[third:]
                committed = await has_begun(world, committed)
                if how is not None:
                    most = max(most, await restart(services, how))
            await world.until_done(lambda: services, 120)
        most = max(most, *(memory_mib(one, "VmHWM") for one in services))
        verdict = await world.verdict()

        told = [place(letter) for letter in verdict.dead]
        print(  # noqa: T201 - figures for the note
            f"\n{len(places)} rejected, {len(told)} letters; {prober.asked} probes, the slowest"
            f" {prober.slowest:.2f} s; at most {most:.0f} MiB; {verdict}"
        )
        verdict.check()
        assert {places[one] for one in places.keys() - set(told)} == set()
        assert set(told) <= places.keys()
        assert prober.failed == []
        assert prober.slowest <= MOST_SECONDS
        assert most <= MOST_MIB
