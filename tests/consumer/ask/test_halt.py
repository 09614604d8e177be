"""The watch asks Planhat, ends what is over, and says what is halted."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from consumer.ask.halt import HaltWatch
from consumer.offsets.record import Partition, Record
from consumer.offsets.ticket import Ticket
from planhat_client.errors import PlanhatError, PlanhatUnauthorized, PlanhatUnavailable
from planhat_client.limiter import Limiter
from planhat_client.protocol import Halt
from schemas.planhat import Resource
from tests.consumer.joined import joined
from tests.consumer.virtual_time import in_no_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

P0 = Partition("events", 0)
FORBIDDEN = Halt("403 Forbidden", 403, told="403 Forbidden")


class Bench:
    """A watch beside some halts, and a Planhat that answers in turn."""

    def __init__(self, *answers: PlanhatError | None) -> None:
        self.answers = list(answers)
        self.probes = 0
        self.woken = 0
        self.gate = Limiter(6000, 6000)
        self.engine = joined(limiter=self.gate)
        self.halts = self.engine.halts
        self.watch = HaltWatch(self.engine, self, self._wake)

    async def probe(self) -> None:
        self.probes += 1
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer

    def refuse(self, resource: Resource, number: int, *, is_alone: bool = False) -> None:
        lane = self.halts.lanes[resource]
        lane.refused("403 Forbidden", number, number, 0.0, is_alone=is_alone)

    def _wake(self) -> None:
        self.woken += 1


@asynccontextmanager
async def watching(bench: Bench) -> AsyncIterator[None]:
    work = asyncio.create_task(bench.watch.run())
    try:
        yield
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is awaited is no event
            await asyncio.sleep(0.01)


async def test_a_resource_that_is_refused_is_asked_about_at_once_and_goes_on() -> None:
    bench = Bench(None)
    bench.refuse(Resource.LICENSES, 1)

    async with watching(bench):
        await until(lambda: bench.woken > 0)

    assert bench.probes == 1
    assert not bench.halts.lanes[Resource.LICENSES].asks
    assert not bench.halts.stops_all
    assert bench.gate.used_ratio(asyncio.get_running_loop().time()) > 0


async def test_reads_that_are_refused_too_halt_the_service_and_say_so_once() -> None:
    bench = Bench(PlanhatUnauthorized("403 Forbidden", 403))
    bench.refuse(Resource.LICENSES, 1)

    with capture_logs() as logs:
        async with watching(bench):
            await until(lambda: bool(logs))

    assert [halted.kind for halted in bench.halts.service.values()] == ["unauthorized"]
    assert [line["event"] for line in logs] == ["planhat.unauthorized"]


async def test_a_probe_that_is_not_answered_proves_nothing() -> None:
    bench = Bench(PlanhatUnavailable("503"))
    bench.refuse(Resource.LICENSES, 1)

    with capture_logs() as logs:
        async with watching(bench):
            await until(lambda: bool(logs))

    assert [line["event"] for line in logs] == ["planhat.not_probed"]
    assert bench.halts.lanes[Resource.LICENSES].asks
    assert not bench.halts.stops_all


async def test_a_refused_resource_is_named_and_so_is_its_end() -> None:
    bench = Bench()
    for number in (1, 2, 3):
        bench.refuse(Resource.LICENSES, number, is_alone=True)

    with capture_logs() as logs:
        async with watching(bench):
            await until(lambda: bool(logs))
            bench.halts.lanes[Resource.LICENSES].worked(4)
            await until(lambda: len(logs) > 1)

    assert logs == [
        {
            "event": "planhat.resource_refused",
            "log_level": "error",
            "resource": "licenses",
            "reason": "403 Forbidden",
        },
        {"event": "planhat.recovered", "log_level": "info", "resource": "licenses"},
    ]


async def test_a_mass_reject_is_told_and_nobody_asks_planhat() -> None:
    bench = Bench()
    bench.halts.begin("too many rejected", "too many messages are rejected", 0.0)

    with capture_logs() as logs:
        async with watching(bench):
            await until(lambda: bool(logs))

    assert [line["event"] for line in logs] == ["service.halted"]
    assert bench.probes == 0


async def test_a_long_wait_is_told_once_with_its_end() -> None:
    bench = Bench()
    now = asyncio.get_running_loop().time()
    bench.gate.throttled(now, 3600.0)

    with capture_logs() as logs:
        async with watching(bench):
            await until(lambda: bool(logs))
            await asyncio.sleep(0.3)  # it looks three times more

    (line,) = logs
    assert (line["event"], line["log_level"]) == ("planhat.asked_to_wait", "warning")
    assert line["reason"].startswith("Planhat asked us to wait until 20")
    assert line["reason"].endswith(" UTC")
    assert 3590 <= line["seconds"] <= 3600


def test_that_sending_is_held_is_told_once_a_minute_and_only_if_something_waits() -> None:
    async def told() -> list[int]:
        bench = Bench()
        assignment = bench.engine.assignment
        assignment.begin({P0: (10, "hp1:250;")})
        offsets, backlog = assignment.owned[P0], assignment.backlog
        counts: list[int] = []
        with capture_logs() as logs:
            async with watching(bench):
                for seconds in (100.0, 0.5, 59.0, 1.0, 59.0):
                    await asyncio.sleep(seconds)
                    counts.append(sum(one["event"] == "sending.held" for one in logs))
                    if not backlog.records:
                        offsets.track(10)
                        Ticket(Record(P0, 10, None, b""), offsets, backlog)
        assert {one["waiting"] for one in logs} == {1}
        return counts

    assert in_no_time(told()) == [0, 1, 1, 2, 2]
