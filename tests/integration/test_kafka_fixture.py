"""The Kafka that the other tests of this folder rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.kafka_client import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.kafka_client import KafkaClient
    from tests.integration.kafka_cluster import KafkaCluster


async def test_what_was_produced_is_read_back_whole(
    kafka: KafkaClient, topic: Callable[[str], str]
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=2)

    offsets = await kafka.produce(
        name,
        [
            Entry(b"u1", b"one", (("channel", b"user:update"),), partition=0),
            Entry(b"u2", None, partition=1),
            Entry(None, b"three", partition=0),
        ],
    )

    assert offsets == [0, 0, 1]
    assert await kafka.end_offsets(name) == {0: 2, 1: 1}
    found = [(one.partition, one.key, one.value, one.headers) for one in await kafka.read(name)]
    assert found == [
        (0, b"u1", b"one", (("channel", b"user:update"),)),
        (0, None, b"three", ()),
        (1, b"u2", None, ()),
    ]


async def test_a_commit_keeps_its_metadata(kafka: KafkaClient, topic: Callable[[str], str]) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=3)

    await kafka.commit("a-group", name, {0: (7, "v1:" + "A" * 4000), 2: (1, "")})

    assert await kafka.committed("a-group", name) == {0: (7, "v1:" + "A" * 4000), 2: (1, "")}


async def test_a_deleted_topic_comes_back_empty(
    kafka: KafkaClient, topic: Callable[[str], str]
) -> None:
    name = topic("events")
    await kafka.create_topic(name, cleanup_policy="compact")
    await kafka.produce(name, [Entry(b"k", b"v")])

    await kafka.delete_topic(name)
    await kafka.create_topic(name)

    assert await kafka.read(name) == []


async def test_a_killed_broker_starts_again_with_its_records(own_broker: KafkaCluster) -> None:
    async with own_broker.client() as kafka:
        await kafka.create_topic("events")
        await kafka.produce("events", [Entry(b"k", b"v")])

        await own_broker.kill_broker(1)
        await own_broker.start_broker(1)

    async with own_broker.client() as kafka:
        assert [one.value for one in await kafka.read("events")] == [b"v"]


@pytest.mark.slow
async def test_two_of_three_brokers_go_on_alone(three_brokers: KafkaCluster) -> None:
    async with three_brokers.client() as kafka:
        await kafka.create_topic("events", partitions=3, replicas=3, min_insync_replicas="2")
        await kafka.produce("events", [Entry(b"k", b"before", partition=n) for n in range(3)])

        await three_brokers.stop_broker(2)
        await kafka.produce("events", [Entry(b"k", b"during", partition=n) for n in range(3)])
        leaders = set((await kafka.leaders("events")).values())
        await three_brokers.start_broker(2)

        assert leaders == {1, 3}
        assert await kafka.end_offsets("events") == {0: 2, 1: 2, 2: 2}
