"""A door to aiokafka: reads topics by offset, outside of any group; nothing is committed."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, Self

import aiokafka
from aiokafka.errors import KafkaConnectionError

from consumer.clock import loop_time
from consumer.errors import KafkaError, KafkaUnavailable, KafkaUnreadable
from consumer.kafka.batches.fetched import shelf
from consumer.kafka.connection import connection, records, started, translated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from consumer.offsets.record import Partition, Record
    from consumer.settings.kafka import KafkaSettings

_ANSWER_SECONDS: Final = 15.0
_POLL_MILLISECONDS: Final = 500
_CHUNK: Final = 500
_REST_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 2.0


class TopicReader:
    """Used by `async with`; raises KafkaUnavailable and KafkaRefused, each wait is bounded."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._consumer: aiokafka.AIOKafkaConsumer

    async def __aenter__(self) -> Self:
        """Connect."""
        shelf.most = self._settings.max_unpacked_bytes
        self._consumer = aiokafka.AIOKafkaConsumer(
            **connection(self._settings),
            client_id="hull-planhat",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            request_timeout_ms=round(_ANSWER_SECONDS * 1000),
        )
        async with in_time(f" from {self._settings.bootstrap_servers}"):
            await started(self._consumer, self._settings)
        return self

    async def __aexit__(self, *error: object) -> None:
        """Let go of the connection."""
        # aiokafka's fetcher drops a cancellation that meets it between two assignments, and would
        # be waited for without end: the second one ends it, and `stop` goes on.
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await self._consumer.stop()

    async def spans(self, topic: str) -> dict[int, tuple[int, int]]:
        """Partition -> (first offset that is kept, offset of the next record to be written)."""
        async with in_time():
            wanted = await self._partitions(topic)
            begins = await self._consumer.beginning_offsets(wanted)
            ends = await self._consumer.end_offsets(wanted)
        return {one.partition: (int(begins[one]), int(ends[one])) for one in wanted}

    async def since(self, topic: str, moment: float) -> dict[int, tuple[int, int]]:
        """The same, but from the first record that was written at `moment` (seconds since 1970)."""
        spans = await self.spans(topic)
        wanted = {aiokafka.TopicPartition(topic, at): round(moment * 1000) for at in spans}
        async with in_time():
            found = await self._consumer.offsets_for_times(wanted)
        starts = {one.partition: at.offset for one, at in found.items() if at is not None}
        return {at: (starts.get(at, end), end) for at, (_, end) in spans.items()}

    async def read(self, partition: Partition, start: int, end: int) -> AsyncIterator[Record]:
        """Yield what is kept from `start` to before `end`; what can't be read is told only."""
        if start >= end:
            return
        one = aiokafka.TopicPartition(*partition)
        self._consumer.assign([one])
        self._consumer.seek(one, start)
        while await self._position(one) < end:
            for record in await self._some(one):
                if record.offset >= end:
                    return
                if record.fault is None:
                    yield record
                else:
                    _tell(record)

    async def _partitions(self, topic: str) -> list[aiokafka.TopicPartition]:
        # `topics` asks for the same and throws the partitions away.
        cluster = await self._consumer._client.fetch_all_metadata()  # noqa: SLF001 - see above
        numbers = cluster.partitions_for_topic(topic)
        if not numbers:
            raise KafkaUnavailable(f"topic {topic} does not exist")
        return [aiokafka.TopicPartition(topic, number) for number in sorted(numbers)]

    async def _position(self, partition: object) -> int:
        async with in_time():
            found = await self._consumer.position(partition)
        return int(found)

    async def _some(self, partition: object) -> list[Record]:
        """The next records; none only if the position moved over what is no record."""
        began = await self._position(partition)
        deadline = loop_time() + _ANSWER_SECONDS
        while loop_time() < deadline:
            try:
                found = await self._consumer.getmany(
                    partition, timeout_ms=_POLL_MILLISECONDS, max_records=_CHUNK
                )
            except KafkaUnreadable:
                if loop_time() + _REST_SECONDS > deadline:
                    raise
                await asyncio.sleep(_REST_SECONDS)
                continue
            except Exception as error:
                raise told(error) from error
            if found or await self._position(partition) != began:
                return list(records(found))
        raise KafkaUnavailable(f"no records in {_ANSWER_SECONDS:g} s")


def _tell(record: Record) -> None:
    """Say on standard error what is passed over: only commands read by offset."""
    place = f"offset {record.offset} of {record.partition.topic}, partition"
    line = f"hull-planhat: passed over {place} {record.partition.number}: {record.fault}"
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is the command line


@asynccontextmanager
async def in_time(whom: str = "", seconds: float = _ANSWER_SECONDS) -> AsyncIterator[None]:
    """Bound a wait for Kafka, and let only our own errors out, which name `whom`."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except Exception as error:
        raise told(error, whom, seconds) from error


def told(error: Exception, whom: str = "", seconds: float = _ANSWER_SECONDS) -> KafkaError:
    """Our own error for what went wrong with `whom`, for whose answer so long was waited."""
    if isinstance(error, KafkaError):
        return error
    if isinstance(error, TimeoutError):
        return KafkaUnavailable(f"no answer{whom} in {seconds:g} s")
    if isinstance(error, KafkaConnectionError):
        return KafkaUnavailable(f"no answer{whom}: is it Kafka, and does it run there?")
    return translated(error)
