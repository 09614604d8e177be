"""The workload of Parallel Consumer's README: 10,000 records, 0-5 ms of work, 100 at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.figures import Result, Row
from tests.benchmarks.processes import ServiceProcess
from tests.benchmarks.workload import Bench, records

if TYPE_CHECKING:
    from tests.benchmarks.options import Options
    from tests.benchmarks.stand import Stand

_KEYS = (1, 20, 1000)
_AT_ONCE = 100


async def run(stand: Stand, options: Options) -> Result:
    """As its README has it, a request for each record; and as the service does it by itself."""
    count = options.size or (2000 if options.quick else 10_000)
    rows = []
    for keys in _KEYS:
        bench = Bench(count, keys=keys, events=False, bad=0.0)
        topic = await stand.topic(1, records(bench))
        for case, start in (
            ("a request for each record", ("-P", "-m", "tests.benchmarks.each", str(_AT_ONCE))),
            ("merged, one profile a request", ()),
        ):
            row = Row(f"{keys:,} keys, {case}")
            for _ in range(options.runs):
                row.add(**await _once(stand, topic, bench, start, options))
            rows.append(row)
        await stand.forget(topic)
    about = (
        f"{count:,} records, 1 partition, answers after 0-5 ms, {_AT_ONCE} at once, batch size 1"
        f"{options.on_what};"
        " Parallel Consumer's README tells 2.24 s for 20 keys and 2.06 s for 1,000"
    )
    return Result("keyorder", about, rows)


async def _once(
    stand: Stand, topic: str, bench: Bench, start: tuple[str, ...], options: Options
) -> dict[str, float]:
    async with stand.target(bench, latency_ms=0, jitter_ms=5) as target:
        settings = stand.environment(topic, bench, target) | {
            "PLANHAT_BATCH_SIZE": "1",
            "PLANHAT_MAX_CONCURRENT_REQUESTS": str(_AT_ONCE),
            "PLANHAT_LANE_CONCURRENCY": "50",
            "PLANHAT_SKIP_UNCHANGED": "false",
            "UVLOOP": str(options.uvloop).lower(),
        }
        async with ServiceProcess(stand.log(), settings, *start) as service:
            assigned = await service.logged("partitions.assigned")
            before = service.usage
            await stand.until_committed(topic, settings["KAFKA_GROUP_ID"], service)
            cpu = service.usage.cpu - before.cpu
            report = await target.report()
    requests = sum(report["requests"].values())
    seconds = report["last_at"] - assigned["at"]
    return {
        "seconds": seconds,
        "requests": requests,
        "requests_per_s": requests / seconds,
        "CPU us_per_request": cpu * 1e6 / requests,
        "overtakes": report["overtakes"],
        "overlaps": report["overlaps"],
    }
