"""`hull-planhat sandbox`: a local Planhat in the foreground."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from planhat_client.sandbox import SandboxOptions, serve

if TYPE_CHECKING:
    from planhat_client.sandbox import SandboxServer


async def run_sandbox(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(SandboxOptions(), host, port, stop, _say)


def _say(server: SandboxServer) -> None:
    print(f"Planhat's sandbox at {server.url}/sandbox, token sandbox-token", flush=True)  # noqa: T201 - this is the command line
