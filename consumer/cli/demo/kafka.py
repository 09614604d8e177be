"""An embedded Kafka: librdkafka's mock cluster, the protocol in this process without any broker.

What it can't do (librdkafka 2.16): groups of more than one member, the creation of topics by an
admin request (the first look at a topic creates it, with four partitions), and more than about
5 MB a partition, of which the oldest go first. A group waits three seconds for its first member.
"""

from __future__ import annotations

import logging
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from confluent_kafka import Consumer, Producer, TopicPartition

from consumer.cli.demo.ledger import Rejected
from consumer.outbox.replay import positions_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumer.cli.demo.workload import Produced

_PATIENCE: Final = 10.0
_LIBRARY = logging.getLogger("librdkafka")


class EmbeddedKafka:
    """The cluster; all its calls block for a moment."""

    def __init__(self, *topics: str) -> None:
        """Start one broker on a free port of this machine, with these topics."""
        self._cluster = Producer(
            {
                "test.mock.num.brokers": 1,
                "bootstrap.servers": "mock",
                "compression.type": "lz4",
                "linger.ms": 20,
                "message.max.bytes": 8_000_000,
                "log_level": 3,
            },
            logger=_LIBRARY,
        )
        brokers = self._cluster.list_topics(timeout=_PATIENCE).brokers.values()
        self.bootstrap_servers = ",".join(f"{each.host}:{each.port}" for each in brokers)
        for topic in topics:
            self._cluster.list_topics(topic, timeout=_PATIENCE)

    def produce(self, topic: str, records: Iterable[Produced]) -> None:
        """Write all records in order. Raises TimeoutError if they can't be written."""
        for record in records:
            self._cluster.produce(topic, record.value, record.key, headers=list(record.headers))
        left = self._cluster.flush(_PATIENCE)
        if left:
            raise TimeoutError(f"{left} records could not be written to {topic}")

    def ends(self, topic: str) -> dict[int, int]:
        """Give the end of each partition."""
        with self._consumer() as consumer:
            return {
                number: consumer.get_watermark_offsets(
                    TopicPartition(topic, number), timeout=_PATIENCE
                )[1]
                for number in self._partitions(topic)
            }

    def committed(self, topic: str, group: str) -> dict[int, int]:
        """Give what a group has committed; negative where it hasn't."""
        wanted = [TopicPartition(topic, number) for number in self._partitions(topic)]
        with self._consumer(group) as consumer:
            found = consumer.committed(wanted, timeout=_PATIENCE)
        return {each.partition: each.offset for each in found}

    def dead_letters(self, topic: str) -> list[Rejected]:
        """Read all dead letters."""
        ends = self.ends(topic)
        found: list[Rejected] = []
        read = 0
        with self._consumer() as consumer:
            consumer.assign([TopicPartition(topic, number, 0) for number in ends])
            while read < sum(ends.values()):
                message = consumer.poll(_PATIENCE)
                if message is None or message.error():
                    break
                read += 1
                found += _rejected(message)
        return found

    def _partitions(self, topic: str) -> list[int]:
        found = self._cluster.list_topics(topic, timeout=_PATIENCE).topics[topic]
        return sorted(found.partitions)

    def _consumer(self, group: str = "witness") -> closing[Any]:
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap_servers,
                "group.id": group,
                "enable.auto.commit": False,
                "log_level": 3,
            },
            logger=_LIBRARY,
        )
        return closing(consumer)


def _rejected(message: Any) -> list[Rejected]:  # noqa: ANN401 - confluent-kafka has no types
    positions = positions_of(dict(message.headers() or ()))
    return [Rejected(message.value() or b"", each) for each in sorted(positions or ()) or (None,)]
