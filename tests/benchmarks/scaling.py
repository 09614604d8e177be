"""More processes on 12 partitions, longer backlogs, more mapped attributes."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tests.benchmarks.figures import Result, Row, say
from tests.benchmarks.processes import ServiceProcess
from tests.benchmarks.throughput import once
from tests.benchmarks.workload import Bench, records

if TYPE_CHECKING:
    from tests.benchmarks.options import Options
    from tests.benchmarks.stand import Stand

_PARTITIONS = 12
_MAPPED = (0, 7, 28)


async def run(stand: Stand, options: Options) -> Result:
    """All three; on two cores four processes can't be faster than two."""
    rows = await _processes(stand, options)
    rows += await _backlogs(stand, options)
    rows += await _attributes(stand, options)
    return Result("scaling", "processes, backlogs, attributes; users, nothing bad", rows)


async def _processes(stand: Stand, options: Options) -> list[Row]:
    count = options.size or (50_000 if options.quick else 200_000)
    bench = Bench(count, users=count, bad=0.0)
    topic = await stand.topic(_PARTITIONS, records(bench))
    rows = []
    for processes in (1, 2, 4):
        row = Row(f"{processes} processes, {count:,} records, any core")
        for _ in range(options.runs):
            row.add(**await _together(stand, topic, bench, processes, options))
        rows.append(row)
    await stand.forget(topic)
    return rows


async def _together(
    stand: Stand, topic: str, bench: Bench, processes: int, options: Options
) -> dict[str, float]:
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(stand.target(bench, latency_ms=options.latency_ms))
        settings = stand.environment(topic, bench, target)
        services = [ServiceProcess(stand.log(), settings) for _ in range(processes)]
        for service in services:
            await service.start(stand.every_core)
            stack.push_async_callback(service.stop)
        started = [await service.logged("service.started") for service in services]
        await stand.until_committed(topic, settings["KAFKA_GROUP_ID"], *services)
        report = await target.report()
        seconds = report["last_at"] - max(one["at"] for one in started)
        cpu = sum(service.usage.cpu for service in services)
        return {
            "messages_per_s": bench.records / seconds,
            "CPU us_per_message": cpu * 1e6 / bench.records,
            "overtakes": report["overtakes"],
            "overlaps": report["overlaps"],
        }


async def _backlogs(stand: Stand, options: Options) -> list[Row]:
    counts = (10_000, 50_000) if options.quick else (10_000, 100_000, 1_000_000)
    rows = []
    for count in counts:
        say(f"producing {count:,} records")
        bench = Bench(count, users=count, bad=0.0)
        topic = await stand.topic(_PARTITIONS, records(bench))
        row = Row(f"{count:,} records behind, 1 process, one core")
        row.add(**await once(stand, topic, bench, options))
        rows.append(row)
        await stand.forget(topic)
    return rows


async def _attributes(stand: Stand, options: Options) -> list[Row]:
    count = options.size or (20_000 if options.quick else 100_000)
    topic = await stand.topic(_PARTITIONS, records(Bench(count, users=count, bad=0.0)))
    rows = []
    for mapped in _MAPPED:
        bench = Bench(count, users=count, bad=0.0, mapped=mapped)
        row = Row(f"{mapped + 5} mapped attributes, {count:,} records, one core")
        for _ in range(options.runs):
            row.add(**await once(stand, topic, bench, options))
        rows.append(row)
    await stand.forget(topic)
    return rows
