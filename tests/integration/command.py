"""A command of ours as a process."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal

ROOT = Path(__file__).parents[2]
_OURS = ("KAFKA_", "PLANHAT_", "HTTP_", "LOG_", "CONNECTOR_")
_SECONDS = 120
# Where tests run in the background of a shell, SIGINT is ignored, and children inherit that.
_START = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from consumer.cli import main
main()
"""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


class Command:
    """`hull-planhat` with an environment; called with its arguments."""

    def __init__(self, **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        usual = {
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
            "CONNECTOR_SETTINGS": str(ROOT / "tests" / "data" / "connector.yaml"),
            "PLANHAT_ACCESS_TOKEN": "sandbox-token",
        }
        self._environment = {**kept, **usual, **environment}
        self._process: asyncio.subprocess.Process | None = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process that was called last."""
        assert self._process is not None
        self._process.send_signal(number)

    async def __call__(self, *arguments: str, stdin: bytes = b"") -> Done:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _START,
            *arguments,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self._process = process
        async with asyncio.timeout(_SECONDS):
            out, err = await process.communicate(stdin)
        return Done(process.returncode or 0, out.decode(), err.decode())
