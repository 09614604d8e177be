"""`hull-planhat sandbox`: a local Planhat in the foreground."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from consumer.cli.terminal import say, stop_on_signals
from planhat_client.sandbox import SandboxOptions, serve

if TYPE_CHECKING:
    from planhat_client.sandbox import SandboxServer


def run_sandbox(host: str, port: int) -> int:
    """Serve until SIGTERM or SIGINT. Return the exit code."""
    try:
        asyncio.run(_serve(host, port))
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        say([f"hull-planhat: cannot listen at {host[:60]}:{port}: {why}"])
        return 1
    return 0


async def _serve(host: str, port: int) -> None:
    await serve(SandboxOptions(), host, port, stop_on_signals(), _tell)


def _tell(server: SandboxServer) -> None:
    print(  # noqa: T201 - this is the command line
        f"Planhat's sandbox at {server.url}/sandbox, token sandbox-token", flush=True
    )
