"""Nothing but requests: what a single one costs with aiohttp's session, or with our transport.

`python -m tests.benchmarks.bare session|transport URL COUNT AT_ONCE` writes a line of JSON: `cpu`
and `seconds` of all. The floor under any service that sends one profile a request.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Final

import aiohttp
import orjson

from consumer.cli.run import collect_seldom
from planhat_client.protocol import Request
from planhat_client.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_SECONDS: Final = 30.0
_CUSTOM: Final = {f"Field {number}": f"value {number}" for number in range(9)}
_ITEM: Final = {"externalId": "u-1", "email": "u1@example.com", "name": "User", "custom": _CUSTOM}
_BODY: Final = orjson.dumps([_ITEM])
_HEADERS: Final = {"Authorization": "Bearer token", "Content-Type": "application/json"}


async def _run(way: str, url: str, count: int, at_once: int) -> dict[str, float]:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=at_once),
        timeout=aiohttp.ClientTimeout(total=_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        transport = Transport(_SECONDS, at_once)
        request = Request("PUT", f"{url}/endusers", _HEADERS, _BODY)

        async def with_session() -> None:
            async with session.put(request.url, data=_BODY, headers=_HEADERS) as response:
                await response.read()

        async def with_transport() -> None:
            await transport.send(request)

        send = with_session if way == "session" else with_transport
        cpu, started = time.process_time(), time.perf_counter()
        await asyncio.gather(*[_send(send, count // at_once) for _ in range(at_once)])
        found = {
            "cpu": time.process_time() - cpu,
            "seconds": time.perf_counter() - started,
        }
        await transport.close()
        return found


async def _send(send: Callable[[], Awaitable[None]], count: int) -> None:
    for _ in range(count):
        await send()


if __name__ == "__main__":
    collect_seldom()
    told = asyncio.run(_run(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
    sys.stdout.write(orjson.dumps(told).decode() + "\n")
