"""Calls to Planhat within a budget, at the pace that the quota allows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from consumer.clock import loop_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from planhat_client.answers.heard import Heard
    from planhat_client.limiter import Limiter

_LONGEST_WAIT_SECONDS: Final = 30.0
TOO_MANY: Final = 429
SERVERS_FAULT: Final = 500
_SILENCES: Final = 2
"""Calls without an answer, one after the other, after which nothing more is asked."""


class Calls:
    """Asks; once something forbids it, not any more: `stopped` says why."""

    def __init__(self, limiter: Limiter, most: int) -> None:
        """`most` calls, those included that are refused for their number."""
        self._limiter = limiter
        self._most = most
        self._silent = 0
        self.made = 0
        self.stopped = ""

    async def ask(self, send: Callable[[], Awaitable[Heard]]) -> Heard | None:
        """Ask, once more after a 429; None if there was no asking any more."""
        answer = await self._once(send)
        if answer is not None and answer.status == TOO_MANY:
            answer = await self._once(send)
            if answer is not None and answer.status == TOO_MANY:
                self.stopped = "Planhat answers 429, its quota is used up: try again in a minute"
        return answer

    async def _once(self, send: Callable[[], Awaitable[Heard]]) -> Heard | None:
        if not self.stopped and self.made >= self._most:
            self.stopped = f"all {self._most} calls are used"
        while not self.stopped and (wait := self._limiter.wait(loop_time())) > 0:
            if wait > _LONGEST_WAIT_SECONDS:
                self.stopped = f"the quota is used up for {wait:.0f} s: try again then"
            else:
                await asyncio.sleep(wait)
        if self.stopped:
            return None
        flight = self._limiter.take(loop_time())
        self.made += 1
        answer = await send()
        self._landed(answer, flight)
        self._silent = self._silent + 1 if answer.status is None else 0
        if self._silent >= _SILENCES:
            self.stopped = f"Planhat does not answer ({answer.reason})"
        return answer

    def _landed(self, answer: Heard, flight: int) -> None:
        now = loop_time()
        if answer.status == TOO_MANY:
            self._limiter.throttled(now, answer.retry_after, flight)
            return
        works = answer.status is not None and answer.status < SERVERS_FAULT
        self._limiter.landed(flight, works=works)
        if answer.quota is not None and answer.quota.closed_seconds > 0:
            self._limiter.close(now, answer.quota.closed_seconds)
