"""The service as a whole, as far as it goes without Kafka."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from consumer.app import Service
from consumer.settings import Settings
from consumer.watch.port.ops import PortTaken
from schemas.connector import ConnectorSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTOR = "personal_access_token: token-of-nobody"


@pytest.fixture(name="taken_port")
def _taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield int(taken.getsockname()[1])


def service(**environ: str) -> Service:
    environ = {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "PLANHAT_API_URL": "http://127.0.0.1:1",
        "PLANHAT_TENANT_ID": "tenant-of-nobody",
        "HTTP_HOST": "127.0.0.1",
        **environ,
    }
    return Service(Settings.read(environ), ConnectorSettings.from_text(CONNECTOR, "connector.yaml"))


async def test_a_service_that_is_told_to_listen_needs_its_port(taken_port: int) -> None:
    stop = asyncio.Event()
    stop.set()

    with pytest.raises(PortTaken):
        await service(HTTP_PORT=str(taken_port)).run(stop)


async def test_a_service_that_is_told_not_to_listen_does_not(taken_port: int) -> None:
    stop = asyncio.Event()
    stop.set()

    await service(HTTP_PORT=str(taken_port), HTTP_ENABLED="false").run(stop)


async def test_a_service_without_partitions_is_healthy_but_not_ready() -> None:
    probes = service().parts.probes

    assert probes.healthy() == (True, "starting")
    assert probes.ready() == (False, "the companies of Planhat are not read yet")
