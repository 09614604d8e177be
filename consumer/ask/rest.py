"""How long those who look may rest: a moment while something is in work, longer while nothing is.

Whatever they wait for comes of a record, of an answer, or of a halt. So an idle service need not
look ten times a second.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from consumer.clock import loop_time
from planhat_client.errors import PlanhatThrottled, PlanhatUnauthorized, PlanhatUnavailable

if TYPE_CHECKING:
    from consumer.engine.engine import Engine
    from planhat_client.errors import PlanhatError

IDLE_SECONDS: Final = 2.0
"""Of a rest that nobody ended: directories age, and who reads them may be refused."""


class Rest:
    """The rests of one who looks, `busy_seconds` each while there is work."""

    def __init__(self, engine: Engine, busy_seconds: float) -> None:
        """Nobody rests yet."""
        self._engine = engine
        self._busy_seconds = busy_seconds
        self._ended = asyncio.Event()
        self._is_idle = False

    def end(self) -> None:
        """What is waited for has come."""
        self._ended.set()

    def work_came(self) -> None:
        """There is work: an idle rest is over. It costs next to nothing where there always is."""
        if self._is_idle:
            self._ended.set()

    async def take(self) -> None:
        """Rest until the time is up, or somebody ends it."""
        self._ended.clear()
        self._is_idle = not self._has_work()
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE_SECONDS if self._is_idle else self._busy_seconds):
                await self._ended.wait()
        self._is_idle = False

    def _has_work(self) -> bool:
        engine = self._engine
        has_records = engine.assignment.backlog.records > 0 or len(engine.lookups) > 0
        return has_records or engine.halts.stops_all or not engine.is_open


async def take_call(engine: Engine) -> int:
    """Wait for a call of the quota, and take it; gives its flight, which `tell_gate` wants."""
    while (wait := engine.limiter.wait(loop_time())) > 0:  # noqa: ASYNC110 - time itself is awaited
        await asyncio.sleep(wait)
    return engine.limiter.take(loop_time())


def apply_backpressure(engine: Engine, what: str, flight: int, error: PlanhatError) -> None:
    """What a failed read of `what` means for everybody who sends."""
    tell_gate(engine, flight, error)
    if isinstance(error, PlanhatUnauthorized):
        engine.halts.read_refused(what, error.status, str(error), loop_time())


def tell_gate(engine: Engine, flight: int, error: PlanhatError | None = None) -> None:
    """Say how a call ended."""
    gate = engine.limiter
    if isinstance(error, PlanhatThrottled):
        gate.throttled(loop_time(), error.retry_after, flight)
        return
    gate.landed(flight, works=not isinstance(error, PlanhatUnavailable))
    if isinstance(error, PlanhatUnavailable) and error.retry_after is not None:
        gate.close(loop_time(), error.retry_after)
