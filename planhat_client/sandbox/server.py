"""The sandbox on a socket: Planhat's endpoints on one port, the analytics host's among them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from planhat_client.sandbox.control import Control
from planhat_client.sandbox.door import Door
from planhat_client.sandbox.options import SandboxOptions
from planhat_client.sandbox.routes import routes
from planhat_client.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from typing import Self

    from planhat_client.sandbox.faults import Faults
    from planhat_client.sandbox.quota import Quota
    from planhat_client.sandbox.refusals import Refusals
    from planhat_client.sandbox.state import State
    from planhat_client.sandbox.witness import Witness

_MOST_BYTES: Final = 32 << 20
_CLOSE_SECONDS: Final = 0.5
_BACKLOG: Final = 1024


class SandboxServer:
    """Serves while its context is open. Port 0: any that is free, read it in `url`."""

    def __init__(
        self, options: SandboxOptions | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        """Raise ValueError if the options hold a bad fault."""
        self.sandbox = Sandbox(options or SandboxOptions(), time.monotonic())
        self.url = ""
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self._door: Door | None = None

    @property
    def analytics_url(self) -> str:
        """Where activities go: the same server."""
        return self.url

    @property
    def state(self) -> State:
        """What is stored."""
        return self.sandbox.state

    @property
    def witness(self) -> Witness:
        """What happened."""
        return self.sandbox.witness

    @property
    def quota(self) -> Quota:
        """How many calls came."""
        return self.sandbox.quota

    @property
    def faults(self) -> Faults:
        """What may go wrong on purpose."""
        return self.sandbox.faults

    @property
    def refusals(self) -> Refusals:
        """What is refused for ever."""
        return self.sandbox.refusals

    @property
    def tokens(self) -> frozenset[str]:
        """The tokens that are accepted; none: any is."""
        return self.sandbox.tokens

    @tokens.setter
    def tokens(self, tokens: frozenset[str]) -> None:
        self.sandbox.tokens = tokens

    def report(self) -> dict[str, Any]:
        """Give the counters, as `/sandbox/state?full=0` does."""
        return self.sandbox.report()

    async def __aenter__(self) -> Self:
        """Begin to serve; raises OSError if the port is taken."""
        self._door = Door(self.sandbox)
        app = web.Application(client_max_size=_MOST_BYTES)
        app.add_routes(routes(self.sandbox, self._door))
        app.add_routes(Control(self.sandbox).routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, backlog=_BACKLOG)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"http://{host}:{self._port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop serving; requests in flight get half a second."""
        if self._door:
            self._door.closing.set()
        if self._runner:
            await self._runner.cleanup()
        self.sandbox.witness.close()


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
