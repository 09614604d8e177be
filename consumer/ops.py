"""Health, readiness and metrics over HTTP; the console adds its routes to the same server."""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from aiohttp import web

from consumer.log import cleaner
from consumer.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from consumer.metrics import Metrics

_cleaner = cleaner(keeps_emails=False)
_CLOSE_SECONDS: Final = 2.0
_LARGEST_BODY: Final = 4 << 20
_BACKLOG: Final = 128
_FAMILIES: Final = (socket.AF_INET6, socket.AF_INET)
_NOT_THERE: Final = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}
"""What a kernel says of a family that it was built without, or that is turned off."""
_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>hull-planhat</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<h1>hull-planhat</h1>
<ul>
<li><a href="healthz">healthz</a>: does the service turn?
<li><a href="readyz">readyz</a>: has it partitions, and may it send?
<li><a href="metrics">metrics</a>: for Prometheus
</ul>
"""
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class State(Protocol):
    """What the probes ask; both answer with the reason."""

    def healthy(self) -> tuple[bool, str]:
        """Tell whether the service turns."""

    def ready(self) -> tuple[bool, str]:
        """Tell whether it has partitions and may send."""


class PortTaken(Exception):
    """We cannot listen where we should; the text is one line that says why and what to set."""


class Ops:
    """The small server beside the service."""

    def __init__(
        self, state: State, metrics: Metrics, routes: Iterable[web.AbstractRouteDef] = ()
    ) -> None:
        """Nothing listens before `start`; `routes` go before ours, `/` among them."""
        self._state = state
        self._metrics = metrics
        app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[_careful])
        added = list(routes)
        app.add_routes([*added, *(route for route in self._routes() if _is_new(route, added))])
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=_CLOSE_SECONDS / 2
        )

    @property
    def port(self) -> int:
        """The port that is listened at; 0 while none is."""
        addresses = self._runner.addresses
        return int(addresses[0][1]) if addresses else 0

    async def start(self, host: str | None, port: int) -> None:
        """Listen, without a host at all addresses of both families; raises PortTaken."""
        await self._runner.setup()
        try:
            site: web.BaseSite
            if host is None:
                site = web.SockSite(self._runner, listening(port), backlog=_BACKLOG)
            else:
                site = web.TCPSite(self._runner, host, port, backlog=_BACKLOG)
            await site.start()
        except (OSError, UnicodeError) as error:
            await self._runner.cleanup()
            raise PortTaken(_complaint(host, port, error)) from error

    async def stop(self) -> None:
        """Close the port, and what is still open after two seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._runner.cleanup()

    def _routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", self._healthz),
            web.get("/readyz", self._readyz),
            web.get("/metrics", self._show_metrics),
            web.get("/", self._page),
        ]

    async def _healthz(self, _request: web.Request) -> web.Response:
        return _answer(*self._state.healthy())

    async def _readyz(self, _request: web.Request) -> web.Response:
        return _answer(*self._state.ready())

    async def _show_metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def _page(self, _request: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/html")


def listening(port: int, families: Sequence[int] = _FAMILIES) -> socket.socket:
    """Open a port at all addresses of the first family that the machine has; raises OSError.

    IPv6's socket takes IPv4 too: in a cluster that prefers IPv6 probes come to an address of that
    family, while whoever forwards a port by hand comes to 127.0.0.1.
    """
    *preferred, last = families
    for family in preferred:
        try:
            return _opened(port, family)
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise
    return _opened(port, last)


def _opened(port: int, family: int) -> socket.socket:
    takes_both = family == socket.AF_INET6
    if takes_both and not socket.has_dualstack_ipv6():
        raise OSError(errno.EAFNOSUPPORT, "no IPv6 that takes IPv4 too")
    return socket.create_server(
        ("", port), family=family, backlog=_BACKLOG, dualstack_ipv6=takes_both
    )


@web.middleware
async def _careful(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Headers that keep pages from being stored, framed into code, or guessed at."""
    response = await handler(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _answer(good: bool, reason: str) -> web.Response:  # noqa: FBT001 - a pair, unpacked
    found = {"ok": good, "reason": _cleaner.text(reason)}
    return web.json_response(found, status=200 if good else 503)


def _is_new(route: web.RouteDef, added: list[web.AbstractRouteDef]) -> bool:
    taken = {(one.method, one.path) for one in added if isinstance(one, web.RouteDef)}
    return (route.method, route.path) not in taken


def _complaint(host: str | None, port: int, error: OSError | UnicodeError) -> str:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            where = f" on {host}" if host else ""
            return f"HTTP_PORT: {port}: already in use{where}; free it or choose another"
        case errno.EACCES:
            return f"HTTP_PORT: {port}: not allowed for this user; choose one above 1023"
        case _:
            why = getattr(error, "strerror", None) or error
            return f"HTTP_HOST: {host!r}: cannot listen there: {why}"
