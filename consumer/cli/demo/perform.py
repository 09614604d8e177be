"""The demo itself: an embedded Kafka is filled, the real service empties it, the end is judged."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
from rich.progress import BarColumn, Progress, TextColumn

from consumer.app import Service
from consumer.cli.demo.kafka import EmbeddedKafka
from consumer.cli.demo.ledger import Ledger, differences
from consumer.cli.demo.vocabulary import OWNER, TENANT, TOKEN, connector_settings
from consumer.cli.demo.workload import Options, Stream
from consumer.settings import Settings
from consumer.watch.report import Tally
from planhat_client.client import Endpoints, Planhat
from planhat_client.sandbox import (
    Fault,
    LatencyOptions,
    QuotaOptions,
    SandboxOptions,
    SandboxServer,
)
from planhat_client.transport import Transport
from schemas.connector import ConnectorSettings
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rich.console import Console

TOPIC: Final = "hull.events"
DEAD_LETTERS: Final = "hull.planhat.dead-letters"
GROUP: Final = "hull-planhat-demo"

_LOOK_SECONDS: Final = 0.2
_COLUMNS: Final = (
    TextColumn("{task.description:<9}"),
    BarColumn(bar_width=16),
    TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
    TextColumn("{task.fields[told]}"),
)
_SANDBOX: Final = SandboxOptions(
    tokens=(TOKEN,),
    tenant=TENANT,
    users=(dict(OWNER),),
    quota=QuotaOptions(calls_per_window=600),
    latency=LatencyOptions(
        fixed_seconds=0.03, per_item_seconds=0.000_1, jitter_seconds=0.02, seed=1
    ),
)
"""Planhat as usual, but for a quota that fits into a minute."""

_FAULTS: Final = (
    Fault("status", resource="endusers", method="PUT", status=429, retry_after=1.0, count=1),
    Fault("status", resource="licenses", status=503, count=1),
    Fault("reset_after_write", resource="companies", count=1),
    Fault("reset_after_write", resource="endusers", method="PUT", count=1),
    Fault("partial", resource="licenses", shape="item", share=0.05, count=1),
)
"""What goes wrong on purpose: too many requests, a bad moment, answers that are lost."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a person wants to know of a run. `stored` counts what Planhat holds, by model."""

    ledger: Ledger
    tally: Tally
    stored: dict[str, int]
    seconds: float
    wrong: list[str]


async def perform(console: Console, options: Options, *, at_most_seconds: float = 60.0) -> Outcome:
    """Run it all, the service for at most so long; the display goes to `console`."""
    began = time.monotonic()
    kafka, stream = EmbeddedKafka(TOPIC, DEAD_LETTERS), Stream(options)
    await asyncio.to_thread(kafka.produce, TOPIC, stream.records())
    async with SandboxServer(_SANDBOX) as sandbox:
        await _seed(sandbox, stream.seeds())
        sandbox.faults.add(_FAULTS, time.monotonic())
        # Read as a customer's file would be.
        document = json.dumps(connector_settings())
        connector = ConnectorSettings.from_text(document, "the demo's settings")
        service = Service(_settings(kafka.bootstrap_servers, sandbox), connector)
        with Progress(*_COLUMNS, console=console) as display:
            are_full = _bars(display, kafka, service, stream.ledger.endings.total())
            wrong = await _serve(service, are_full, at_most_seconds)
        contents = sandbox.contents()
        letters = kafka.dead_letters(DEAD_LETTERS)
        wrong += differences(stream.ledger, service.tally, contents, letters)
        counters = sandbox.report()["counters"]  # of changes sent beside, or before, older ones
        disorder = [name for name in ("overtakes", "overlaps") if counters[name]]
        wrong += [f"the sandbox counted {counters[name]} {name}" for name in disorder]
    stored = {name: len(rows) for name, rows in contents.items()}
    return Outcome(stream.ledger, service.tally, stored, time.monotonic() - began, wrong)


def _settings(bootstrap_servers: str, sandbox: SandboxServer) -> Settings:
    return Settings.read(
        {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
            "KAFKA_TOPICS": TOPIC,
            "KAFKA_GROUP_ID": GROUP,
            "KAFKA_DEAD_LETTER_TOPIC": DEAD_LETTERS,
            "PLANHAT_API_URL": sandbox.url,
            "PLANHAT_ANALYTICS_URL": sandbox.analytics_url,
            "PLANHAT_REQUESTS_PER_MINUTE": "600",
            "PLANHAT_BURST": "30",
            "COMPANY_WAIT_SECONDS": "2",
            "SHUTDOWN_DRAIN_SECONDS": "10",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": "0",
        }
    )


async def _seed(sandbox: SandboxServer, companies: list[dict[str, Any]]) -> None:
    endpoints = Endpoints(sandbox.url, sandbox.analytics_url, TENANT)
    planhat = Planhat(Transport(10.0, 1), endpoints, lambda: TOKEN)
    try:
        await planhat.upsert(Resource.COMPANIES, [orjson.dumps(each) for each in companies])
    finally:
        await planhat.close()


async def _serve(
    service: Service, are_full: Callable[[], Awaitable[bool]], at_most_seconds: float
) -> list[str]:
    """Run the service until all is committed; return what went wrong with that."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(service.run(stop), name="service")
        try:
            async with asyncio.timeout(at_most_seconds):
                while not (running.done() or await are_full()):  # noqa: ASYNC110 - far away
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            return [f"not everything was committed after {at_most_seconds:.0f} s"]
        finally:
            stop.set()
        return ["the service ended by itself"] if running.done() else []


def _bars(
    display: Progress, kafka: EmbeddedKafka, service: Service, messages: int
) -> Callable[[], Awaitable[bool]]:
    """Show what is final and what is committed; the result moves on, True if all is committed."""
    ends = kafka.ends(TOPIC)
    handled = display.add_task("handled", total=messages, told="")
    done = display.add_task("committed", total=sum(ends.values()), told="")

    async def are_full() -> bool:
        committed = await asyncio.to_thread(kafka.committed, TOPIC, GROUP)
        tally, waiting = service.tally, service.engine.dispatch.waiting
        told = f"{tally.requests.total()} requests, {waiting:,} changes waiting"
        display.update(handled, completed=tally.messages.total(), told=told)
        display.update(done, completed=sum(max(0, offset) for offset in committed.values()))
        return committed == ends

    return are_full
