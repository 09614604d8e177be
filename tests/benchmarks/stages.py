"""CPU time of each stage by itself: in one process, without Kafka and without HTTP."""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from consumer import log
from consumer.app import Service
from consumer.cli.run import collect_seldom
from consumer.decide.decide import decide
from consumer.decide.message import AccountMessage, Messages, UserMessage
from consumer.decide.parse import parse
from consumer.decide.rules import Rules
from consumer.engine.dispatch import Wait
from consumer.offsets.record import Partition, Record
from consumer.settings import Settings
from planhat_client import protocol
from planhat_client.protocol import Response
from schemas.connector import ConnectorSettings
from schemas.planhat import LeanCompany, Resource
from tests.benchmarks.figures import Result, Row
from tests.benchmarks.target import bulk_answer
from tests.benchmarks.workload import Bench, companies, connector, records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from consumer.lanes.batch import Batch
    from tests.benchmarks.options import Options

_WAVE = 10_000
_PARTITION = Partition("bench", 0)
_ENVIRONMENT = {
    "PLANHAT_ACCESS_TOKEN": "token",
    "PLANHAT_API_URL": "http://127.0.0.1:1",
    "PLANHAT_REQUESTS_PER_MINUTE": "10000000",
    "PLANHAT_BURST": "100000",
}


@dataclass(slots=True)
class _Clock:
    """CPU seconds of this process by stage."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens inside."""
        started = time.process_time()
        yield
        self.spent[name] = self.spent.get(name, 0.0) + time.process_time() - started


def run(options: Options) -> Result:
    """Measure each kind of workload."""
    count = options.size or (20_000 if options.quick else 100_000)
    log.configure("warning")
    collect_seldom()
    rows = []
    for kind in ("users", "accounts", "fan-out"):
        bench = Bench(count, bad=0.0, kind=kind, mapped=options.mapped)
        found = [
            Record(_PARTITION, offset, key, value, (), 1.7e9)
            for offset, (key, value) in enumerate(records(bench))
        ]
        row = Row(kind)
        for _ in range(options.runs):
            row.add(**_measured(bench, found, options.profile))
        rows.append(row)
    about = f"CPU us a message, {count:,} messages of {options.mapped + 5} mapped attributes"
    return Result("stages", about, rows)


def _measured(bench: Bench, found: list[Record], profile: Path | None) -> dict[str, float]:
    clock = _Clock()
    settings = ConnectorSettings.model_validate(connector(bench))
    _parse(found, clock)
    _parse_and_decide(found, Rules.compile(settings), clock)
    profiler = cProfile.Profile() if profile is not None else None
    asyncio.run(_through(bench, settings, found, clock, profiler))
    if profiler is not None and profile is not None:
        pstats.Stats(profiler).dump_stats(profile)
    spent = {name: seconds * 1e6 / len(found) for name, seconds in clock.spent.items()}
    parsed, decided = spent.pop("parse"), spent.pop("decide")
    return {
        "parse": parsed,
        "decide": decided - parsed,
        "plan_and_lane": spent["intake"] - decided,
        "batch": spent["batch"],
        "request_and_answer": spent.get("protocol", 0.0),
        "settle_and_resolve": spent.get("settle", 0.0),
        "all": sum(spent.values()),
    }


def _parse(found: list[Record], clock: _Clock) -> None:
    with clock.stage("parse"):
        for record in found:
            parse(record.value, record.headers)


def _parse_and_decide(found: list[Record], rules: Rules, clock: _Clock) -> None:
    """Both together, as a message that was just parsed lies in the processor's cache."""
    with clock.stage("decide"):
        for record in found:
            parsed = parse(record.value, record.headers)
            if isinstance(parsed, Messages):
                for message in parsed.messages:
                    if isinstance(message, UserMessage | AccountMessage):
                        decide(message, rules)


async def _through(
    bench: Bench,
    settings: ConnectorSettings,
    found: list[Record],
    clock: _Clock,
    profiler: cProfile.Profile | None,
) -> None:
    """Take all records through a service that is joined but not connected, in waves."""
    service = Service(Settings.read(_ENVIRONMENT), settings)
    engine = service.engine
    engine.companies_read(
        [
            LeanCompany(_id=f"company-{n}", externalId=f"a-{n}", name=f"Customer {n}")
            for n in range(companies(bench))
        ],
        0.0,
    )
    engine.assignment.begin({_PARTITION: None})
    offsets = engine.assignment.owned[_PARTITION]
    if profiler is not None:
        profiler.enable()
    for wave in range(0, len(found), _WAVE):
        now = asyncio.get_running_loop().time()
        chunk = found[wave : wave + _WAVE]
        with clock.stage("intake"):
            taken = 0
            while taken < len(chunk):
                taken += engine.take(chunk[taken:], offsets, now)
        _answer_all(service, clock, now)
        with clock.stage("commit"):
            offsets.to_commit()
    if profiler is not None:
        profiler.disable()
    assert offsets.unresolved == 0, "each record must be final"


def _answer_all(service: Service, clock: _Clock, now: float) -> None:
    engine = service.engine
    while True:
        with clock.stage("batch"):
            batch = engine.dispatch.next(now)
        if isinstance(batch, Wait):
            engine.expire(now)
            if engine.dispatch.waiting == 0:
                return
            now += batch.seconds or 0.001
            continue
        with clock.stage("protocol"):
            protocol.upsert("http://127.0.0.1:1", "token", batch.resource, batch.items)
        response = _response(batch)
        with clock.stage("protocol"):
            if batch.resource is Resource.ACTIVITIES:
                answer = protocol.read_activities(response)
            else:
                answer = protocol.read(response)
        with clock.stage("settle"):
            engine.answered(batch, answer, now)
            service.parts.reporter.batch_sent(batch, answer, 0.1)


def _response(batch: Batch) -> Response:
    items = [orjson.loads(item) for item in batch.items]
    return Response(200, {}, orjson.dumps(bulk_answer(items, set())))
