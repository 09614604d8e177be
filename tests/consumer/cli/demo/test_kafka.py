"""The embedded Kafka."""

from __future__ import annotations

import pytest

pytest.importorskip("confluent_kafka", reason="needs confluent-kafka: pip install confluent-kafka")

from consumer.cli.demo.kafka import EmbeddedKafka
from consumer.cli.demo.ledger import Rejected
from consumer.cli.demo.workload import Produced


def test_what_is_produced_lies_in_the_topic() -> None:
    kafka = EmbeddedKafka("topic")
    records = [Produced(f"{number % 7}".encode(), b"value") for number in range(1_000)]

    kafka.produce("topic", records)

    assert sum(kafka.ends("topic").values()) == 1_000


def test_dead_letters_are_read_with_their_positions() -> None:
    kafka = EmbeddedKafka("dead")
    records = [
        Produced(b"k", b"one", (("dl.position", b"3"),)),
        Produced(b"k", b"two", (("dl.reason", b"bad"),)),
    ]

    kafka.produce("dead", records)

    assert kafka.dead_letters("dead") == [Rejected(b"one", 3), Rejected(b"two", None)]


def test_a_group_that_never_was_has_committed_nothing() -> None:
    kafka = EmbeddedKafka("topic")

    committed = kafka.committed("topic", "group")

    assert len(committed) == 4
    assert all(offset < 0 for offset in committed.values())
