"""Rights that are taken away while it runs: it holds, says so, and goes on when they come back."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientError, ClientSession

from planhat_client.sandbox import SandboxServer
from tests.integration.acl_broker import AclBroker
from tests.integration.hull import Hull
from tests.integration.kafka_client import Entry, until
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import FREE, check, environment, produce, until_committed
from tests.integration.test_start import lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient
    from tests.integration.kafka_jars import Jars


@pytest.fixture(scope="module")
def broker(kafka_jars: Jars) -> Iterator[AclBroker]:
    found = AclBroker(kafka_jars)
    with found.cluster:
        yield found


def rights(name: str) -> list[tuple[str, str, str]]:
    return [
        ("topic", name, "READ"),
        ("group", f"group-of-{name}", "READ"),
        ("topic", f"{name}-dead", "WRITE"),
    ]


async def readiness(service: ServiceProcess) -> tuple[int, str]:
    url = f"http://127.0.0.1:{service.port}/readyz"
    try:
        async with ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text()
    except ClientError:
        return 0, ""


async def until_it_says(service: ServiceProcess, status: int, words: str = "") -> None:
    async def says() -> bool:
        assert service.is_running, service.log.read_text()[-3000:]
        found, text = await readiness(service)
        return found == status and words in text

    await until(says)


@asynccontextmanager
async def granted(
    broker: AclBroker, name: str, given: Sequence[tuple[str, str, str]]
) -> AsyncIterator[tuple[KafkaClient, SandboxServer]]:
    """A topic and its dead letters, with these rights to them."""
    async with broker.cluster.client() as kafka, SandboxServer(FREE) as planhat:
        await kafka.create_topic(name, partitions=2)
        await kafka.create_topic(f"{name}-dead")
        for one in given:
            await broker.give(*one)
        yield kafka, planhat


@pytest.mark.parametrize("taken", [0, 1, 2], ids=["topic", "group", "dead letters"])
async def test_a_right_that_is_taken_away_is_waited_for(
    broker: AclBroker, tmp_path: Path, taken: int
) -> None:
    name, log, hull = f"events-{taken}", tmp_path / "log", Hull(users=50, accounts=5)
    right = rights(name)[taken]
    says = "dead letters can't be written: not auth" if taken == 2 else "Kafka refuses: not auth"
    async with granted(broker, name, rights(name)) as (kafka, planhat):
        settings = environment(kafka, planhat, name, tmp_path) | broker.environment
        async with ServiceProcess(log, **settings) as service:
            await until_it_says(service, 200)
            await produce(kafka, name, hull.changes(100))
            await until_committed(kafka, name, service)

            await broker.take(*right)
            await produce(kafka, name, hull.changes(100))
            await kafka.produce(name, [Entry(b"torn", b"torn")])
            await until_it_says(service, 503, says)
            await broker.give(*right)

            await until_it_says(service, 200)
            await until_committed(kafka, name, service)
            assert len(await kafka.read(f"{name}-dead")) == 1
        check(hull, planhat)
    assert bool(lines(log, "kafka.refused")) is (taken < 2)
    assert len(lines(log, "kafka.refused")) == len(lines(log, "kafka.goes_on"))
    assert lines(log, "service.crashed") == []


async def test_without_rights_at_the_start_it_waits_and_says_so(
    broker: AclBroker, tmp_path: Path
) -> None:
    name = "events-late"
    async with granted(broker, name, [("topic", name, "DESCRIBE")]) as (kafka, planhat):
        settings = environment(kafka, planhat, name, tmp_path) | broker.environment
        async with ServiceProcess(tmp_path / "log", **settings) as service:
            await until_it_says(service, 503, "Kafka refuses: not authorized for the group")
            for one in rights(name):
                await broker.give(*one)

            await until_it_says(service, 200)
