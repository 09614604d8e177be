"""The routes of the console, which is loaded when somebody first asks for something."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Handlers = Mapping[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]

PAGES = ("/", "/console.css", "/console.js", "/icon.svg")
QUESTIONS = ("/api/state", "/api/outcomes")
EXPLAIN = "/api/explain"


class Door:
    """Lets in who asks, as soon as the console is there: most processes are never asked."""

    def __init__(self, load: Callable[[], Handlers]) -> None:
        """`load` gives what answers at each path; it imports, so it is called beside the loop."""
        self._load = load
        self._loading: asyncio.Future[Handlers] | None = None

    def routes(self) -> list[web.RouteDef]:
        """What is to be served."""
        asked = [web.get(path, self._answer) for path in (*PAGES, *QUESTIONS)]
        return [*asked, web.post(EXPLAIN, self._answer)]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        loading = self._loading
        if loading is None or (loading.done() and loading.exception() is not None):
            loading = self._loading = asyncio.ensure_future(asyncio.to_thread(self._load))
        # Who goes away meanwhile must not take it from the others.
        handlers = await asyncio.shield(loading)
        return await handlers[request.path](request)
