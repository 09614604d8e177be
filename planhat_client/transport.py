"""The only door to aiohttp's client: one request out, one response back, within its time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from planhat_client.errors import PlanhatUnavailable
from planhat_client.protocol import Request, Response

if TYPE_CHECKING:
    from aiohttp.connector import Connection

_CONNECT_SECONDS = 10.0
_LARGEST_BODY = 64 << 20
_LARGEST_TO_A_WRITE = 1 << 20
_TIMES_WHAT_WAS_SENT = 4
"""An answer to a write repeats the keys, at worst the items that it refuses."""
_SHORT = 64 << 10
_MOST_ROUTES = 16
_IDEMPOTENT = frozenset({"GET", "PUT"})
_INTERIM = frozenset({100, *range(102, 200)})
_ENDS_A_LINE = frozenset("\r\n\0")


@dataclass(frozen=True, slots=True)
class _Route:
    """What the requests of one method, address and headers have in common."""

    destination: aiohttp.ClientRequest
    head: bytes


class Transport:
    """A bounded pool of connections. Raises PlanhatUnavailable for whatever the network does.

    A short request goes over a connection of aiohttp's pool as it is: for one profile aiohttp's own
    objects of a request cost more than all the rest (docs/performance.md).
    """

    def __init__(
        self,
        timeout_seconds: float,
        max_connections: int,
        largest_body: int = _LARGEST_BODY,
    ) -> None:
        """`timeout_seconds` bounds a request from first to last byte, `largest_body` the answer.

        That to a write is bounded by what was sent, too: several come at once.

        Ask for no more than `max_connections` at once: to wait for one counts as time, too.
        """
        self._largest_body = largest_body
        # `total` bounds each read, too. Rounded up to whole seconds, as aiohttp does it by itself,
        # an answer could come later than who holds the partitions counts on.
        self._timeout = aiohttp.ClientTimeout(
            total=timeout_seconds,
            connect=min(_CONNECT_SECONDS, timeout_seconds),
            ceil_threshold=float("inf"),
        )
        self._max_connections = max_connections
        self._session: aiohttp.ClientSession | None = None
        self._routes: dict[object, _Route] = {}

    async def send(self, request: Request) -> Response:
        """Send once; what may be sent again is for the caller to know."""
        try:
            route = self._route(request)
            if route is None:
                return await self._send(request)
            async with asyncio.timeout(self._timeout.total):
                return await self._send_short(route, request)
        except TimeoutError as error:
            raise PlanhatUnavailable(f"no answer in {self._timeout.total:g} s") from error
        except aiohttp.InvalidURL as error:
            raise PlanhatUnavailable("the address of the API is no URL") from error
        except (aiohttp.ClientError, HttpProcessingError, OSError) as error:
            # The text of the error may hold the URL, and with it the tenant id.
            raise PlanhatUnavailable(f"network: {type(error).__name__}") from error
        except ValueError as error:
            raise PlanhatUnavailable("the request can't be written: check the token") from error

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def _send(self, request: Request) -> Response:
        async with self._opened().request(
            request.method,
            request.url,
            data=request.body or None,
            headers=request.headers,
            allow_redirects=False,
        ) as response:
            body = await self._body(response.content, self._largest(request.body))
            return Response(response.status, response.headers, body)

    async def _send_short(self, route: _Route, request: Request) -> Response:
        """Send once; once more if a connection that was kept is found closed, as aiohttp does."""
        try:
            return await self._exchange(route, request.body)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
            if request.method not in _IDEMPOTENT:
                raise
            return await self._exchange(route, request.body)

    async def _exchange(self, route: _Route, body: bytes) -> Response:
        connection = await self._pool().connect(route.destination, [], self._timeout)
        try:
            response = await self._ask(connection, route.head, body)
        except BaseException:
            connection.close()
            raise
        connection.release()
        return response

    async def _ask(self, connection: Connection, head: bytes, body: bytes) -> Response:
        protocol, wire = connection.protocol, connection.transport
        if protocol is None or wire is None:
            raise aiohttp.ServerDisconnectedError
        protocol.set_response_params(read_until_eof=True)
        wire.write(b"%b%d\r\n\r\n%b" % (head, len(body), body))
        message, content = await protocol.read()
        while message.code in _INTERIM:
            message, content = await protocol.read()
        largest = self._largest(body)
        return Response(message.code, message.headers, await self._body(content, largest))

    def _route(self, request: Request) -> _Route | None:
        """Where a short request goes; None: it is for aiohttp to send, or to say what is wrong."""
        if not 0 < len(request.body) <= _SHORT:
            return None
        key = (request.method, request.url, *request.headers.items())
        found = self._routes.get(key)
        if found is None:
            found = self._new_route(request)
            if found is not None:
                if len(self._routes) >= _MOST_ROUTES:  # as many tokens were changed
                    self._routes.clear()
                self._routes[key] = found
        return found

    def _new_route(self, request: Request) -> _Route | None:
        try:
            url = URL(request.url)
        except ValueError:
            return None
        texts = [text for header in request.headers.items() for text in header]
        is_broken = any(_ENDS_A_LINE.intersection(text) for text in texts)
        if url.scheme not in {"http", "https"} or not url.raw_host or url.user or is_broken:
            return None
        loop = asyncio.get_running_loop()
        destination = aiohttp.ClientRequest(
            request.method, url, headers=request.headers, loop=loop, session=self._opened()
        )
        headers = destination.headers.copy()
        headers.popall("Content-Length", None)
        lines = [f"{request.method} {destination.url.raw_path_qs} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return _Route(destination, "\r\n".join([*lines, "Content-Length: "]).encode())

    def _pool(self) -> aiohttp.BaseConnector:
        pool = self._opened().connector
        if pool is None:
            raise aiohttp.ClientConnectionError
        return pool

    def _largest(self, sent: bytes) -> int:
        """Bytes that an answer may have, unpacked: of a write by what was sent, of a read more."""
        by_sent = _LARGEST_TO_A_WRITE + _TIMES_WHAT_WAS_SENT * len(sent)
        return min(self._largest_body, by_sent) if sent else self._largest_body

    async def _body(self, content: aiohttp.StreamReader, largest: int) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while chunk := await content.readany():
            chunks.append(chunk)
            size += len(chunk)
            if size > largest:
                raise PlanhatUnavailable(f"the answer is larger than {largest} bytes")
        return b"".join(chunks)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._max_connections, keepalive_timeout=30)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session
