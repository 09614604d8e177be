"""From append to answer while there is little to do: what the service adds to Planhat's time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import orjson
from aiokafka import AIOKafkaProducer

from tests.benchmarks.figures import Result, Row, percentile
from tests.benchmarks.processes import ServiceProcess
from tests.benchmarks.workload import Bench, user_message

if TYPE_CHECKING:
    from tests.benchmarks.options import Options
    from tests.benchmarks.processes import TargetProcess
    from tests.benchmarks.stand import Stand

_RATES = (1, 100, 1000)
_USERS = 50_000
_MILLISECONDS = 1000


async def run(stand: Stand, options: Options) -> Result:
    """Produce at each rate for a while; every record carries the moment at which it was sent."""
    seconds = options.size or (5 if options.quick else 20)
    bench = Bench(0, users=_USERS, events=False)
    rows = [Row(f"{rate:,} messages/s") for rate in _RATES]
    topic = await stand.topic(4)
    async with stand.target(bench, latency_ms=options.latency_ms) as target:
        settings = stand.environment(topic, bench, target)
        async with ServiceProcess(stand.log(), settings) as service:
            await service.logged("partitions.assigned")
            for row, rate in zip(rows, _RATES, strict=True):
                for _ in range(options.runs):
                    row.add(**await _at(stand, target, topic, rate, seconds, options))
    await stand.forget(topic)
    about = f"append to answer, answers take {options.latency_ms:g} ms, {seconds} s at each rate"
    return Result("latency", about, rows)


async def _at(
    stand: Stand, target: TargetProcess, topic: str, rate: int, seconds: int, options: Options
) -> dict[str, float]:
    await target.reset()
    expected = await produce(stand, topic, rate, seconds)
    async with asyncio.timeout(60):
        while (report := await target.report())["items"].get("endusers", 0) < expected:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.2)
    delays = [(delay * _MILLISECONDS) - options.latency_ms for delay in report["delays"]]
    return {
        "median ms over the API's": percentile(delays, 0.5),
        "p99 ms over the API's": percentile(delays, 0.99),
        "worst": max(delays),
        "calls_per_s": sum(report["requests"].values()) / seconds,
    }


async def produce(stand: Stand, topic: str, rate: float, seconds: int) -> int:
    """Send evenly; a user that comes again has changed, so that it counts as one more item.

    Returns how many were sent.
    """
    count = int(rate * seconds)
    bench = Bench(0, users=_USERS, events=False)
    async with AIOKafkaProducer(
        bootstrap_servers=stand.kafka.bootstrap_servers, acks=1, linger_ms=0
    ) as producer:
        begun = asyncio.get_running_loop().time()
        sent = []
        for number in range(count):
            pause = begun + number / rate - asyncio.get_running_loop().time()
            if pause > 0:
                await asyncio.sleep(pause)
            user = number % _USERS
            message = user_message(bench, number, user, time.time())
            key = message["user"]["id"].encode()
            sent.append(await producer.send(topic, orjson.dumps(message), key))
        await asyncio.gather(*sent)
    return count
