"""Requests a second when every request carries one profile and Planhat takes 50 ms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from tests.benchmarks.figures import Result, Row
from tests.benchmarks.processes import Process, ServiceProcess, Usage
from tests.benchmarks.workload import Bench, records

if TYPE_CHECKING:
    from tests.benchmarks.options import Options
    from tests.benchmarks.stand import Stand

_AT_ONCE = (50, 200, 400)
_BARE = {
    "session": "no service: aiohttp's session alone, 400 at once",
    "transport": "no service: our transport alone, 400 at once",
}


async def run(stand: Stand, options: Options) -> Result:
    """Let more and more requests be in flight."""
    count = options.size or (10_000 if options.quick else 40_000)
    bench = Bench(count, users=count, events=False, bad=0.0)
    topic = await stand.topic(4, records(bench))
    rows = []
    for at_once in _AT_ONCE:
        row = Row(f"{at_once} at once")
        for _ in range(options.runs):
            row.add(**await _once(stand, topic, bench, at_once, options))
        rows.append(row)
    await stand.forget(topic)
    for way, case in _BARE.items():
        row = Row(case)
        for _ in range(options.runs):
            row.add(**await _bare(stand, bench, way, options))
        rows.append(row)
    about = (
        f"{count:,} users, one a request, answers after {options.latency_ms:g} ms{options.on_what}"
    )
    return Result("singles", about, rows)


async def _once(
    stand: Stand, topic: str, bench: Bench, at_once: int, options: Options
) -> dict[str, float]:
    async with stand.target(bench, latency_ms=options.latency_ms) as target:
        settings = stand.environment(topic, bench, target) | {
            "PLANHAT_BATCH_SIZE": "1",
            "PLANHAT_MAX_CONCURRENT_REQUESTS": str(at_once),
            "PLANHAT_LANE_CONCURRENCY": "50",
            "LOG_LEVEL": "info",
            "UVLOOP": str(options.uvloop).lower(),
        }
        start = ("-P", "-m", "tests.benchmarks.each", str(at_once))
        async with ServiceProcess(stand.log(), settings, *start) as service:
            assigned = await service.logged("partitions.assigned")
            before, idle = service.usage, target.usage
            await stand.until_committed(topic, settings["KAFKA_GROUP_ID"], service)
            after, busy = service.usage, target.usage
            report = await target.report()
    seconds = report["last_at"] - assigned["at"]
    return {
        "requests_per_s": bench.records / seconds,
        "CPU us_per_request": _cpu(before, after) * 1e6 / bench.records,
        "target's CPU us_per_request": _cpu(idle, busy) * 1e6 / bench.records,
        "core used %": 100 * _cpu(before, after) / seconds,
    }


async def _bare(stand: Stand, bench: Bench, way: str, options: Options) -> dict[str, float]:
    log, at_once = stand.log(), _AT_ONCE[-1]
    async with stand.target(bench, latency_ms=options.latency_ms) as target:
        count = str(bench.records)
        start = ("-P", "-m", "tests.benchmarks.bare", way, target.url, count, str(at_once))
        idle = target.usage
        async with Process(log, {}, *start) as process:
            await process.running.wait()
        busy = target.usage
    found = orjson.loads(log.read_bytes())
    return {
        "requests_per_s": bench.records / found["seconds"],
        "CPU us_per_request": found["cpu"] * 1e6 / bench.records,
        "target's CPU us_per_request": _cpu(idle, busy) * 1e6 / bench.records,
        "core used %": 100 * found["cpu"] / found["seconds"],
    }


def _cpu(before: Usage, after: Usage) -> float:
    return after.cpu - before.cpu
