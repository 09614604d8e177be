"""Health, readiness and metrics over HTTP; the console adds its routes to the same server."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog
from aiohttp import web

from consumer.clock import loop_time
from consumer.log import cleaner
from consumer.log.repeats import FOREIGN_SECONDS, Repeats
from consumer.watch.metrics import CONTENT_TYPE
from consumer.watch.port.connections import Connections
from consumer.watch.port.descriptors import most_connections
from consumer.watch.port.way import SECURITY, Way

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from consumer.watch.metrics import Metrics

_cleaner = cleaner(keeps_emails=False)
_CLOSE_SECONDS: Final = 2.0
_LINGER_SECONDS: Final = 1.0
_SHARED_SECONDS: Final = 0.1
_LONGEST_LINE: Final = 8190
_MOST_HEADERS: Final = 64
_READ_AHEAD: Final = 16 * 1024
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
_log = structlog.get_logger("consumer.ops")


class State(Protocol):
    """What the probes ask; both answer with the reason."""

    def healthy(self) -> tuple[bool, str]:
        """Whether the service turns."""

    def ready(self) -> tuple[bool, str]:
        """Whether it has partitions and may send."""


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
        self._repeats = Repeats(FOREIGN_SECONDS)
        app = web.Application(middlewares=[self._careful])
        app.on_response_prepare.append(_signed)
        app.add_routes(
            [
                *routes,
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._show_metrics),
                web.get("/", _page),
            ]
        )
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=_CLOSE_SECONDS / 2,
            logger=_quiet(),
            lingering_time=_LINGER_SECONDS,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            max_headers=_MOST_HEADERS,
            read_bufsize=_READ_AHEAD,
            auto_decompress=False,
        )
        self.port = 0
        """The port that is listened at; 0 while none is."""
        self._connections: Connections | None = None
        self._shared = b""
        self._shared_until = 0.0

    async def start(self, host: str | None, port: int) -> None:
        """Listen, without a host at all addresses of both families; raises PortTaken."""
        await self._runner.setup()
        server = self._runner.server
        assert server is not None  # noqa: S101 - it was set up
        connections = Connections(server, most_connections(), self.note)
        try:
            if host is None:
                found = [listening(port)]
            else:
                loop = asyncio.get_running_loop()
                infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                found = listening_at([(family, address) for family, _, _, _, address in infos])
        except (OSError, UnicodeError) as error:
            await self._runner.cleanup()
            raise PortTaken(_complaint(host, port, error)) from error
        connections.listen(found)
        self._connections = connections
        self.port = found[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port, and what is still open after two seconds."""
        self.port = 0
        if self._connections is not None:
            self._connections.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._runner.cleanup()
        if self._connections is not None:
            self._connections.abort()

    def note(self, why: str) -> None:
        """Count that a caller was refused, and say it now and then."""
        self._metrics.count("http_refused", why)
        repeated = self._repeats.say(why, loop_time())
        if repeated is not None:
            _log.info("http.refused", reason=why, **({"repeated": repeated} if repeated else {}))

    @web.middleware
    async def _careful(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Keep what goes wrong in here out of the answer."""
        try:
            return await handler(request)
        except (web.HTTPException, ConnectionError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the service goes on
            self._metrics.count("http_refused", "failed")
            if self._repeats.say(type(error).__qualname__, loop_time()) is not None:
                _log.error("http.failed", path=request.path, exc_info=error)
            return web.Response(status=500, text="Failed: the log says why.\n")

    async def _healthz(self, _request: web.Request) -> web.Response:
        return _answer(*self._state.healthy())

    async def _readyz(self, _request: web.Request) -> web.Response:
        return _answer(*self._state.ready())

    async def _show_metrics(self, _request: web.Request) -> web.Response:
        # Two milliseconds of the loop: who asks in a flood shares them.
        now = loop_time()
        if now >= self._shared_until:
            self._shared, self._shared_until = self._metrics.text(), now + _SHARED_SECONDS
        return web.Response(body=self._shared, headers={"Content-Type": CONTENT_TYPE})


async def _page(_request: web.Request) -> web.Response:
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


def listening_at(
    addresses: Iterable[tuple[socket.AddressFamily, tuple[Any, ...]]],
) -> list[socket.socket]:
    """Open each address once, but those of a family that the machine has not; raises OSError.

    A file of hosts names one twice, or `::1` where IPv6 is off: `localhost` is mostly both.
    """
    found: list[socket.socket] = []
    missing: OSError | None = None
    for family, address in dict.fromkeys(addresses):
        try:
            found.append(socket.create_server(address, family=family))
        except OSError as error:
            if error.errno not in _NOT_THERE:
                for one in found:
                    one.close()
                raise
            missing = error
    if missing is not None and not found:
        raise missing
    return found


def _opened(port: int, family: int) -> socket.socket:
    takes_both = family == socket.AF_INET6
    if takes_both and not socket.has_dualstack_ipv6():
        raise OSError(errno.EAFNOSUPPORT, "no IPv6 that takes IPv4 too")
    return socket.create_server(("", port), family=family, dualstack_ipv6=takes_both)


async def _signed(request: web.Request, response: web.StreamResponse) -> None:
    """Every answer of ours: the headers of all, who we are left out, and nothing after it."""
    way = request.transport
    if isinstance(way, Way):
        way.is_ours = True
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    response.headers.pop("Server", None)
    response.headers["Connection"] = "close"
    response.force_close()


def _quiet() -> logging.Logger:
    """Where aiohttp logs. Of requests that it cannot read `note` tells, in one line for many."""
    found = logging.getLogger("aiohttp.server")
    found.addFilter(_is_no_bad_request)
    return found


def _is_no_bad_request(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Error handling request")


def _answer(good: bool, reason: str) -> web.Response:  # noqa: FBT001 - a pair, unpacked
    found = {"ok": good, "reason": _cleaner.text(reason)}
    return web.json_response(found, status=200 if good else 503)


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
