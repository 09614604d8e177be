"""Real Kafka for the tests of this folder; all of them are marked `integration`."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.kafka_choice import any_kafka
from tests.integration.kafka_client import KafkaClient
from tests.integration.kafka_cluster import KafkaCluster
from tests.integration.kafka_jars import Jars, NoKafka, jars

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import NoReturn

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs Kafka, so that nobody has to think of it."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def kafka_address() -> Iterator[str]:
    """Addresses of the session's Kafka, started when the first test asks for it."""
    try:
        choice = any_kafka()
        address = choice.__enter__()
    except NoKafka as error:
        _unavailable(error)
    yield address
    choice.__exit__(None, None, None)


@pytest.fixture
async def kafka(kafka_address: str) -> AsyncIterator[KafkaClient]:
    """Topics, records and offsets of the session's Kafka."""
    async with KafkaClient(kafka_address) as client:
        yield client


@pytest.fixture
async def topic(kafka: KafkaClient) -> AsyncIterator[Callable[[str], str]]:
    """Names of topics that no other test uses; those that were made are removed at the end."""
    names: list[str] = []

    def name(purpose: str = "events") -> str:
        names.append(f"{purpose}-{uuid.uuid4().hex[:12]}")
        return names[-1]

    yield name
    for one in names:
        await kafka.delete_topic(one)


@pytest.fixture(scope="session")
def kafka_jars() -> Jars:
    """What it takes to start brokers of our own."""
    try:
        return jars()
    except NoKafka as error:
        _unavailable(error)


@pytest.fixture
def own_broker(kafka_jars: Jars) -> Iterator[KafkaCluster]:
    """A broker that this test alone has, to stop, kill and start."""
    with KafkaCluster(kafka_jars, 1) as cluster:
        yield cluster


@pytest.fixture
def three_brokers(kafka_jars: Jars) -> Iterator[KafkaCluster]:
    """Three brokers that this test alone has, to stop, kill and start."""
    with KafkaCluster(kafka_jars, 3) as cluster:
        yield cluster


def _unavailable(error: NoKafka) -> NoReturn:
    """Skip with the reason; in CI a test that is skipped is a test that failed."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(error), pytrace=False)
    pytest.skip(str(error))
