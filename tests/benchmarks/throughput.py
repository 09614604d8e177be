"""From Kafka to accepted bulk requests: the real service as a process that has one core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import Result, Row, say
from tests.benchmarks.processes import ServiceProcess
from tests.benchmarks.workload import Bench, records

if TYPE_CHECKING:
    from tests.benchmarks.options import Options
    from tests.benchmarks.processes import Usage
    from tests.benchmarks.stand import Stand

_PARTITIONS = 4
_MIB = 1 << 20


async def run(stand: Stand, options: Options) -> Result:
    """Measure each kind of workload from an empty memory."""
    count = options.size or (50_000 if options.quick else 200_000)
    cases = {
        "users, 1 % bad": Bench(count, users=count, mapped=options.mapped),
        "users, nothing bad": Bench(count, users=count, bad=0.0, mapped=options.mapped),
        "1,000 hot users": Bench(count, keys=1000, bad=0.0, mapped=options.mapped),
        "accounts": Bench(count, users=count, bad=0.0, kind="accounts"),
        "fan-out": Bench(count, users=count, bad=0.0, kind="fan-out"),
    }
    rows = []
    for case, bench in cases.items():
        row = Row(case)
        topic = await stand.topic(_PARTITIONS, records(bench))
        for _ in range(options.runs):
            row.add(**await once(stand, topic, bench, options))
            say(f"{case}: {row.median('messages/s'):,.0f} messages/s")
        await stand.forget(topic)
        rows.append(row)
    about = f"{count:,} records, {_PARTITIONS} partitions, answers after {options.latency_ms:g} ms"
    return Result("throughput", about, rows)


async def once(stand: Stand, topic: str, bench: Bench, options: Options) -> dict[str, float]:
    """Let a new group read all of a topic."""
    async with stand.target(bench, latency_ms=options.latency_ms) as target:
        settings = stand.environment(topic, bench, target)
        if options.uvloop:
            settings["UVLOOP"] = "true"
        async with ServiceProcess(stand.log(), settings) as service:
            assigned = await service.logged("partitions.assigned")
            before = service.usage
            committed_at = await stand.until_committed(topic, settings["KAFKA_GROUP_ID"], service)
            after = service.usage
            report = await target.report()
    seconds = (report["last_at"] or committed_at) - assigned["at"]
    return figures(bench.records, seconds, before, after, report)


def figures(
    count: int, seconds: float, before: Usage, after: Usage, report: dict[str, Any]
) -> dict[str, float]:
    """What is told of a run."""
    cpu = after.cpu - before.cpu
    calls = sum(report["requests"].values())
    return {
        "messages_per_s": count / seconds,
        "CPU us_per_message": cpu * 1e6 / count,
        "core used %": 100 * cpu / seconds,
        "calls": calls,
        "overtakes": report["overtakes"],
        "peak MiB": after.peak / _MIB,
    }
