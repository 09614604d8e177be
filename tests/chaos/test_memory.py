"""A million records behind and a dead API: memory stays, partitions stay, and then it drains."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.chaos.world import logged, memory_mib, until_ready

if TYPE_CHECKING:
    from tests.chaos.conftest import Worlds

RECORDS = 1_000_000
DEAD_SECONDS = 90.0
MOST_MIB = 250.0


async def test_a_million_records_behind_and_the_api_dead(world: Worlds) -> None:
    async with world(users=90_000, accounts=10_000, partitions=12) as one:
        await one.produce(RECORDS)
        await one.planhat.faults(
            {"kind": "status", "status": 503, "method": "PUT"},
            {"kind": "status", "status": 503, "resource": "activities"},
        )
        async with one.service() as service:
            await until_ready(service)
            await asyncio.sleep(DEAD_SECONDS)
            await until_ready(service)
            dead = memory_mib(service, "VmHWM")
            rebalances = len(logged(service, "partitions.revoked"))
            await one.planhat.only_refuse()
            await one.until_done(lambda: [service], 900)
            most = memory_mib(service, "VmHWM")
        verdict = await one.verdict()

    print(  # noqa: T201 - a figure for the note
        f"\na million behind: at most {dead:.0f} MiB while the API was dead,"
        f" {most:.0f} MiB until it was done, {rebalances} rebalances; {verdict}"
    )
    verdict.check()
    assert rebalances == 0
    assert dead < MOST_MIB
    assert most < MOST_MIB
