"""A fetch cut into batches, and the records of one: by aiokafka's C parser, else by our own.

What is unpacked of large batches is bounded over all partitions: of those that are half read the
oldest is let go, and unpacked once more when it is its turn again.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from aiokafka.record.default_records import DefaultRecordBatch

from consumer.kafka.batches.batch import (
    CODEC,
    FRONT,
    GIANT,
    Found,
    batch_end,
    behind,
    first_offset,
    place,
    record,
)
from consumer.kafka.batches.unpack import Unpacker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.kafka.batches.batch import Batch, Buffer

MOST_UNPACKED: Final = 32 << 20
"""Bytes that a batch may hold when it is unpacked, and all that are half read together."""

_SMALL: Final = 1 << 18
"""Bytes unpacked that are not worth to be counted."""

_ATTRIBUTES_AT: Final = 22
_COUNT: Final = struct.Struct(">i")


class FetchedBatches:
    """The bytes of a partition, batch by batch; in place of aiokafka's MemoryRecords."""

    def __init__(self, content: bytes) -> None:
        """Only the last batch may be cut off."""
        self._content = memoryview(content)
        self._at = 0
        self._end = batch_end(content, 0)

    def has_next(self) -> bool:
        """Whether there is anything to be read, if only a batch that is no batch."""
        return self._end is not None or self._at == 0 < len(self._content)

    def size_in_bytes(self) -> int:
        """Give the size of it all."""
        return len(self._content)

    def next_batch(self) -> Buffer | None:
        """Give the bytes of the next batch; None if they are none."""
        begin, end = self._at, self._end
        if end is None:
            self._at = len(self._content)
            return None
        self._at, self._end = end, batch_end(self._content, end)
        return self._content[begin:end]

    @property
    def next_offset(self) -> int | None:
        """The first offset of the next batch; None if there is none."""
        return None if self._end is None else first_offset(self._content[self._at : self._end])


class Shelf(Unpacker):
    """What is unpacked of batches that are half read: at most as much as one of them may hold."""

    def __init__(self, most: int = MOST_UNPACKED) -> None:
        super().__init__(most)
        self._sizes: dict[Contents, int] = {}
        self._total = 0
        self.unpacked = 0

    def unpack(self, batch: Batch) -> Buffer:
        """Give a batch as it would lie there uncompressed; raises TooLarge and Broken."""
        raw = batch.raw
        front = bytearray(raw[: FRONT.size])
        front[_ATTRIBUTES_AT] &= ~CODEC
        # Counted before: what can't be unpacked costs as much.
        self.unpacked += self.most
        found = self.decompress(batch.codec, bytes(front), raw[FRONT.size :])
        self.unpacked += len(found) - self.most
        return found

    def try_out(self, codec: int, packed: Buffer) -> None:
        """Unpack in vain, to see that it can be had; raises TooLarge and Broken."""
        self.unpacked += self.most
        self.decompress(codec, b"", packed)

    def put(self, one: Contents, size: int) -> None:
        """It holds so much now."""
        if size > _SMALL:
            self._sizes[one] = size
            self._total += size
            while self._total > self.most and len(self._sizes) > 1:
                oldest = next(iter(self._sizes))
                self.drop(oldest)
                oldest.let_go()

    def drop(self, one: Contents) -> None:
        """It holds nothing any more."""
        self._total -= self._sizes.pop(one, 0)


class Contents:
    """Gives the records of a batch one after the other."""

    __slots__ = ("_at", "_batch", "_given", "_last", "_next", "_shelf", "_unread", "_whole")

    def __init__(self, batch: Batch, shelf: Shelf) -> None:
        self._batch = batch
        self._shelf = shelf
        self._whole: Buffer | None = None
        self._unread: Iterator[Any] | None = None
        self._at: int | None = None
        self._given = 0
        self._last = self._next = FRONT.size

    def fast(self) -> Iterator[Any]:
        """Give them as aiokafka reads them; raises TooLarge, Broken, then anything of its."""
        whole = self._held()
        if len(whole) <= (_SMALL if self._batch.codec else GIANT):
            found: Iterator[Any] = iter(DefaultRecordBatch(whole))
            return found
        return self._let_go_between()

    def slow(self, index: int, *, is_first: bool) -> Found:
        """Give the record at `index`, the next one; at first those before it are passed over."""
        whole = self._held()
        if is_first:
            given = self._given
            begin = self._next if index == given else self._last
            self._at = begin if 0 <= given - index <= 1 and given else place(whole, begin, index)
        if self._at is None:
            return Found(None, fault="its size is broken")
        found = record(whole, self._at, self._batch)
        self._at = found.end
        return found

    def let_go(self) -> None:
        """Free what was unpacked; it can be had again."""
        self._whole = self._unread = None

    def close(self) -> None:
        """Nobody reads on."""
        self._shelf.drop(self)
        self.let_go()

    def _held(self) -> Buffer:
        if self._whole is None:
            batch = self._batch
            if not batch.codec:
                self._whole = batch.raw
            else:
                self._whole = self._shelf.unpack(batch)
                self._shelf.put(self, len(self._whole))
        return self._whole

    def _let_go_between(self) -> Iterator[Any]:
        """Hold nothing that was let go while somebody else read, and go on where that was."""
        while True:
            whole = self._held()
            if self._unread is None:
                self._unread = iter(DefaultRecordBatch(self._rest(whole)))
            end = self._end(whole)
            try:
                found = next(self._unread)
            except StopIteration:
                return
            self._given += 1
            self._last, self._next = self._next, end
            yield found

    def _end(self, whole: Buffer) -> int:
        """Where the record ends that is read next."""
        if self._next >= len(whole):
            return self._next
        end = behind(whole, self._next)
        if end is None:
            raise ValueError("a record too large for the fast parser")
        return end

    def _rest(self, whole: Buffer) -> Buffer:
        """Make a batch of the records that were not given: to pass over others costs time."""
        if not self._given:
            return whole
        front = bytearray(whole[: FRONT.size])
        _COUNT.pack_into(front, FRONT.size - _COUNT.size, self._batch.records - self._given)
        if isinstance(whole, bytes):
            return bytes(front) + whole[self._next :]
        # Over what nobody reads any more: there is no memory for a copy.
        begin = self._next - FRONT.size
        whole[begin : self._next] = front
        return whole[begin:]
