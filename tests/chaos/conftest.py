"""Worlds for the long proofs; all of them are marked `chaos`, but for those of the tools."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chaos.sandbox_process import SandboxProcess
from tests.chaos.world import World
from tests.integration.conftest import (  # noqa: F401 - fixtures
    kafka,
    kafka_address,
    kafka_jars,
    three_brokers,
    topic,
)
from tests.integration.hull import Hull

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from tests.integration.kafka_client import KafkaClient

    Worlds = Callable[..., AbstractAsyncContextManager[World]]

HERE = Path(__file__).parent
TOOLS = {"test_proxy.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the long forms, and let each take its time."""
    for item in items:
        if item.path.is_relative_to(HERE) and item.path.name not in TOOLS:
            item.add_marker(pytest.mark.chaos)
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture
def world(
    kafka: KafkaClient,  # noqa: F811 - a fixture by its name
    topic: Callable[[str], str],  # noqa: F811 - likewise
    tmp_path: Path,
) -> Worlds:
    """Give `async with world(users=..., accounts=..., partitions=...) as one`."""

    @asynccontextmanager
    async def made(
        *,
        users: int,
        accounts: int,
        partitions: int,
        configs: dict[str, str] | None = None,
        **options: object,
    ) -> AsyncIterator[World]:
        name = topic("events")
        async with SandboxProcess(**options) as planhat:
            one = World(kafka, planhat, Hull(users, accounts), name, tmp_path)
            await one.create_topics(partitions, 1, configs)
            try:
                yield one
            finally:
                await kafka.delete_topic(one.dead_topic)

    return made
