"""Planhat's endpoints on one port, the analytics host's among them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from aiohttp import web

from planhat_client.sandbox.http.control import control_routes
from planhat_client.sandbox.http.door import Door
from planhat_client.sandbox.http.routes import routes
from planhat_client.sandbox.options import SandboxOptions
from planhat_client.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from typing import Self

_MOST_BYTES: Final = 32 << 20
_CLOSE_SECONDS: Final = 0.5
_BACKLOG: Final = 1024


class SandboxServer(Sandbox):
    """Serves while its context is open. Port 0: any that is free, read it in `url`."""

    def __init__(
        self, options: SandboxOptions | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        """Raise ValueError if the options hold a bad fault."""
        super().__init__(options or SandboxOptions(), time.monotonic())
        self.url = ""
        self._address = (host, port)
        self._door = Door(self)
        self._runner: web.AppRunner | None = None

    @property
    def analytics_url(self) -> str:
        """Where activities go: the same server."""
        return self.url

    async def __aenter__(self) -> Self:
        """Begin to serve; raises OSError if the port is taken."""
        self._door.closing.clear()
        app = web.Application(client_max_size=_MOST_BYTES)
        app.add_routes(routes(self, self._door))
        app.add_routes(control_routes(self))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, *self._address, backlog=_BACKLOG)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        host, port = self._address[0], self._runner.addresses[0][1]
        # Started again, it has the same port.
        self._address = (host, port)
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop serving; requests in flight get half a second."""
        self._door.closing.set()
        if self._runner:
            await self._runner.cleanup()
        self.witness.close()


async def serve(
    options: SandboxOptions,
    host: str,
    port: int,
    stop: asyncio.Event,
    started: Callable[[SandboxServer], None] = lambda _: None,
) -> None:
    """Serve until `stop` is set; `started` is told once the port is open. Raises OSError."""
    async with SandboxServer(options, host, port) as server:
        started(server)
        await stop.wait()
