"""The demo itself: an embedded Kafka is filled, the real service empties it, the end is judged."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from consumer.app import Service
from consumer.cli.demo import oracle, stage, workload
from consumer.cli.demo.kafka import EmbeddedKafka
from consumer.cli.demo.outcome import Outcome, judge
from consumer.cli.demo.produce import produce
from consumer.cli.demo.watch import Watch, progress
from planhat_client.sandbox import SandboxServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.console import Console
    from rich.progress import Progress

    from consumer.cli.demo.expectation import Expectation
    from consumer.cli.demo.options import Options


async def perform(
    console: Console, options: Options = stage.OPTIONS, *, at_most_seconds: float = 60.0
) -> Outcome:
    """Run it all; the display goes to `console`, logs where they are configured to go.

    The service has `at_most_seconds` to bring everything to its end.
    """
    began = time.monotonic()
    kafka = EmbeddedKafka()
    async with SandboxServer(stage.sandbox_options()) as sandbox:
        with progress(console) as display:
            expected = await _fill(display, kafka, sandbox, options)
            sandbox.faults.add(stage.faults(), time.monotonic())
            service = Service(stage.settings(kafka.bootstrap_servers, sandbox), stage.connector())
            watch = Watch(display, kafka, service, expected.messages)
            wrong = await _serve(watch, service, at_most_seconds)
        counters = sandbox.report()["counters"]
        contents = sandbox.sandbox.contents()
        dead_letters = kafka.dead_letters(stage.DEAD_LETTERS)
        wrong += judge(expected, service.tally, contents, counters, dead_letters)
        stored = {name: len(rows) for name, rows in contents.items()}
        return Outcome(expected, service.tally, stored, time.monotonic() - began, wrong)


async def _fill(
    display: Progress, kafka: EmbeddedKafka, sandbox: SandboxServer, options: Options
) -> Expectation:
    """Bring the records into the topic; returns what they must become."""
    bar = display.add_task("produced", total=options.records, told="")
    for topic in (stage.TOPIC, stage.DEAD_LETTERS):
        kafka.create(topic)
    seeds = workload.seeds(options)
    ids = await stage.seed(sandbox, seeds)
    records = list(workload.generate(options, ids))
    await asyncio.to_thread(
        produce,
        kafka.bootstrap_servers,
        stage.TOPIC,
        records,
        lambda count: display.update(bar, completed=count),
    )
    return oracle.expect(records, seeds)


async def _serve(watch: Watch, service: Service, at_most_seconds: float) -> list[str]:
    """Run the service until all is committed; returns what went wrong with that."""
    async with _running(service) as running:
        try:
            async with asyncio.timeout(at_most_seconds):
                is_complete = await watch.until_committed(running)
        except TimeoutError:
            return [f"not everything was committed after {at_most_seconds:.0f} s"]
    return [] if is_complete else ["the service ended by itself"]


@asynccontextmanager
async def _running(service: Service) -> AsyncIterator[asyncio.Task[None]]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        yield group.create_task(service.run(stop), name="service")
        stop.set()
