"""Reading what a member of the consumer group was given, and what the client knows of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import aiokafka

from consumer.clock import loop_time
from consumer.errors import KafkaError, KafkaUnavailable
from consumer.kafka.connection import door, records
from consumer.offsets.record import Partition, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.settings.kafka import KafkaSettings

_ASK_AGAIN_SECONDS = 5.0

_NOWHERE = aiokafka.TopicPartition("<none>", 0)


class Reading:
    """Reads bytes by the client that joined the group; who joins and leaves sets it."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._joined: aiokafka.AIOKafkaConsumer | None = None
        self._asked_at = float("-inf")

    async def poll(
        self, partitions: Sequence[Partition], seconds: float, max_records: int
    ) -> list[Record]:
        """Read from these partitions only, waiting at most `seconds` for the first record.

        No partition at all still counts as a poll and lets no buffer go (pausing would). Of many
        partitions only one is read out, that of the first record: if a second could not be read,
        aiokafka would lose what it had of the first.
        """
        wanted = [aiokafka.TopicPartition(*partition) for partition in partitions] or [_NOWHERE]
        is_one = len(wanted) == 1
        with door():
            found = await self._consumer.getmany(
                *wanted,
                timeout_ms=round(seconds * 1000),
                max_records=max_records if is_one else 1,
            )
        read = list(records(found))
        if read and not is_one and max_records > 1:
            with suppress(KafkaError):  # it is told with the next poll
                read += await self.poll([read[0].partition], 0.0, max_records - 1)
        return read

    def rewind(self, partition: Partition, offset: int) -> None:
        """Read on from `offset`, if the partition is still ours."""
        with suppress(KafkaError), door():
            self._consumer.seek(aiokafka.TopicPartition(*partition), offset)

    async def position(self, partition: Partition) -> int | None:
        """The offset that is read next; None if that is not known in time."""
        with suppress(KafkaError), door():
            async with asyncio.timeout(1.0):
                return int(await self._consumer.position(aiokafka.TopicPartition(*partition)))
        return None

    def end(self, partition: Partition) -> int | None:
        """The end of the log as of the last fetch; None before the first."""
        found = None
        with suppress(KafkaError), door():
            found = self._consumer.highwater(aiokafka.TopicPartition(*partition))
        return None if found is None else int(found)

    async def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """The offset of the next record to be written to each; raises KafkaUnavailable."""
        wanted = [aiokafka.TopicPartition(*partition) for partition in partitions]
        with door():
            found = await self._consumer.end_offsets(wanted)
        return {Partition(*partition): int(offset) for partition, offset in found.items()}

    async def offsets_at(self, milliseconds: int) -> dict[Partition, int]:
        """The first offset of that time or later, else the end, of all partitions of the topics.

        In milliseconds since 1970; raises KafkaUnavailable.
        """
        wanted = [
            aiokafka.TopicPartition(topic, number)
            for topic in self._settings.topics
            for number in self._consumer.partitions_for_topic(topic) or ()
        ]
        with door():
            found = await self._consumer.offsets_for_times(dict.fromkeys(wanted, milliseconds))
            later = [name for name in wanted if found.get(name) is None]
            ends = await self._consumer.end_offsets(later) if later else {}
        return {
            Partition(*name): int(ends[name] if found.get(name) is None else found[name].offset)
            for name in wanted
        }

    def partition_count(self) -> int:
        """All partitions of the topics, whoever owns them; 0 while unknown."""
        if self._joined is None:
            return 0
        counts = [self._joined.partitions_for_topic(topic) for topic in self._settings.topics]
        return sum(len(count or ()) for count in counts)

    def unseen(self) -> list[str]:
        """What keeps topics from being seen, which nothing raises; empty if all are."""
        if self._joined is None:
            return []
        cluster = self._joined._client.cluster  # noqa: SLF001 - the only place where it is told
        unseen = []
        for topic in self._settings.topics:
            if topic in cluster.unauthorized_topics:
                unseen.append(f"not authorized for the topic {topic}")
            elif not cluster.partitions_for_topic(topic):
                unseen.append(f"topic {topic} does not exist any more, or may not be seen")
        now = loop_time()
        if unseen and now - self._asked_at >= _ASK_AGAIN_SECONDS:
            self._asked_at = now
            # By itself it would not ask again for minutes.
            self._joined._client.force_metadata_update()  # noqa: SLF001 - likewise
        return unseen

    @property
    def _consumer(self) -> aiokafka.AIOKafkaConsumer:
        if self._joined is None:
            raise KafkaUnavailable("the group was not joined yet")
        return self._joined
