"""Resident memory with more and more records behind: while Planhat works, and while it is dead."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.benchmarks.figures import Result, Row, say
from tests.benchmarks.processes import ServiceProcess
from tests.benchmarks.workload import Bench, records

if TYPE_CHECKING:
    from tests.benchmarks.options import Options
    from tests.benchmarks.stand import Stand

_MIB = 1 << 20
_DEAD_SECONDS = 25.0
_USERS = 100_000
"""Of the tenant, whatever the backlog: how many companies there are is no matter of how far behind
we are. They change in turn, so in 10,000 records a tenth of them does."""


async def run(stand: Stand, options: Options) -> Result:
    """The peak while a backlog is worked off, and what a dead API lets pile up."""
    counts = (10_000, 50_000) if options.quick else (10_000, 100_000, 1_000_000)
    rows = []
    for count in [options.size] if options.size else counts:
        say(f"producing {count:,} records")
        bench = Bench(count, users=_USERS, bad=0.0)
        topic = await stand.topic(4, records(bench))
        row = Row(f"{count:,} records behind")
        row.add(**await _alive(stand, topic, bench, options))
        row.add(**await _dead(stand, topic, bench, options))
        rows.append(row)
        await stand.forget(topic)
    return Result("memory", "resident memory of one process", rows)


async def _alive(stand: Stand, topic: str, bench: Bench, options: Options) -> dict[str, float]:
    async with stand.target(bench, latency_ms=options.latency_ms) as target:
        settings = stand.environment(topic, bench, target)
        async with ServiceProcess(stand.log(), settings) as service:
            await service.logged("partitions.assigned")
            await stand.until_committed(topic, settings["KAFKA_GROUP_ID"], service)
            usage = service.usage
            return {"peak MiB": usage.peak / _MIB, "MiB in the end": usage.resident / _MIB}


async def _dead(stand: Stand, topic: str, bench: Bench, options: Options) -> dict[str, float]:
    """Planhat answers reads and never a write: it takes longer than any time-out."""
    async with stand.target(bench, latency_ms=options.latency_ms + 3_600_000) as target:
        settings = stand.environment(topic, bench, target)
        settings["PLANHAT_REQUEST_TIMEOUT_SECONDS"] = "5"
        async with ServiceProcess(stand.log(), settings) as service:
            await service.logged("partitions.assigned")
            await asyncio.sleep(_DEAD_SECONDS)
            return {"peak MiB with a dead API": service.usage.peak / _MIB}
