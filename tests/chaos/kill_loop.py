"""SIGKILL at random moments, again and again."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from tests.chaos.world import until_ready

if TYPE_CHECKING:
    from tests.chaos.world import Verdict, World


@dataclass(frozen=True)
class KillLoop:
    """`records` in as many bursts as `kills`; each life ends within `life_seconds` of its start."""

    records: int
    kills: int
    life_seconds: float
    seed: int = 1


async def kill_loop(world: World, size: KillLoop) -> Verdict:
    """Kill while there is work, then let the last life finish."""
    random = Random(size.seed)
    for _ in range(size.kills):
        await world.produce(size.records // size.kills)
        service = world.service("killed", KAFKA_GROUP_INSTANCE_ID="the-only-one")
        await service.start()
        await asyncio.sleep(0.8 + random.random() * size.life_seconds)
        assert service.is_running, "ended by itself"
        assert await service.stop(signal.SIGKILL) == -signal.SIGKILL
    await world.produce(size.records - world.records)
    last = world.service("last", KAFKA_GROUP_INSTANCE_ID="the-only-one")
    async with last:
        await until_ready(last)
        await world.until_done(lambda: [last], 300)
    assert last.process is not None
    assert last.process.returncode == 0
    return await world.verdict()
