"""The embedded Kafka and the producer."""

from __future__ import annotations

import pytest

pytest.importorskip("confluent_kafka", reason="needs confluent-kafka: pip install confluent-kafka")

from consumer.cli.demo.expectation import Rejected
from consumer.cli.demo.kafka import EmbeddedKafka
from consumer.cli.demo.message import Produced
from consumer.cli.demo.produce import produce


def test_what_is_produced_lies_in_the_topic() -> None:
    kafka = EmbeddedKafka()
    kafka.create("topic")
    records = [Produced(f"{number % 7}".encode(), b"value") for number in range(1_000)]
    counted: list[int] = []

    count = produce(kafka.bootstrap_servers, "topic", records, counted.append)

    assert count == sum(kafka.ends("topic").values()) == 1_000
    assert counted[-1] == 1_000


def test_dead_letters_are_read_with_their_positions() -> None:
    kafka = EmbeddedKafka()
    kafka.create("dead")
    records = [
        Produced(b"k", b"one", (("dl.position", b"3"),)),
        Produced(b"k", b"two", (("dl.reason", b"bad"),)),
    ]

    produce(kafka.bootstrap_servers, "dead", records)

    assert kafka.dead_letters("dead") == [Rejected(b"one", 3), Rejected(b"two", None)]


def test_a_group_that_never_was_has_committed_nothing() -> None:
    kafka = EmbeddedKafka()
    kafka.create("topic")

    committed = kafka.committed("topic", "group")

    assert len(committed) == 4
    assert all(offset < 0 for offset in committed.values())
