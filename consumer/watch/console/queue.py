"""One at a time; a few wait for a moment, and who comes then is told that it is busy."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MOST_WAITING: Final = 8
MOST_SECONDS: Final = 5.0


class Busy(Exception):
    """Others are asking: try again in a moment."""


class Queue:
    """Lets those that ask in, one after the other."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for our turn, and have it; raises Busy."""
        if self._waiting >= MOST_WAITING:
            raise Busy
        self._waiting += 1
        try:
            async with asyncio.timeout(MOST_SECONDS):
                await self._lock.acquire()
        except TimeoutError:
            raise Busy from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._lock.release()
