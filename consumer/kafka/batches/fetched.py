"""What a fetch brought of a partition, made into records: nothing in it stops the partition.

aiokafka reads fetched bytes in `getmany`, and raises at what it can't read, each time anew, for
ever. So its `MemoryRecords` and `PartitionRecords` are replaced by ours in its fetcher: they give a
record with a `fault` instead. A fault that may be one of the moment, as a wrong checksum, raises
KafkaUnreadable for the first times.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiokafka import ConsumerRecord
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch

from consumer.errors import KafkaUnreadable
from consumer.kafka.batches.batch import MOST_HEADERS, Found, batch, first_offset, magic, old_packed
from consumer.kafka.batches.contents import Contents, FetchedBatches, Shelf
from consumer.kafka.batches.unpack import Broken, TooLarge
from consumer.offsets.record import Partition

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from consumer.kafka.batches.batch import Batch, Buffer

MOST_READ: Final = 8 << 20
"""Bytes of records after which a poll ends, whatever it may hold: a batch is unpacked at once."""

TRIES: Final = 5
"""How often a batch is read that may be broken for the moment only."""

_FORMAT: Final = 2
_OVERHEAD: Final = 64

_tries: Final[dict[Partition, tuple[int, int]]] = {}
"""What could not be read, one place of each partition, and how often that was tried."""

shelf: Final = Shelf()
"""Of this process, as its memory is."""


@dataclass
class FaultyRecord(ConsumerRecord):  # type: ignore[misc]  # aiokafka is untyped here
    """A record by our own reader, or a batch at its first offset; `fault`: why it is no use."""

    fault: str | None = None


class FetchedRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka is untyped here
    """The records of a partition; `next_fetch_offset` is behind what was given, never goes back."""

    next_fetch_offset: int
    _read = 0
    _unpacked = 0

    def __iter__(self) -> Iterator[Any]:
        """Begin a poll: it ends when much was read, what is left is fetched again."""
        self._read = 0
        self._unpacked = shelf.unpacked
        return iter(self._records_iterator or ())

    def _unpack_records(self) -> Iterator[Any]:
        while self._records.has_next() and not self._is_enough():
            raw = self._records.next_batch()
            found = None if raw is None else batch(raw)
            if raw is not None and magic(raw) < _FORMAT:
                yield from self._of_old_format(raw)
            elif trouble := _trouble(found, self.next_fetch_offset, checks=self._check_crcs):
                if self._is_put_off(trouble):
                    return
                last = _seems_to_end(found, self.next_fetch_offset, self._records.next_offset)
                yield self._fault(trouble, self.next_fetch_offset, last)
                # What was aborted is known anew with the next fetch: it may have been a marker.
                return
            elif found is not None:
                if not self._is_passed_over(found):
                    yield from self._of(found)
                    if self.next_fetch_offset <= found.last and self._is_enough():
                        return
                self.next_fetch_offset = max(self.next_fetch_offset, found.last + 1)

    def _is_enough(self) -> bool:
        return self._read > MOST_READ or shelf.unpacked - self._unpacked > shelf.most

    def _is_put_off(self, trouble: str) -> bool:
        """Whether what was read before it is to be taken first.

        Raises KafkaUnreadable if nothing was, unless that was done often enough.
        """
        at = self.next_fetch_offset
        if self._read:
            return True
        partition = Partition(*self._tp)
        doubted, tries = _tries.pop(partition, (at, 0))
        tries = tries if doubted == at else 0
        if tries < TRIES:
            _tries[partition] = (at, tries + 1)
            raise KafkaUnreadable(f"offset {at}: {trouble}", partition)
        return False

    def _is_passed_over(self, found: Batch) -> bool:
        """Whether its records do not count, and follow the transactions."""
        if self._isolation_level == fetcher.READ_COMMITTED:
            self._consume_aborted_up_to(found.base)
            if found.is_control:
                # Whatever it says: the first marker behind an aborted transaction is its own.
                self._aborted_producers.discard(found.producer_id)
            elif found.is_transactional and found.producer_id in self._aborted_producers:
                return True
        return found.is_control

    def _of(self, found: Batch) -> Iterator[Any]:
        with closing(Contents(found, shelf)) as contents:
            trouble = yield from self._read_out(contents, found)
        if trouble:
            yield self._fault(trouble, found.base, found.last)

    def _read_out(self, contents: Contents, found: Batch) -> Generator[Any, None, str]:
        """Read as aiokafka does, then by our own reader; return why it can't be unpacked, or ""."""
        topic, partition = self._tp
        is_dense, last, timestamp_type = found.is_dense, found.last, found.timestamp_type
        expected, done = found.base, 0
        try:
            for record in contents.fast():
                offset, headers = record.offset, record.headers
                is_ahead = offset != expected and (is_dense or not expected < offset <= last)
                if is_ahead or len(headers) > MOST_HEADERS:
                    break
                expected = offset + 1
                done += 1
                if offset >= self.next_fetch_offset:
                    self.next_fetch_offset = expected
                    key, value = record.key, record.value
                    key_size = -1 if key is None else len(key)
                    size = -1 if value is None else len(value)
                    self._read += size + _OVERHEAD
                    yield ConsumerRecord(
                        topic,
                        partition,
                        offset,
                        record.timestamp,
                        timestamp_type,
                        key,
                        value,
                        None,
                        key_size,
                        size,
                        headers,
                    )
                    if self._read > MOST_READ:
                        return ""
            else:
                return ""
        except (TooLarge, Broken) as error:
            return str(error)
        except Exception:  # noqa: BLE001, S110 - our own reader finds out what it is
            pass
        yield from self._read_singly(contents, found, done, expected)
        return ""

    def _read_singly(
        self, contents: Contents, found: Batch, begin: int, expected: int
    ) -> Iterator[Any]:
        """Read on from the record that aiokafka can't read: a fault costs no other record."""
        for index in range(begin, found.records):
            one = contents.slow(index, is_first=index == begin)
            if one.end is None or expected > found.last:
                break
            offset, fault = one.offset, one.fault
            if offset is None or not _fits(offset, expected, found):
                fault = fault or f"it says that its offset is {offset}"
                offset = expected
            expected = offset + 1
            if offset >= self.next_fetch_offset:
                self.next_fetch_offset = expected
                told = fault and f"unreadable record: {fault}"
                self._read += len(one.value or b"") + _OVERHEAD
                yield _made(self._tp, offset, one, told, found.timestamp_type)
                if self._is_enough():
                    return
        if expected <= found.last:
            yield self._fault("its bytes do not make so many records", expected, found.last)

    def _of_old_format(self, raw: Buffer) -> Iterator[Any]:
        """Messages of format 0 and 1, of which a compressed one holds many."""
        last = first_offset(raw)
        whole = None
        try:
            packed = old_packed(raw)
            if packed is not None:
                shelf.try_out(*packed)
            whole = LegacyRecordBatch(raw, magic(raw))
            is_right = not self._check_crcs or whole.validate_crc()
            trouble = "" if is_right and last >= self.next_fetch_offset else "a broken message"
        except Exception as error:  # noqa: BLE001 - whatever it is, it can't be read
            trouble = str(error) or type(error).__name__
        if trouble or whole is None:
            if self._is_put_off(trouble):
                return
            yield self._fault(trouble, self.next_fetch_offset, self.next_fetch_offset)
        else:
            yield from self._of_old_message(whole, last)
        self.next_fetch_offset = max(self.next_fetch_offset, last + 1)

    def _of_old_message(self, whole: Any, last: int) -> Iterator[Any]:  # noqa: ANN401 - aiokafka's
        try:
            for record in whole:
                if self.next_fetch_offset <= record.offset <= last:
                    self.next_fetch_offset = record.offset + 1
                    self._read += len(record.value or b"") + _OVERHEAD
                    yield self._consumer_record(self._tp, record)
        except Exception as error:  # noqa: BLE001 - see above
            if self.next_fetch_offset <= last:
                yield self._fault(str(error), self.next_fetch_offset, last)

    def _fault(self, why: str, first: int, last: int) -> FaultyRecord:
        """Stand for these offsets, at the first of them that was not given yet."""
        first = max(first, self.next_fetch_offset)
        self.next_fetch_offset = max(first, last) + 1
        span = f"offset {first}" if last <= first else f"offsets {first} to {last}"
        self._read += _OVERHEAD
        return _made(self._tp, first, Found(None), f"unreadable batch, {span}: {why}")


def _made(
    place: tuple[str, int], offset: int, one: Found, fault: str | None, timestamp_type: int = 0
) -> FaultyRecord:
    key_size = -1 if one.key is None else len(one.key)
    size = -1 if one.value is None else len(one.value)
    told = (one.key, one.value, None, key_size, size, one.headers)
    return FaultyRecord(*place, offset, one.timestamp, timestamp_type, *told, fault)


def _trouble(found: Batch | None, asked_for: int, *, checks: bool) -> str:
    """Why a batch can't be trusted; empty if it can."""
    if found is None:
        return "no batch can be seen in it"
    if magic(found.raw) != _FORMAT:
        return f"unknown format {magic(found.raw)}"
    if checks and not DefaultRecordBatch(found.raw).validate_crc():
        return "its checksum is wrong"
    if found.last < asked_for:
        return f"it lies before offset {asked_for}, which was asked for"
    return ""


def _seems_to_end(found: Batch | None, at: int, following: int | None) -> int:
    """The last offset that a batch has at the least, where nothing is sure of it."""
    if following is not None and following > at:
        return following - 1
    return max(at, found.last) if found is not None and found.is_dense else at


def _fits(offset: int, expected: int, found: Batch) -> bool:
    """Whether a record can be where it says: in order, and within its batch."""
    return offset == expected or (not found.is_dense and expected <= offset <= found.last)


fetcher.MemoryRecords = FetchedBatches
fetcher.PartitionRecords = FetchedRecords
