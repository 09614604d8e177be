"""Calls to Planhat within the quota, tried again while that may help."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from consumer.cli.terminal import say
from consumer.clock import loop_time
from planhat_client.errors import PlanhatError, PlanhatThrottled, PlanhatUnavailable
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from planhat_client.limiter import Limiter

Answer = TypeVar("Answer")

_TRIES: Final = 6
_LONGEST_WAIT_SECONDS: Final = 120.0
_TOLD_SECONDS: Final = 5.0
"""A wait that is worth a line."""


class Stopped(Exception):
    """A signal came: nothing more is begun."""


class Calls:
    """One after the other; `made` counts those that went."""

    def __init__(self, limiter: Limiter, stop: asyncio.Event) -> None:
        """Once `stop` is set, whoever asks or rests hears Stopped."""
        self._limiter = limiter
        self._stop = stop
        self.made = 0

    async def ask(self, send: Callable[[], Awaitable[Answer]]) -> Answer:
        """Send, up to six times while Planhat is not to be had; raises PlanhatError and Stopped."""
        for attempt in range(1, _TRIES):
            try:
                return await self._once(send)
            except PlanhatThrottled as error:
                say([f"hull-planhat: Planhat says {error}: waits, and asks more slowly"])
            except PlanhatUnavailable as error:
                say([f"hull-planhat: Planhat: {error}: tries again ({attempt})"])
                await self.rest(min(error.retry_after or backoff(attempt, 0.9), 30.0))
        return await self._once(send)

    async def rest(self, seconds: float) -> None:
        """Wait, unless a signal comes; raises Stopped."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        self._look()

    async def _once(self, send: Callable[[], Awaitable[Answer]]) -> Answer:
        self._look()
        while (wait := self._limiter.wait(loop_time())) > 0:
            if wait > _LONGEST_WAIT_SECONDS:
                raise PlanhatUnavailable(f"wants no call for {wait:.0f} s: run it again then")
            if wait > _TOLD_SECONDS:
                say([f"hull-planhat: waits {wait:.0f} s for the quota"])
            await self.rest(wait)
        flight = self._limiter.take(loop_time())
        self.made += 1
        try:
            answer = await send()
        except PlanhatThrottled as error:
            self._limiter.throttled(loop_time(), error.retry_after, flight)
            raise
        except PlanhatError as error:
            works = not isinstance(error, PlanhatUnavailable)
            self._limiter.landed(flight, works=works)
            raise
        self._limiter.landed(flight, works=True)
        return answer

    def _look(self) -> None:
        if self._stop.is_set():
            raise Stopped


async def until(stop: asyncio.Event, work: Coroutine[Any, Any, Answer]) -> Answer:
    """Do something that may take long, and is given up when `stop` is set: Stopped then."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Stopped
        return working.result()
    finally:
        for task in (working, stopped):
            task.cancel()
        await asyncio.gather(working, stopped, return_exceptions=True)
