"""Killed with SIGKILL at random moments: nothing lost, nothing overtaken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.kill_loop import KillLoop, kill_loop

if TYPE_CHECKING:
    from tests.chaos.conftest import Worlds


async def test_killed_thirty_times(world: Worlds) -> None:
    size = KillLoop(records=200_000, kills=32, life_seconds=5.0)
    latency = {"fixed_seconds": 0.1, "jitter_seconds": 0.2}
    async with world(users=18_000, accounts=2_000, partitions=6, latency=latency) as one:
        verdict = await kill_loop(one, size)

    print(f"\nkill loop, {size.kills} kills: {verdict}")  # noqa: T201 - a figure for the note
    verdict.check()
