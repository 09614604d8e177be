"""Calls to Planhat within a budget, at the pace that the quota allows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from consumer.clock import loop_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from planhat_client.heard import Heard
    from planhat_client.limiter import Limiter

_LONGEST_WAIT_SECONDS: Final = 30.0
_TOO_MANY: Final = 429
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
        if answer is not None and answer.status == _TOO_MANY:
            self._limiter.throttled(loop_time(), answer.retry_after)
            answer = await self._once(send)
            if answer is not None and answer.status == _TOO_MANY:
                self.stopped = "Planhat answers 429, its quota is used up: try again in a minute"
        return answer

    async def _once(self, send: Callable[[], Awaitable[Heard]]) -> Heard | None:
        if not self.stopped and self.made >= self._most:
            self.stopped = f"all {self._most} calls are used"
        wait = self._limiter.wait(loop_time())
        if not self.stopped and wait > _LONGEST_WAIT_SECONDS:
            self.stopped = f"the quota is used up for {wait:.0f} s: try again then"
        if self.stopped:
            return None
        await asyncio.sleep(wait)
        self._limiter.take(loop_time())
        self.made += 1
        answer = await send()
        if answer.quota is not None and answer.quota.closed_seconds > 0:
            self._limiter.close(loop_time(), answer.quota.closed_seconds)
        self._silent = self._silent + 1 if answer.status is None else 0
        if self._silent >= _SILENCES:
            self.stopped = f"Planhat does not answer ({answer.reason})"
        return answer
