"""The sandbox in a process of its own: the witness."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any, Self

import aiohttp

if TYPE_CHECKING:
    from types import TracebackType

# No quota: how fast a proof runs must not depend on it.
FREE = {"quota": {"calls_per_window": 0, "calls_per_second": 0, "parallel": 0}}


class SandboxProcess:
    """`python -m planhat_client.sandbox`, and its switches."""

    def __init__(self, **options: object) -> None:
        """`options` are SandboxOptions as JSON, beside no quota."""
        self._options = {**FREE, **options}
        self._process: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None
        self.url = ""
        self.analytics_url = ""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "planhat_client.sandbox", "--port", "0"),
            *("--options", json.dumps(self._options)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        where = json.loads(await self._process.stdout.readline())
        self.url, self.analytics_url = where["url"], where["analytics_url"]
        timeout = aiohttp.ClientTimeout(total=120)
        self._session = aiohttp.ClientSession(timeout=timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()

    async def report(self) -> dict[str, Any]:
        """The counters."""
        return await self._call("GET", "/sandbox/state?full=0")

    async def state(self) -> dict[str, Any]:
        """Counters and all records."""
        return await self._call("GET", "/sandbox/state")

    async def fault(self, **fault: object) -> None:
        """Switch one fault on."""
        await self._call("POST", "/sandbox/faults", {"faults": [fault]})

    async def faults(self, *faults: dict[str, object]) -> None:
        """Switch these faults on."""
        await self._call("POST", "/sandbox/faults", {"faults": list(faults)})

    async def refuse(self, **refusal: object) -> None:
        """Refuse some items from now on."""
        await self._call("POST", "/sandbox/faults", {"refusals": [refusal]})

    async def only_refuse(self, *refusals: dict[str, object]) -> None:
        """End all faults; refuse no items but these."""
        await self._call("PUT", "/sandbox/faults", {"faults": [], "refusals": list(refusals)})

    async def tokens(self, *tokens: str) -> None:
        """Accept these tokens only."""
        await self._call("PUT", "/sandbox/token", {"tokens": list(tokens)})

    async def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        assert self._session is not None
        async with self._session.request(method, self.url + path, json=body) as response:
            text = await response.text()
            assert response.status < 300, text
            found: dict[str, Any] = json.loads(text or "{}")
            return found
