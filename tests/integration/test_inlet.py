"""How posts are written: whole, in order, or given up for good."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from consumer.errors import KafkaUnavailable
from consumer.kafka.inlet import KafkaInlet
from consumer.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.kafka_client import KafkaClient
    from tests.integration.kafka_cluster import KafkaCluster


def inlet(servers: str, topic: str) -> KafkaInlet:
    return KafkaInlet(Settings.read({"KAFKA_BOOTSTRAP_SERVERS": servers}).kafka, topic)


async def test_what_was_given_up_does_not_come_later(own_broker: KafkaCluster) -> None:
    async with own_broker.client() as kafka:
        await kafka.create_topic("events")
    found = inlet(own_broker.bootstrap_servers, "events")
    await found.write([(b"k", b"first", ())], 10)
    await own_broker.kill_broker(1)

    with pytest.raises(KafkaUnavailable):
        await found.write([(b"k", b"given up", ())], 2)
    await own_broker.start_broker(1)
    await asyncio.sleep(3)  # a producer that still tries would write by now
    await found.write([(b"k", b"newer", ())], 20)

    async with own_broker.client() as kafka:
        assert [one.value for one in await kafka.read("events")] == [b"first", b"newer"]
    await found.close()


async def test_what_the_topic_does_not_take_costs_itself(
    kafka: KafkaClient, topic: Callable[[str], str]
) -> None:
    name = topic("events")
    await kafka.create_topic(name, max_message_bytes="20000")
    found = inlet(kafka.bootstrap_servers, name)
    noise = os.urandom(50_000)
    letters = [(b"k", b"one", ()), (b"l", noise, ()), (b"k", b"two", ()), (b"m", noise, ())]

    large = await found.write([*letters, (b"k", b"three", ()), (b"n", bytes(17 << 20), ())], 30)

    assert large == {1, 3, 5}
    assert [one.value for one in await kafka.read(name)] == [b"one", b"two", b"three"]
    await found.close()


async def test_several_at_once_are_not_mixed(
    kafka: KafkaClient, topic: Callable[[str], str]
) -> None:
    name = topic("events")
    await kafka.create_topic(name)
    found = inlet(kafka.bootstrap_servers, name)
    groups = [[(b"k", b"%d" % group, ()) for _ in range(200)] for group in range(5)]

    await asyncio.gather(*(found.write(one, 30) for one in groups))

    values = [one.value or b"" for one in await kafka.read(name)]
    assert len(values) == 1000
    assert values == sorted(values)
    await found.close()


async def test_a_topic_that_is_missing_is_said(kafka: KafkaClient) -> None:
    found = inlet(kafka.bootstrap_servers, "there-is-none-of-this-name")

    with pytest.raises(KafkaUnavailable):
        await found.connect(3)
    await found.close()


async def test_nothing_is_written_of_nothing() -> None:
    assert await inlet("127.0.0.1:1", "events").write([], 1) == set()
