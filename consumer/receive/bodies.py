"""The bodies of posts: read within a time, and within what all of them together may take."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from consumer.receive.refused import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiohttp import web

_SECONDS: Final = 10.0


class Bodies:
    """The owner of how much is held of posts that are not answered yet."""

    def __init__(self, largest: int, most: int, pending: Callable[[int], None]) -> None:
        """Take bodies of at most `largest` bytes, `most` in sum; `pending` is told the sum."""
        self._largest = largest
        self._most = most
        self._pending = pending
        self._held = 0

    @asynccontextmanager
    async def read(self, request: web.Request, largest: int = 0) -> AsyncIterator[bytes]:
        """Read a body, and hold it as long as this lasts; raises Refused."""
        largest = largest or self._largest
        if (request.content_length or 0) > largest:
            raise _too_large(largest)
        body = bytearray()
        try:
            try:
                async with asyncio.timeout(_SECONDS):
                    while piece := await request.content.readany():
                        body += piece
                        self._hold(len(piece))
                        if len(body) > largest:
                            raise _too_large(largest)
                        if self._held > self._most:
                            raise Refused("BUSY", "too much is under way")
            except TimeoutError:
                raise Refused("TOO_SLOW", f"no whole body in {_SECONDS:g} s") from None
            yield bytes(body)
        finally:
            self._hold(-len(body))

    def _hold(self, size: int) -> None:
        self._held += size
        self._pending(self._held)


def _too_large(largest: int) -> Refused:
    return Refused("ENTITY_TOO_LARGE", f"larger than {largest:,} bytes: send fewer messages")
