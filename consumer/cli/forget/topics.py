"""Looks for people in our topics, and writes tombstones for their results."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from consumer.forget.names import Name
from consumer.forget.traces import Traces, planhat_id_in
from consumer.kafka.coordinator import Coordinator
from consumer.kafka.producer import TopicWriter
from consumer.kafka.reader import TopicReader
from consumer.offsets.record import Partition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from consumer.forget.traces import Persons
    from consumer.offsets.record import Positions, Record
    from consumer.settings.kafka import KafkaSettings


async def keys_of(
    settings: KafkaSettings, persons: Persons, seconds: float
) -> dict[str, list[Name]]:
    """Hull id -> keys of its contact, by its newest message of the last `seconds` and its result.

    Raises KafkaError.
    """
    async with TopicReader(settings) as reader:
        found: dict[str, list[Name]] = {}
        latest: dict[str, float] = {}
        async for record in _since(reader, settings.topics, max(0.0, time.time() - seconds)):
            for hull_id, names in persons.meant(record).items():
                if record.timestamp >= latest.get(hull_id, 0.0):
                    latest[hull_id], found[hull_id] = record.timestamp, names
        if settings.results_topic:
            async for record in _all(reader, settings.results_topic):
                planhat_id = planhat_id_in(record)
                if planhat_id and persons.are_result(record):
                    found.setdefault(_key(record), []).append(Name("planhat_id", planhat_id))
    return found


async def traces_of(settings: KafkaSettings, persons: Persons) -> Traces:
    """Look through results, dead letters, and what is not delivered yet; raises KafkaError."""
    found = Traces()
    async with TopicReader(settings) as reader:
        # Their Hull ids are learnt here: dead letters and messages are looked for by these, too.
        if settings.results_topic:
            async for record in _all(reader, settings.results_topic):
                hull_id = _key(record)
                if persons.are_result(record):
                    found.results.setdefault(hull_id, set()).add(record.partition.number)
                elif record.value is None and hull_id in found.results:
                    found.results[hull_id].discard(record.partition.number)
            found.results = {hull_id: where for hull_id, where in found.results.items() if where}
        async for record in _all(reader, settings.dead_letter_topic):
            if persons.are_in(record):
                found.dead_letters.append((record.partition.number, record.offset))
        await _undelivered(settings, reader, persons, found)
    return found


async def _undelivered(
    settings: KafkaSettings, reader: TopicReader, persons: Persons, found: Traces
) -> None:
    for topic in settings.topics:
        spans = await reader.spans(topic)
        committed = await _committed(settings, [Partition(topic, number) for number in spans])
        for number, (start, end) in spans.items():
            partition = Partition(topic, number)
            begin = max(start, committed.get(partition, (start, ""))[0])
            async for record in reader.read(partition, begin, end):
                found.undelivered += 1
                found.theirs += persons.are_in(record)


async def _committed(settings: KafkaSettings, partitions: Sequence[Partition]) -> Positions:
    coordinator = Coordinator(settings)
    try:
        return await coordinator.committed(partitions)
    finally:
        await coordinator.close()


async def bury(settings: KafkaSettings, traces: Traces) -> list[tuple[str, int, int]]:
    """Write a tombstone for each result; gives Hull id, partition and offset of each."""
    written = []
    async with TopicWriter(settings) as writer:
        for hull_id, partitions in traces.results.items():
            # Where the results lie, whatever number of partitions the topic had then.
            for number in sorted(partitions):
                topic, key = settings.results_topic, hull_id.encode()
                sent = await writer.send(topic, key, None, partition=number)
                written.append((hull_id, number, await sent))
    traces.tombstones = len(written)
    return written


async def _all(reader: TopicReader, topic: str) -> AsyncIterator[Record]:
    for number, (start, end) in (await reader.spans(topic)).items():
        async for record in reader.read(Partition(topic, number), start, end):
            yield record


async def _since(
    reader: TopicReader, topics: Sequence[str], moment: float
) -> AsyncIterator[Record]:
    for topic in topics:
        for number, (start, end) in (await reader.since(topic, moment)).items():
            async for record in reader.read(Partition(topic, number), start, end):
                yield record


def _key(record: Record) -> str:
    return (record.key or b"").decode(errors="replace")
