"""The sandbox as a process: prints its URL as one JSON line, ends on SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from planhat_client.sandbox.http.server import SandboxServer, serve
from planhat_client.sandbox.options import SandboxOptions, read, read_dialect
from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAILED, _WRONG_USE = 1, 2
_LAST_PORT = 65_535
_COLLECT_AFTER = 200_000
"""Objects. Records stay, so that looking for garbage often costs a third of the speed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, and give the exit code: 0 stopped, 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m planhat_client.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, default=0, help="0: any that is free")
    parser.add_argument("--options", default="{}", help="SandboxOptions as JSON")
    parser.add_argument("--dialect", type=Path, help="what `check --live --write` learnt")
    gc.set_threshold(_COLLECT_AFTER, 20, 100)
    given = parser.parse_args(arguments)
    try:
        options = read(SandboxOptions, json.loads(given.options), "options")
        if given.dialect:
            options = replace(options, dialect=read_dialect(given.dialect))
        asyncio.run(_serve(options, given.host, given.port))
    except InvalidSettings as error:
        return _failed("\n".join(error.lines), _WRONG_USE)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        return _failed(f"{given.host[:60]}:{given.port}: {why}", _FAILED)
    except ValueError as error:
        return _failed(f"--options: {error}", _WRONG_USE)
    return 0


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= _LAST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r}: must be a number from 0 to {_LAST_PORT}")
    return int(text)


async def _serve(options: SandboxOptions, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(options, host, port, stop, _announce)


def _announce(server: SandboxServer) -> None:
    line = json.dumps({"url": server.url, "analytics_url": server.analytics_url})
    print(line, flush=True)  # noqa: T201 - whoever started us reads this


def _failed(text: str, code: int) -> int:
    print(text, file=sys.stderr)  # noqa: T201 - one line for a person
    return code


if __name__ == "__main__":
    sys.exit(main())
