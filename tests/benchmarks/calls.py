"""Calls for each 1,000 changed profiles, and how much of a quota is used, in a backlog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.figures import Result, Row
from tests.benchmarks.processes import ServiceProcess
from tests.benchmarks.workload import Bench, records

if TYPE_CHECKING:
    from tests.benchmarks.options import Options
    from tests.benchmarks.stand import Stand

_QUOTA = 200.0
_PER_THOUSAND = 1000


async def run(stand: Stand, options: Options) -> Result:
    """Count with and without Planhat's quota of 200 a minute."""
    count = options.size or (20_000 if options.quick else 50_000)
    cases = {
        "users with events": Bench(count, users=count, bad=0.0),
        "users with events, 1 % bad": Bench(count, users=count),
        "accounts": Bench(count, users=count * 20, bad=0.0, kind="accounts"),
        "5 changes a user": Bench(count, users=count // 5, bad=0.0),
    }
    rows = []
    for case, bench in cases.items():
        topic = await stand.topic(4, records(bench))
        for quota in (0.0, _QUOTA):
            row = Row(f"{case}, {'200 calls a minute' if quota else 'no quota'}")
            for _ in range(options.runs):
                row.add(**await _once(stand, topic, bench, quota, options))
            rows.append(row)
        await stand.forget(topic)
    return Result("calls", f"{count:,} records; a plain loop makes a call for each change", rows)


async def _once(
    stand: Stand, topic: str, bench: Bench, quota: float, options: Options
) -> dict[str, float]:
    async with stand.target(bench, latency_ms=options.latency_ms, quota=quota) as target:
        settings = stand.environment(topic, bench, target)
        if quota:
            settings |= {"PLANHAT_REQUESTS_PER_MINUTE": f"{quota:g}", "PLANHAT_BURST": "10"}
        async with ServiceProcess(stand.log(), settings) as service:
            assigned = await service.logged("partitions.assigned")
            await stand.until_committed(topic, settings["KAFKA_GROUP_ID"], service)
            report = await target.report()
    calls = sum(report["requests"].values())
    seconds = report["last_at"] - assigned["at"]
    return {
        "calls": calls,
        "profiles": report["profiles"],
        "calls_per_1,000 profiles": calls * _PER_THOUSAND / report["profiles"],
        "answers 429": report["refused"],
        "seconds": seconds,
    }
