"""A read may be the one call that goes after a 429; however it ends, the gate hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from consumer.clock import loop_time
from planhat_client.errors import (
    PlanhatError,
    PlanhatRejected,
    PlanhatUnauthorized,
    PlanhatUnavailable,
)
from tests.consumer.ask.test_directories import CUSTOM
from tests.consumer.ask.test_directories import Desk as Directories
from tests.consumer.ask.test_endusers import Desk as Endusers
from tests.consumer.ask.test_halt import Bench as Halt
from tests.consumer.ask.test_halt import until, watching
from tests.consumer.virtual_time import in_no_time

if TYPE_CHECKING:
    from planhat_client.limiter import Limiter


def is_open(gate: Limiter) -> bool:
    """Whether nobody waits for an answer: a second later the pace alone would let a call go."""
    return gate.wait(loop_time() + 1.0) == 0.0


@pytest.mark.parametrize("trouble", [None, PlanhatRejected("400"), PlanhatUnavailable("503")])
async def test_a_read_of_a_directory_tells_the_gate(trouble: PlanhatError | None) -> None:
    desk = Directories(*([] if trouble is None else [trouble]))
    desk.gate.throttled(loop_time(), 0.0)

    await desk.read(lambda: desk.companies.is_loaded)

    assert is_open(desk.gate)


def test_a_read_of_the_fields_that_is_given_up_tells_the_gate() -> None:
    async def in_flight() -> int:
        desk = Directories(settings=CUSTOM)
        desk.api.is_slow = True
        await desk.read(lambda: desk.companies.is_loaded and desk.engine.tenant.is_settled)
        return desk.gate._flying

    assert in_no_time(in_flight()) == 0


@pytest.mark.parametrize("answer", ["5e" + "0" * 22, None, PlanhatRejected("400")])
async def test_a_lookup_tells_the_gate(answer: str | PlanhatError | None) -> None:
    desk = Endusers(answer)
    desk.move(1)
    desk.gate.throttled(loop_time(), 0.0)

    await desk.read()

    assert is_open(desk.gate)


@pytest.mark.parametrize(
    "answer", [None, PlanhatUnauthorized("401", 401), PlanhatUnavailable("503")]
)
async def test_a_question_whether_we_are_let_in_tells_the_gate(answer: PlanhatError | None) -> None:
    bench = Halt(answer)
    bench.halts.ask()
    bench.gate.throttled(loop_time(), 0.0)

    async with watching(bench):
        await until(lambda: bench.probes > 0)

    assert is_open(bench.gate)
