"""What the console costs: the same backlog without it, with it, and with it asked each second."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import TYPE_CHECKING

import aiohttp

from tests.benchmarks.figures import Result, Row, say
from tests.benchmarks.processes import ServiceProcess
from tests.benchmarks.throughput import figures
from tests.benchmarks.workload import Bench, records

if TYPE_CHECKING:
    from tests.benchmarks.options import Options
    from tests.benchmarks.stand import Stand

_PARTITIONS = 4
_PATHS = ("api/state", "api/outcomes")
_CPU = "CPU us_per_message"
_SEARCH = "api/outcomes?query=user-1"


async def run(stand: Stand, options: Options) -> Result:
    """Measure the three in turn, so that what changes on the machine meets all of them.

    What is compared is CPU time, as others may use the machine, and that within a round: the cell
    shows the median of the rounds and how far they lie apart. Each second round goes backwards.
    """
    count = options.size or (50_000 if options.quick else 200_000)
    bench = Bench(count, users=count, bad=0.0, mapped=options.mapped)
    topic = await stand.topic(_PARTITIONS, records(bench))
    rows = {name: Row(name) for name in ("without", "not asked", "asked each second")}
    for turn in range(options.runs):
        found = {
            name: await _once(stand, topic, bench, options, name)
            for name in (reversed(rows) if turn % 2 else rows)
        }
        for name, row in rows.items():
            over = 100 * (found[name][_CPU] / found["without"][_CPU] - 1)
            row.add(**found[name], **{"CPU over without %": over})
            say(f"console {name}: {found[name][_CPU]:.1f} us of CPU a message, {over:+.1f} %")
    await stand.forget(topic)
    about = f"{count:,} records; asked {', '.join(_PATHS)} each second, and {_SEARCH} each fifth"
    return Result("console_overhead", about, list(rows.values()))


async def _once(
    stand: Stand, topic: str, bench: Bench, options: Options, name: str
) -> dict[str, float]:
    async with stand.target(bench, latency_ms=options.latency_ms) as target:
        settings = stand.environment(topic, bench, target)
        settings["HTTP_CONSOLE"] = "false" if name == "without" else "true"
        async with ServiceProcess(stand.log(), settings) as service:
            assigned = await service.logged("partitions.assigned")
            before = service.usage
            asking = asyncio.create_task(_ask(service.port, is_asked=name.startswith("asked")))
            committed_at = await stand.until_committed(topic, settings["KAFKA_GROUP_ID"], service)
            asking.cancel()
            after = service.usage
            report = await target.report()
    seconds = (report["last_at"] or committed_at) - assigned["at"]
    return figures(bench.records, seconds, before, after, report)


async def _ask(port: int, *, is_asked: bool) -> None:
    """Ask what an open page with a search asks, and that more often than it does."""
    async with aiohttp.ClientSession() as session:
        for second in itertools.count() if is_asked else ():
            for path in (*_PATHS, *([] if second % 5 else [_SEARCH])):
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"http://127.0.0.1:{port}/{path}") as response:
                        await response.read()
            await asyncio.sleep(1.0)
