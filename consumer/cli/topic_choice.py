"""Which records of a topic a command is about, and how they are found."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consumer.kafka.reader import TopicReader
from consumer.offsets.record import Partition

if TYPE_CHECKING:
    from consumer.offsets.record import Record
    from consumer.settings.kafka import KafkaSettings


@dataclass(frozen=True, slots=True)
class Choice:
    """Records from an offset on, or the newest with a key (the Hull id of the profile)."""

    topic: str | None = None
    partition: int = 0
    offset: int = 0
    count: int = 1
    key: str | None = None
    since_seconds: float = 86_400.0

    @property
    def missing(self) -> str:
        """What to say if there are none."""
        if self.key is not None:
            return (
                f"no record with this key in the last {self.since_seconds / 3600:g} h, going by the"
                " timestamps that the records carry; --hours 87600 looks at all that is kept"
            )
        return f"no record at partition {self.partition} from offset {self.offset} on"


async def chosen(settings: KafkaSettings, choice: Choice) -> list[Record]:
    """Find them; raises KafkaError."""
    topic = choice.topic or settings.topics[0]
    async with TopicReader(settings) as reader:
        if choice.key is not None:
            return await _by_key(reader, topic, choice, choice.key.encode())
        _, end = (await reader.spans(topic)).get(choice.partition, (0, 0))
        found: list[Record] = []
        wanted = Partition(topic, choice.partition)
        if choice.offset < end:
            async for record in reader.read(wanted, choice.offset, end):
                found.append(record)
                if len(found) >= choice.count:
                    break
        return found


async def _by_key(reader: TopicReader, topic: str, choice: Choice, key: bytes) -> list[Record]:
    """The newest records with the key, oldest first: all partitions are read, whoever wrote."""
    newest: list[tuple[float, int, Record]] = []
    spans = await reader.since(topic, max(0.0, time.time() - choice.since_seconds))
    for number, (start, end) in spans.items():
        found: deque[tuple[float, int, Record]] = deque(maxlen=choice.count)
        latest = 0.0
        async for record in reader.read(Partition(topic, number), start, end):
            if record.key == key:
                # In a partition the offsets say what is newer, whatever the timestamps say.
                latest = max(latest, record.timestamp)
                found.append((latest, record.offset, record))
        newest = sorted([*newest, *found], key=lambda one: one[:2])[-choice.count :]
    return [record for _, _, record in newest]
