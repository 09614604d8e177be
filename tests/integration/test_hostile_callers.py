"""Callers that never end what they begin, while records flow: probes and work go on."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import threading
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from tests.integration.hull import Hull
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import check, environment, produce, until_committed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.integration.kafka_client import KafkaClient

FREE = SandboxOptions(quota=QuotaOptions(calls_per_window=100_000, calls_per_second=10_000))
PROBE = b"GET %s HTTP/1.1\r\nHost: kubelet\r\n\r\n"
LARGE = 4 << 20


def probe(port: int, path: bytes) -> tuple[int, float]:
    """Ask as kubelet does, by a connection of its own; tell the status and how long it took."""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as one:
        one.sendall(PROBE % path)
        answer = one.recv(16)
        while one.recv(65536):
            pass
    return int(answer.split(b" ", 2)[1] or 0) if answer else 0, time.monotonic() - begun


async def until_ready(service: ServiceProcess) -> None:
    async with asyncio.timeout(60):
        while True:
            with suppress(OSError):
                if probe(service.port, b"/readyz")[0] == 200:
                    return
            await asyncio.sleep(0.2)


@asynccontextmanager
async def callers(
    port: int, *, silent: int = 0, slow: int = 0, length: int = 1, first: int = 1
) -> AsyncIterator[None]:
    """Hostile ones, in a process of their own: what they take is not ours."""
    command = ("-m", "tests.integration.hostile_callers", port, silent, slow, length, first)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *map(str, command), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()  # they are about to begin
    try:
        yield
        assert process.returncode is None
    finally:
        process.kill()
        await process.wait()


class Probes:
    """Asks all the time, as kubelet and Prometheus do; in a thread, as we are busy too."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.statuses: set[int] = set()
        self.seconds: list[float] = []
        self._is_over = threading.Event()

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[None]:
        asking = asyncio.create_task(asyncio.to_thread(self._ask))
        try:
            yield
        finally:
            self._is_over.set()
            await asking

    def _ask(self) -> None:
        while not self._is_over.wait(0.1):
            for path in (b"/healthz", b"/readyz", b"/metrics"):
                status, took = probe(self.port, path)
                self.statuses.add(status)
                self.seconds.append(took)


def memory_mib(service: ServiceProcess, name: str) -> float:
    assert service.process is not None
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    return next(
        int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(name)
    )


def told(service: ServiceProcess, event: str) -> int:
    lines = [json.loads(line) for line in service.log.read_text().splitlines() if line[:1] == "{"]
    return sum(line["event"] == event for line in lines)


async def flow(kafka: KafkaClient, name: str, hull: Hull, seconds: int) -> None:
    """A thousand records a second."""
    for _ in range(2 * seconds):
        await asyncio.gather(asyncio.sleep(0.5), produce(kafka, name, hull.changes(500)))


@asynccontextmanager
async def served(
    kafka: KafkaClient, name: str, tmp: Path
) -> AsyncIterator[tuple[ServiceProcess, SandboxServer]]:
    await kafka.create_topic(name, partitions=4)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    async with (
        SandboxServer(FREE) as planhat,
        ServiceProcess(tmp / "log", **environment(kafka, planhat, name, tmp)) as service,
    ):
        await until_ready(service)
        yield service, planhat


async def test_neither_idle_nor_slow_callers_hold_up_probes_or_records(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name, hull = topic("events"), Hull(users=5000, accounts=500)
    # Where others want twice the processors that there are, it is they who are measured.
    is_busy = os.getloadavg()[0] > 2 * (os.cpu_count() or 1)

    async with served(kafka, name, tmp_path) as (service, planhat):
        port, probes = service.port, Probes(service.port)
        async with probes.asked():
            async with callers(port, silent=1140):
                await flow(kafka, name, hull, 5)
            async with callers(port, silent=8000, slow=200, length=500_000):
                await flow(kafka, name, hull, 8)
            async with callers(port, slow=100, length=LARGE, first=LARGE // 2):
                await flow(kafka, name, hull, 4)
        await until_committed(kafka, name, service)
        peak, text = memory_mib(service, "VmHWM"), service.log.read_text()
        moved = told(service, "partitions.revoked"), told(service, "partitions.assigned")

    asked, slowest = len(probes.seconds), max(probes.seconds)
    print(f"\n{asked} probes, the slowest {slowest * 1e3:.0f} ms; {peak:.0f} MiB at most")  # noqa: T201 - figures for the note
    check(hull, planhat)
    assert probes.statuses == {200}
    assert slowest <= (3 if is_busy else 1)
    assert moved == (0, 1)
    assert peak <= 250
    assert not any(word in text for word in ("Traceback", "Too many open files"))


@pytest.mark.slow
async def test_many_half_sent_bodies_take_next_to_no_memory(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    async with served(kafka, topic("events"), tmp_path) as (service, _):
        before = memory_mib(service, "VmRSS")
        async with callers(service.port, slow=100, length=LARGE, first=LARGE // 2):
            await asyncio.sleep(5)
            most = memory_mib(service, "VmHWM")

    print(f"\n{before:.0f} MiB before, {most:.0f} MiB with 100 half-sent bodies of 4 MiB")  # noqa: T201 - figures for the note
    assert most - before < 30
