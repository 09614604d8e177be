"""`hull-planhat sandbox`: a local Planhat in the foreground."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from consumer.cli.terminal import WRONG_USE, say, stop_on_signals
from planhat_client.sandbox import SandboxOptions, read_dialect, serve
from schemas.dialect import Dialect
from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from planhat_client.sandbox import SandboxServer


def run_sandbox(host: str, port: int, dialect: str | None) -> int:
    """Serve until SIGTERM or SIGINT. Return the exit code."""
    try:
        learnt = read_dialect(Path(dialect)) if dialect else Dialect()
        asyncio.run(_serve(SandboxOptions(dialect=learnt), host, port))
    except InvalidSettings as error:
        say([f"hull-planhat: {line}" for line in error.lines], keeps_personal=True)
        return WRONG_USE
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        say([f"hull-planhat: cannot listen at {host[:60]}:{port}: {why}"])
        return 1
    return 0


async def _serve(options: SandboxOptions, host: str, port: int) -> None:
    await serve(options, host, port, stop_on_signals(), _tell)


def _tell(server: SandboxServer) -> None:
    print(  # noqa: T201 - this is the command line
        f"Planhat's sandbox at {server.url}/sandbox, token sandbox-token", flush=True
    )
