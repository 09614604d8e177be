"""From the start of the process to its first request, and from SIGTERM to its end."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tests.benchmarks.figures import Result, Row
from tests.benchmarks.processes import ServiceProcess
from tests.benchmarks.workload import Bench, records

if TYPE_CHECKING:
    from tests.benchmarks.options import Options
    from tests.benchmarks.stand import Stand


async def run(stand: Stand, options: Options) -> Result:
    """Start before a waiting record, and stop in the midst of a backlog."""
    row = Row("one process, one core")
    count = options.size or 100_000
    bench = Bench(count, users=count, bad=0.0)
    topic = await stand.topic(4, records(bench))
    for _ in range(options.runs):
        row.add(**await _once(stand, topic, bench, options))
    await stand.forget(topic)
    return Result("startup", "start to first request, SIGTERM in a backlog to the end", [row])


async def _once(stand: Stand, topic: str, bench: Bench, options: Options) -> dict[str, float]:
    async with stand.target(bench, latency_ms=options.latency_ms) as target:
        settings = stand.environment(topic, bench, target)
        started = time.time()
        async with ServiceProcess(stand.log(), settings) as service:
            async with asyncio.timeout(60):
                while not (report := await target.report())["first_at"]:  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.5)  # in the midst of it
            drained = await service.stop()
    return {"start to first request, s": report["first_at"] - started, "drain, s": drained}
