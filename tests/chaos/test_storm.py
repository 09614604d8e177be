"""Members come and go all the time: nothing lost, nothing overtaken, no partition stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.storm import Storm, storm

if TYPE_CHECKING:
    from tests.chaos.conftest import Worlds


async def test_three_minutes_of_rebalances(world: Worlds) -> None:
    size = Storm(records=500_000, seconds=185.0)
    latency = {"fixed_seconds": 0.03, "jitter_seconds": 0.05}
    async with world(users=18_000, accounts=2_000, partitions=12, latency=latency) as one:
        verdict, toggles = await storm(one, size)

    print(f"\nstorm, {toggles} toggles in {size.seconds:.0f} s: {verdict}")  # noqa: T201 - a figure for the note
    verdict.check()
