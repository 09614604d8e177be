"""The console is loaded when somebody first asks, once, and beside the loop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from consumer.watch.console.door import Door

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from consumer.watch.console.door import Handlers

SEEN = """
import sys
import consumer.cli.run
late = ("consumer.watch.console.server", "consumer.watch.explain", "opentelemetry")
sys.exit(" ".join(name for name in late if name in sys.modules) or 0)
"""


def test_a_service_starts_without_what_only_the_console_needs() -> None:
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", SEEN], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


async def test_the_console_is_loaded_once_and_beside_the_loop() -> None:
    loaded: list[bool] = []

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=request.path)

    def load() -> Handlers:
        loaded.append(threading.current_thread() is not threading.main_thread())
        return {"/": page, "/api/state": page}

    async with served(load) as session:
        assert loaded == []
        answers = await asyncio.gather(*(_text(session, path) for path in ("/", "/api/state")))

    assert answers == ["/", "/api/state"]
    assert loaded == [True]


async def test_a_console_that_could_not_be_loaded_is_loaded_by_who_asks_next() -> None:
    troubles = [ImportError("too many open files")]

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=request.path)

    def load() -> Handlers:
        if troubles:
            raise troubles.pop()
        return {"/": page}

    async with served(load) as session:
        failed = await session.get("/")
        answer = await _text(session, "/")

    assert (failed.status, answer) == (500, "/")


@asynccontextmanager
async def served(load: Callable[[], Handlers]) -> AsyncIterator[aiohttp.ClientSession]:
    app = web.Application()
    app.add_routes(Door(load).routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    async with aiohttp.ClientSession(f"http://{host}:{port}") as session:
        yield session
    await runner.cleanup()


async def _text(session: aiohttp.ClientSession, path: str) -> str:
    async with session.get(path) as answer:
        return await answer.text()
