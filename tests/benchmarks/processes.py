"""The processes that are measured and the one that answers them, each on a core of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import orjson

from tests.benchmarks.workload import TENANT
from tests.integration.service_process import ALLOCATOR, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PATIENCE_SECONDS = 60.0


def cores() -> tuple[set[int], set[int]]:
    """A core for what is measured, and the others for Kafka and the target."""
    every = sorted(os.sched_getaffinity(0))
    return {every[0]}, set(every[1:]) or {every[0]}


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used: CPU seconds since its start, bytes resident now and at most."""

    cpu: float
    resident: int
    peak: int

    @classmethod
    def of(cls, pid: int) -> Usage:
        """Read it from the kernel; zeros for a process that is gone."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return cls(0.0, 0, 0)
        cpu = (int(fields[11]) + int(fields[12])) / _TICK
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM")), "x 0 kB")
        return cls(cpu, int(fields[21]) * _PAGE, int(peak.split()[1]) * 1024)


class Process:
    """A Python process on given cores, with its log; killed when it does not end."""

    def __init__(self, log: Path, environment: Mapping[str, str], *arguments: str) -> None:
        """`arguments` follow the interpreter."""
        self.log = log
        self._environment = {**os.environ, **environment}
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()

    async def start(self, on: set[int] | None = None) -> None:
        """Start on the cores `on`; by default on that of what is measured."""
        mine = os.sched_getaffinity(0)
        os.sched_setaffinity(0, on or cores()[0])
        try:
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *self._arguments,
                    env=self._environment,
                    stdout=asyncio.subprocess.PIPE if self.needs_pipe else log,
                    stderr=log,
                )
        finally:
            os.sched_setaffinity(0, mine)

    needs_pipe = False

    @property
    def running(self) -> asyncio.subprocess.Process:
        """The process, which must have been started."""
        assert self._process is not None
        return self._process

    @property
    def usage(self) -> Usage:
        """What it has used until now."""
        return Usage.of(self.running.pid)

    def check(self) -> None:
        """Raise if it has ended, with the end of its log."""
        if self.running.returncode is not None:
            raise RuntimeError(f"a process ended: {self.log.read_text()[-2000:]}")

    async def stop(self) -> float:
        """End it as Kubernetes would; seconds until it was gone."""
        process, started = self._process, time.monotonic()
        if process is None:
            return 0.0
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        self._process = None
        return time.monotonic() - started


class TargetProcess(Process):
    """The counting Planhat."""

    needs_pipe = True

    def __init__(self, log: Path, **options: float) -> None:
        """`options` as those of target.py, with `_` for the dashes."""
        arguments = [f"--{name.replace('_', '-')}={value:g}" for name, value in options.items()]
        super().__init__(log, {}, "-m", "tests.benchmarks.target", *arguments)
        self.url = ""
        self._session: aiohttp.ClientSession | None = None

    async def start(self, on: set[int] | None = None) -> None:
        """Start; returns when it listens."""
        await super().start(on or cores()[1])
        assert self.running.stdout is not None
        port = (await self.running.stdout.readline()).decode().strip()
        self.url = f"http://127.0.0.1:{port}"
        self._session = aiohttp.ClientSession()

    async def stop(self) -> float:
        """Stop."""
        if self._session is not None:
            await self._session.close()
        return await super().stop()

    async def report(self) -> dict[str, Any]:
        """What it has counted."""
        assert self._session is not None
        async with self._session.get(f"{self.url}/_report") as response:
            found: dict[str, Any] = orjson.loads(await response.read())
            return found

    async def reset(self) -> None:
        """Count anew."""
        assert self._session is not None
        async with self._session.delete(f"{self.url}/_report") as response:
            await response.read()


class ServiceProcess(Process):
    """The real `hull-planhat run`."""

    def __init__(self, log: Path, environment: Mapping[str, str], *start: str) -> None:
        """`start` is another way to start it, as arguments of the interpreter."""
        self.port = free_port()
        usual = ("-P", "-c", "from consumer.cli import main; main()", "run")
        ours = {"HTTP_HOST": "127.0.0.1", "HTTP_PORT": str(self.port), **ALLOCATOR}
        super().__init__(log, {**ours, **environment}, *(start or usual))

    async def logged(self, event: str, seconds: float = _PATIENCE_SECONDS) -> dict[str, Any]:
        """Wait for a line of its log; the line with its time in `at` (seconds since 1970)."""
        async with asyncio.timeout(seconds):
            while True:
                for found in self.lines(event):
                    at = datetime.fromisoformat(found["timestamp"]).timestamp()
                    return {**found, "at": at}
                self.check()
                await asyncio.sleep(0.01)

    def lines(self, event: str) -> Sequence[dict[str, Any]]:
        """The lines of its log that tell of an event."""
        found = []
        for line in self.log.read_bytes().splitlines():
            if f'"event":"{event}"'.encode() in line:
                with contextlib.suppress(orjson.JSONDecodeError):
                    found.append(orjson.loads(line))
        return found


def environment(
    bootstrap: str, topic: str, target: TargetProcess, connector: Path
) -> dict[str, str]:
    """Settings of the service, with a quota that is no limit."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "KAFKA_TOPICS": topic,
        "KAFKA_DEAD_LETTER_TOPIC": f"{topic}-dead",
        "KAFKA_SESSION_TIMEOUT_SECONDS": "10",
        "CONNECTOR_SETTINGS": str(connector),
        "PLANHAT_ACCESS_TOKEN": "token",
        "PLANHAT_TENANT_ID": TENANT,
        "PLANHAT_API_URL": target.url,
        "PLANHAT_ANALYTICS_URL": target.url,
        "PLANHAT_REQUESTS_PER_MINUTE": "10000000",
        "PLANHAT_BURST": "100000",
    }
