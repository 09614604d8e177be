"""The real service as a process, and what Hull's bridge would write for it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

DATA = Path(__file__).parent.parent / "data"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "24576", "MALLOC_TRIM_THRESHOLD_": "24576"}
"""How the image tells glibc to give large buffers back (deploy/Dockerfile)."""


class ServiceProcess:
    """`hull-planhat run`, from start to SIGTERM."""

    command = "run"

    def __init__(self, log: Path, **environment: str) -> None:
        """`environment` is added to our own; logs go to `log`."""
        self.log = log
        self.port = free_port()
        self._environment = {
            **os.environ,
            **ALLOCATOR,
            "CONNECTOR_SETTINGS": str(DATA / "connector.yaml"),
            "PLANHAT_ACCESS_TOKEN": "sandbox-token",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": str(self.port),
            **environment,
        }
        self.process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # what PYTHONPATH names comes first: the compiled form, if it is under test
                "-c",
                "from consumer.cli import main; main()",
                self.command,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        process = self.process
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(number)
        async with asyncio.timeout(60):
            return await process.wait()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.returncode is None
