"""What networks do, between the service and Planhat and between it and Kafka."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.proxy import Proxy, Weather

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.chaos.world import Verdict, World

WEATHERS = (
    Weather(delay_seconds=0.3),
    Weather(refuses=True),
    Weather(answer_bytes=150),
    Weather(swallows=True),
)


@dataclass(frozen=True)
class Network:
    """Each weather for `each_seconds`, with `rate` records a second."""

    each_seconds: float
    rate: int


async def network(
    world: World, proxies: Sequence[Proxy], size: Network, **environment: str
) -> Verdict:
    """Let each proxy have each weather, and open connections be reset in between."""
    services = [world.service(**environment), world.service(**environment)]
    for service in services:
        await service.start()
    try:
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(_write(world, size.rate))
            for proxy in proxies:
                for weather in WEATHERS:
                    proxy.weather = weather
                    await asyncio.sleep(size.each_seconds)
                    proxy.weather = Weather()
                    # What was swallowed in the middle of a stream makes no sense any more.
                    proxy.reset_all()
                    await asyncio.sleep(size.each_seconds / 3)
            writing.cancel()
        await world.until_done(lambda: services, 180)
    finally:
        for service in services:
            await service.stop()
    return await world.verdict()


async def _write(world: World, rate: int) -> None:
    while True:
        await world.produce(rate)
        await asyncio.sleep(1.0)
