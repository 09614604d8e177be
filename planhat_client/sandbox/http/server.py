"""Planhat's endpoints on one port, the analytics host's among them."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final

from aiohttp import web

from planhat_client.sandbox import reads, work
from planhat_client.sandbox.activities import BULK, SINGLE
from planhat_client.sandbox.faults import paged
from planhat_client.sandbox.http.control import control_routes
from planhat_client.sandbox.http.door import Door, has_left
from planhat_client.sandbox.models import COMPANIES, DEALS, MODELS
from planhat_client.sandbox.options import SandboxOptions
from planhat_client.sandbox.sandbox import Sandbox
from planhat_client.sandbox.witness import ACTIVITIES
from planhat_client.sandbox.work import Work

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from typing import Self

    from planhat_client.sandbox.activities import Names
    from planhat_client.sandbox.answers import Reply
    from planhat_client.sandbox.models import Model

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
        app.add_routes(_routes(self, self._door))
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


def _routes(sandbox: Sandbox, door: Door) -> list[web.RouteDef]:
    """All routes of Planhat, the analytics host's among them."""
    table: list[tuple[str, str, str, Callable[[web.Request, bytes], Work]]] = [
        (
            "GET",
            "/leancompanies",
            "leancompanies",
            _asked(sandbox, COMPANIES, reads.lean_companies),
        ),
        ("GET", "/users", "users", _asked(sandbox, COMPANIES, reads.users)),
        ("GET", "/customfields", "customfields", _asked(sandbox, COMPANIES, reads.custom_fields)),
        ("GET", "/deals", "deals", _asked(sandbox, DEALS, reads.rows)),
        ("POST", "/analytics/bulk/{tenant}", ACTIVITIES, partial(_events, sandbox, BULK)),
        ("POST", "/analytics/{tenant}", ACTIVITIES, partial(_events, sandbox, SINGLE)),
    ]
    for name, model in MODELS.items():
        table += [
            ("PUT", f"/{name}", name, partial(_upsert, sandbox, model)),
            ("GET", f"/{name}", name, _asked(sandbox, model, reads.rows)),
            ("GET", f"/{name}/{{id}}", name, _asked(sandbox, model, reads.read)),
            ("DELETE", f"/{name}/{{id}}", name, _asked(sandbox, model, reads.delete)),
        ]
    return [
        web.route(method, path, partial(door.answer, resource, operate))
        for method, path, resource, operate in table
    ]


def _upsert(sandbox: Sandbox, model: Model, request: web.Request, body: bytes) -> Work:
    return work.bulk_work(sandbox, model, body, lambda: has_left(request))


def _events(sandbox: Sandbox, names: Names, request: web.Request, body: bytes) -> Work:
    is_known = sandbox.options.tenant in (None, request.match_info["tenant"])
    return work.event_work(sandbox, body if is_known else b"", names, is_bulk=names is BULK)


def _asked(
    sandbox: Sandbox, model: Model, find: Callable[[Sandbox, Model, Mapping[str, str]], Reply]
) -> Callable[[web.Request, bytes], Work]:
    """Find it when the answer is due: it needs no work."""

    def operate(request: web.Request, _: bytes) -> Work:
        asked = {**request.query, **request.match_info}
        return Work(0, lambda hit: find(sandbox, model, paged(hit, asked)))

    return operate
