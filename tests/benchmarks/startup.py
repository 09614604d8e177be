"""From the start of the process to its first request, at rest, and from SIGTERM to its end."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tests.benchmarks.figures import Result, Row
from tests.benchmarks.processes import Process, ServiceProcess
from tests.benchmarks.workload import Bench, records

if TYPE_CHECKING:
    from tests.benchmarks.options import Options
    from tests.benchmarks.stand import Stand

_RUNS = 5
_SETTLE_SECONDS = 5.0
_IDLE_SECONDS = 30.0
_COMMAND = "from consumer.cli import main; main()"


async def run(stand: Stand, options: Options) -> Result:
    """Show the help; start before a waiting record, and stop in a backlog; rest with no record."""
    count = options.size or 100_000
    bench = Bench(count, users=count, bad=0.0)
    runs = 1 if options.quick else max(_RUNS, options.runs)
    row = Row("one process, one core")
    topic = await stand.topic(4, records(bench))
    for _ in range(runs):
        row.add(**await _help(stand), **await _started(stand, topic, bench, options))
    await stand.forget(topic)
    for figures in await asyncio.gather(*(_idle(stand, options) for _ in range(runs))):
        row.add(**figures)
    return Result("startup", "exec to first request, at rest, SIGTERM in a backlog to end", [row])


async def _help(stand: Stand) -> dict[str, float]:
    started = time.monotonic()
    async with Process(stand.log(), {}, "-P", "-c", _COMMAND, "--help") as process:
        await process.running.wait()
        return {"--help, s": time.monotonic() - started}


async def _started(stand: Stand, topic: str, bench: Bench, options: Options) -> dict[str, float]:
    async with stand.target(bench, latency_ms=options.latency_ms) as target:
        settings = stand.environment(topic, bench, target)
        started = time.time()
        async with ServiceProcess(stand.log(), settings) as service:
            async with asyncio.timeout(60):
                while not (report := await target.report())["first_at"]:  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.5)  # in the midst of it
            drained = await service.stop()
    return {"exec to first request, s": report["first_at"] - started, "drain, s": drained}


async def _idle(stand: Stand, options: Options) -> dict[str, float]:
    """A member of a group whose topic has no record."""
    bench = Bench(1, users=1, bad=0.0)
    topic = await stand.topic(4)
    async with stand.target(bench, latency_ms=options.latency_ms) as target:
        settings = stand.environment(topic, bench, target)
        async with ServiceProcess(stand.log(), settings) as service:
            await service.logged("partitions.assigned")
            await asyncio.sleep(_SETTLE_SECONDS)
            before = service.usage.cpu
            await asyncio.sleep(_IDLE_SECONDS)
            usage = service.usage
    await stand.forget(topic)
    share = 100 * (usage.cpu - before) / _IDLE_SECONDS
    return {"idle % of a core": share, "idle MiB": usage.resident / (1 << 20)}
