"""A storm of rebalances: members come and go all the time."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.world import Verdict, World
    from tests.integration.service_process import ServiceProcess


@dataclass(frozen=True)
class Storm:
    """For `seconds`, one of `most` members is toggled every `every_seconds` on average.

    At least `least` run at any time. A share of `killed` leaves by SIGKILL, the others by SIGTERM.
    """

    records: int
    seconds: float
    every_seconds: float = 0.5
    least: int = 3
    most: int = 6
    killed: float = 0.1
    seed: int = 1


class Members:
    """The processes of the group, running or on their way out."""

    def __init__(self, world: World, random: Random) -> None:
        """Nobody runs."""
        self.running: list[ServiceProcess] = []
        self.toggles = 0
        self._world = world
        self._random = random
        self._leaving: list[tuple[ServiceProcess, signal.Signals]] = []

    async def join(self) -> None:
        service = self._world.service()
        await service.start()
        self.running.append(service)

    def leave(self, killed: float) -> None:
        """Tell somebody to go; it may take its time."""
        service = self.running.pop(self._random.randrange(len(self.running)))
        is_killed = self._random.random() < killed
        number = signal.SIGKILL if is_killed else signal.SIGTERM
        assert service.process is not None
        assert service.is_running, f"ended by itself: {service.log.read_text()[-2000:]}"
        service.process.send_signal(number)
        self._leaving.append((service, number))

    async def toggle(self, storm: Storm) -> None:
        self.toggles += 1
        count = len(self.running)
        joins = count <= storm.least or (count < storm.most and self._random.random() < 0.5)
        if joins:
            await self.join()
        else:
            self.leave(storm.killed)

    async def gone(self) -> None:
        """Wait for those who were told to go; each must have ended as it should."""
        for service, number in self._leaving:
            assert service.process is not None
            async with asyncio.timeout(60):
                code = await service.process.wait()
            # Who is told to go before it listens to signals ends by the signal itself.
            assert code in {0, -number}, f"ended with {code}: {service.log.read_text()[-2000:]}"


async def storm(world: World, size: Storm) -> tuple[Verdict, int]:
    """Produce during the storm, let the members that are left finish; also give the toggles."""
    random = Random(size.seed)
    members = Members(world, random)
    loop = asyncio.get_running_loop()
    for _ in range(size.least):
        await members.join()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_produce(world, size))
            ends_at = loop.time() + size.seconds
            while loop.time() < ends_at:
                await asyncio.sleep(random.random() * 2 * size.every_seconds)
                await members.toggle(size)
        await members.gone()
        await world.until_done(lambda: members.running, 300)
    finally:
        for service in members.running:
            await service.stop()
    return await world.verdict(), members.toggles


async def _produce(world: World, size: Storm) -> None:
    """Spread the records over the storm."""
    steps = max(1, round(size.seconds))
    for step in range(steps):
        await world.produce(size.records * (step + 1) // steps - world.records)
        await asyncio.sleep(0.7 * size.seconds / steps)
