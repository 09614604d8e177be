"""How the commands write, where Kafka goes away meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from consumer.errors import KafkaUnavailable
from consumer.kafka.producer import TopicWriter
from consumer.settings import Settings

if TYPE_CHECKING:
    from tests.integration.kafka_cluster import KafkaCluster


async def test_who_leaves_does_not_wait_for_brokers_that_are_gone(own_broker: KafkaCluster) -> None:
    async with own_broker.client() as kafka:
        await kafka.create_topic("copies")
    environ = {"KAFKA_BOOTSTRAP_SERVERS": own_broker.bootstrap_servers}
    writer = TopicWriter(Settings.read(environ).kafka)
    await writer.__aenter__()
    await (await writer.send("copies", b"key", b"before"))
    await own_broker.kill_broker(1)

    with pytest.raises(KafkaUnavailable):
        await (await writer.send("copies", b"key", b"after"))
    async with asyncio.timeout(10):
        await writer.__aexit__(None, None, None)
