"""Brings a stream into a topic, fast: any broker, no service code."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from confluent_kafka import Producer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from consumer.cli.demo.message import Produced

_PATIENCE: Final = 60.0
_SERVED_EVERY: Final = 500


def produce(
    bootstrap_servers: str,
    topic: str,
    records: Iterable[Produced],
    told: Callable[[int], object] = lambda _: None,
) -> int:
    """Write all records, in order and acknowledged by all replicas; returns how many.

    `told` hears the number so far now and then. Raises TimeoutError if they can't be written.
    """
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "enable.idempotence": True,
            "compression.type": "lz4",
            "linger.ms": 20,
            "message.max.bytes": 8_000_000,
            "log_level": 3,
        },
        logger=logging.getLogger("librdkafka"),
    )
    count = 0
    for record in records:
        _put(producer, topic, record)
        count += 1
        if not count % _SERVED_EVERY:
            producer.poll(0)
            told(count)
    left = producer.flush(_PATIENCE)
    if left:
        raise TimeoutError(f"{left} records could not be written to {topic}")
    told(count)
    return count


def _put(producer: Producer, topic: str, record: Produced) -> None:
    while True:
        try:
            producer.produce(topic, record.value, record.key, headers=list(record.headers))
        except BufferError:
            producer.poll(0.1)
        else:
            return
