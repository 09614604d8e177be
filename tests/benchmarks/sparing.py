"""How much of the quota is used while nothing is late, how late it gets; 429 with 400 in flight."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.benchmarks.figures import Result, Row, percentile, say
from tests.benchmarks.latency import produce
from tests.benchmarks.processes import ServiceProcess
from tests.benchmarks.workload import Bench, records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.options import Options
    from tests.benchmarks.stand import Stand

_USERS = 50_000
_QUOTA = {"PLANHAT_REQUESTS_PER_MINUTE": "200", "PLANHAT_BURST": "10"}
_RATE = 60.0
_IDLE_RATE = 0.5
_IN_TIME_SECONDS = 6.0
_WINDOW_SECONDS = 60.0
_IN_FLIGHT = 400
_REFUSED_SECONDS = 3.0


async def run(stand: Stand, options: Options) -> Result:
    """Ten minutes at 60 messages a second, the same without sparing, and with little to do."""
    seconds = options.size or (60 if options.quick else 600)
    short = min(seconds, 120)
    whole = {"PLANHAT_QUOTA_SHARE": "1"}
    rows = [
        await _steady(stand, options, f"{_RATE:g} messages/s", _RATE, seconds, {}),
        await _steady(stand, options, f"{_RATE:g} messages/s, nothing spared", _RATE, short, whole),
        await _steady(stand, options, "a message every 2 s", _IDLE_RATE, short, {}),
        await _steady(stand, options, "the same, nothing spared", _IDLE_RATE, short, whole),
    ]
    for case, after in (("when they start", 0), ("in mid-flight", 3_000)):
        row = Row(f"429 for {_REFUSED_SECONDS:g} s, {_IN_FLIGHT} in flight, {case}")
        row.add(**await _refused(stand, options, after))
        rows.append(row)
    about = f"200 calls a minute, answers after {options.latency_ms:g} ms; {seconds} s"
    return Result("sparing", about, rows)


async def _steady(
    stand: Stand, options: Options, case: str, rate: float, seconds: int, more: dict[str, str]
) -> Row:
    bench, row = Bench(0, users=_USERS, events=False), Row(case)
    topic = await stand.topic(4)
    async with stand.target(bench, latency_ms=options.latency_ms, quota=200) as target:
        settings = stand.environment(topic, bench, target) | _QUOTA | more
        async with ServiceProcess(stand.log(), settings) as service:
            await service.logged("partitions.assigned")
            expected = await produce(stand, topic, rate, seconds)
            async with asyncio.timeout(120):
                while (report := await target.report())["items"].get("endusers", 0) < expected:  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.2)
    await stand.forget(topic)
    delays, calls = report["delays"], report["calls"]
    own = [delay * 1000 - options.latency_ms for delay in delays]
    row.add(
        **{
            "most calls in 60 s": _most(calls),
            "items_per_call": expected / len(calls),
            "% within 6 s": 100 * sum(one <= _IN_TIME_SECONDS for one in delays) / len(delays),
            "median ms over the API's": percentile(own, 0.5),
            "p95 ms over the API's": percentile(own, 0.95),
            "worst": max(own),
            "answers 429": report["refused"],
        }
    )
    say(f"{case}: {row.figures}")
    return row


def _most(calls: Sequence[float]) -> int:
    most = first = 0
    for last, at in enumerate(calls):
        while calls[first] <= at - _WINDOW_SECONDS:
            first += 1
        most = max(most, last - first + 1)
    return most


async def _refused(stand: Stand, options: Options, after: int) -> dict[str, float]:
    """Activities one by one: their host has no quota, so nothing but the gate holds them back."""
    count = 20_000
    bench = Bench(count, users=count, bad=0.0)
    topic = await stand.topic(4, records(bench))
    refused = {"refused_after": after, "refused_seconds": _REFUSED_SECONDS}
    async with stand.target(bench, latency_ms=options.latency_ms, **refused) as target:
        settings = stand.environment(topic, bench, target) | {
            "PLANHAT_ACTIVITIES": "single",
            "PLANHAT_MAX_CONCURRENT_REQUESTS": str(_IN_FLIGHT),
            "LOG_LEVEL": "error",
        }
        async with ServiceProcess(stand.log(), settings) as service:
            await stand.until_committed(topic, settings["KAFKA_GROUP_ID"], service)
            report = await target.report()
    await stand.forget(topic)
    return {
        "answers 429": report["refused"],
        "of them after those in flight": report["refused_later"],
    }
