"""A door to aiohttp's client: what the settings let us fetch, by HTTPS, without redirects."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

import aiohttp

from consumer.receive.hosts import why_not

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Collection

Content: TypeAlias = aiohttp.StreamReader
"""What is read of a download."""

_KEY_SECONDS: Final = 3.0
_CONNECT_SECONDS: Final = 10.0
_SILENT_SECONDS: Final = 60.0
_LARGEST_KEY: Final = 64 * 1024
_OK: Final = 200
_NO_POST: Final = {404, 405}


class NotAllowed(Exception):
    """The settings do not let us ask there; the text says why."""


class NotFetched(Exception):
    """It may work later; the text is fit for a log, and holds nothing of the address."""


class Fetch:
    """Asks hosts that are allowed, and no others."""

    def __init__(self, hosts: Collection[str], trust: ssl.SSLContext | None = None) -> None:
        """`hosts` are those that are allowed; `trust` knows their authorities, if it is given."""
        self._hosts = hosts
        self._trust = trust
        self._session: aiohttp.ClientSession | None = None

    async def key(self, url: str, signature: str) -> str:
        """Ask for a public key; raises NotAllowed, NotFetched.

        Hull's SDK posts the signature there (hull-node, smart-notifier-validator.js); where that
        is not taken, it is read.
        """
        short = aiohttp.ClientTimeout(total=_KEY_SECONDS)
        for method, body in (("POST", signature), ("GET", None)):
            async with self._asked(method, url, short, body) as response:
                if response.status == _OK:
                    found = await response.content.read(_LARGEST_KEY)
                    while len(found) < _LARGEST_KEY and (more := await response.content.readany()):
                        found += more
                    return found.decode("utf-8", "replace")
                if response.status not in _NO_POST or method == "GET":
                    raise NotFetched(f"status {response.status}")
        raise AssertionError

    @asynccontextmanager
    async def opened(self, url: str) -> AsyncIterator[Content]:
        """Begin to read what lies there; raises NotAllowed, NotFetched, also while it is read."""
        slow = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=_SILENT_SECONDS
        )
        async with self._asked("GET", url, slow, None) as response:
            if response.status != _OK:
                raise NotFetched(f"status {response.status}")
            yield response.content

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def _asked(
        self, method: str, url: str, patience: aiohttp.ClientTimeout, body: str | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        wrong = why_not(url, self._hosts)
        if wrong:
            raise NotAllowed(wrong)
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        try:
            async with self._session.request(
                method,
                url,
                data=body,
                timeout=patience,
                allow_redirects=False,
                ssl=self._trust or True,
            ) as response:
                yield response
        except TimeoutError as error:
            raise NotFetched("no answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NotFetched(f"network: {type(error).__name__}") from error
