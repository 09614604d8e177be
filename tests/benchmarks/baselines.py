"""The same records, the same target, the same core: the service beside other ways."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import Result, Row, say
from tests.benchmarks.processes import Process, ServiceProcess
from tests.benchmarks.workload import Bench, records

if TYPE_CHECKING:
    from tests.benchmarks.options import Options
    from tests.benchmarks.processes import TargetProcess, Usage
    from tests.benchmarks.stand import Stand

_LOOK_SECONDS = 0.1
_STILL_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to do it; `part` of the records is enough for the slow ones."""

    case: str
    start: tuple[str, ...]
    part: float
    cannot: str


_WAYS = (
    _Way("hull-planhat run", (), 1.0, ""),
    _Way(
        "plain aiokafka + aiohttp loop",
        ("plain",),
        0.004,
        "keeps the order and loses nothing; one request at a time, a commit for each record",
    ),
    _Way(
        "gather per poll",
        ("gather",),
        0.2,
        "no order within a poll (overtakes); the slowest request holds all the others; a failure"
        " repeats the whole poll",
    ),
    _Way(
        "FastStream, one at a time",
        ("faststream",),
        0.004,
        "keeps the order; its batch mode hands over a list and leaves merging, partial results"
        " and order to the handler",
    ),
    _Way(
        "FastStream, max_workers=100",
        ("faststream-workers",),
        0.2,
        "no order (overtakes); commits before the work, so a crash loses records",
    ),
)
_PYRALLEL = (
    "pyrallel-consumer (key mode) was not measured: it needs Python 3.12, this is {}.{};"
    " it has key order, but no batches, no merging and no rate limit"
)


async def run(stand: Stand, options: Options) -> Result:
    """Each way with its own number of records, so that the slow ones end; rates are compared."""
    count = options.size or (20_000 if options.quick else 100_000)
    rows: list[Row] = []
    for way in _WAYS:
        if way.start and way.start[0].startswith("faststream") and not find_spec("faststream"):
            rows.append(Row(way.case, note="not installed: make bench installs it"))
            continue
        size = max(200, int(count * way.part))
        for what, bench in (
            ("each user once", Bench(size, users=size, bad=0.0)),
            ("100 hot users", Bench(size, keys=100, bad=0.0)),
        ):
            row = Row(f"{way.case}: {what}", note=way.cannot if bench.keys else "")
            topic = await stand.topic(4, records(bench))
            for _ in range(options.runs):
                row.add(**await _once(stand, topic, bench, way, options))
            await stand.forget(topic)
            rows.append(row)
            say(f"{row.case}: {row.median('messages/s'):,.0f} messages/s")
    _compare(rows)
    rows[0].note = _PYRALLEL.format(*sys.version_info)
    about = (
        f"up to {count:,} records, an event in every third, answers after"
        f" {options.latency_ms:g} ms, no quota; each on one core"
    )
    return Result("baselines", about, rows)


def _compare(rows: list[Row]) -> None:
    ours = {row.case.partition(": ")[2]: row.median("messages/s") for row in rows[:2]}
    for row in rows:
        if row.figures:
            times = ours[row.case.partition(": ")[2]] / row.median("messages/s")
            row.add(**{"service is faster by": times})


async def _once(
    stand: Stand, topic: str, bench: Bench, way: _Way, options: Options
) -> dict[str, float]:
    jitter = options.latency_ms if bench.keys else 0.0
    async with stand.target(
        bench, latency_ms=options.latency_ms - jitter / 2, jitter_ms=jitter
    ) as target:
        settings = stand.environment(topic, bench, target)
        measure = _rival if way.start else _service
        before, after, begun = await measure(stand, topic, bench, way, target, settings)
        report = await target.report()
    seconds = report["last_at"] - (begun or report["first_at"])
    calls = sum(report["requests"].values())
    return {
        "messages_per_s": bench.records / seconds,
        "CPU us_per_message": (after.cpu - before.cpu) * 1e6 / bench.records,
        "calls_per_1,000 messages": calls * 1000 / bench.records,
        "overtakes": report["overtakes"],
        "overlaps": report["overlaps"],
    }


async def _service(
    stand: Stand,
    topic: str,
    _bench: Bench,
    _way: _Way,
    _target: TargetProcess,
    settings: dict[str, str],
) -> tuple[Usage, Usage, float]:
    """Begin to count when it has its partitions: it gathers before its first request."""
    async with ServiceProcess(stand.log(), settings) as service:
        assigned = await service.logged("partitions.assigned")
        before = service.usage
        await stand.until_committed(topic, settings["KAFKA_GROUP_ID"], service)
        return before, service.usage, assigned["at"]


async def _rival(
    stand: Stand,
    _topic: str,
    bench: Bench,
    way: _Way,
    target: TargetProcess,
    settings: dict[str, str],
) -> tuple[Usage, Usage, float]:
    """Begin to count at the first request, which follows the first record at once."""
    start = ("-P", "-m", "tests.benchmarks.rivals", *way.start)
    async with Process(stand.log(), settings, *start) as process:
        await _until_first(target, process)
        before = process.usage
        await _until_all(target, bench, process)
        return before, process.usage, 0.0


async def _until_first(target: TargetProcess, process: Process) -> None:
    async with asyncio.timeout(60):
        while not (await target.report())["first_at"]:
            process.check()
            await asyncio.sleep(_LOOK_SECONDS / 10)


async def _until_all(target: TargetProcess, bench: Bench, process: Process) -> None:
    """Wait until each record has become a request; some commit before they work."""
    moved_at, seen = time.monotonic(), -1
    while time.monotonic() - moved_at < _STILL_SECONDS:
        found: dict[str, Any] = await target.report()
        if (now := found["items"].get("endusers", 0)) != seen:
            moved_at, seen = time.monotonic(), now
        if seen >= bench.records and found["items"].get("activities", 0) >= bench.records // 3:
            return
        process.check()
        await asyncio.sleep(_LOOK_SECONDS)
