"""The only door to aiohttp's client: one request out, one response back, within its time."""

from __future__ import annotations

import aiohttp

from planhat_client.errors import PlanhatUnavailable
from planhat_client.protocol import Request, Response

_CONNECT_SECONDS = 10.0
_LARGEST_BODY = 64 << 20
_LARGEST_TO_A_WRITE = 1 << 20
_TIMES_WHAT_WAS_SENT = 4
"""An answer to a write repeats the keys, at worst the items that it refuses."""


class Transport:
    """A bounded pool of connections. Raises PlanhatUnavailable for whatever the network does."""

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

    async def send(self, request: Request) -> Response:
        """Send once; what may be sent again is for the caller to know.

        A GET or PUT that finds a kept connection closed goes once more, at once: aiohttp does so.
        """
        # Opened here, as a session belongs to the loop that runs.
        session = self._session = self._session or self._open()
        largest = self._largest_body
        if request.body:
            by_sent = _LARGEST_TO_A_WRITE + _TIMES_WHAT_WAS_SENT * len(request.body)
            largest = min(largest, by_sent)
        try:
            async with session.request(
                request.method,
                request.url,
                data=request.body or None,
                headers=request.headers,
                allow_redirects=False,
            ) as response:
                body = await _body(response.content, largest)
                return Response(response.status, response.headers, body)
        except TimeoutError as error:
            raise PlanhatUnavailable(f"no answer in {self._timeout.total:g} s") from error
        except aiohttp.InvalidURL as error:
            raise PlanhatUnavailable("the address of the API is no URL") from error
        except (aiohttp.ClientError, OSError) as error:
            # The text of the error may hold the URL, and with it the tenant id.
            raise PlanhatUnavailable(f"network: {type(error).__name__}") from error
        except ValueError as error:
            raise PlanhatUnavailable("the request can't be written: check the token") from error

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=self._max_connections, keepalive_timeout=30)
        return aiohttp.ClientSession(
            connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
        )


async def _body(content: aiohttp.StreamReader, largest: int) -> bytes:
    """Read an answer, unpacked, up to so many bytes."""
    chunks: list[bytes] = []
    size = 0
    while chunk := await content.readany():
        chunks.append(chunk)
        size += len(chunk)
        if size > largest:
            raise PlanhatUnavailable(f"the answer is larger than {largest} bytes")
    return b"".join(chunks)
