"""The bytes of a fetch cut into batches, and what of them could not be trusted so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from consumer.kafka.batches.batch import batch_end, first_offset

if TYPE_CHECKING:
    from collections.abc import Hashable

    from consumer.kafka.batches.batch import Buffer

TRIES: Final = 5
"""How often a batch is read that may be broken for the moment only."""


class Doubts:
    """What could not be read, and how often that was tried: one place of each partition."""

    def __init__(self) -> None:
        self._tries: dict[Hashable, tuple[int, int]] = {}

    def is_tried_out(self, partition: Hashable, offset: int) -> bool:
        """Count one more try."""
        at, tries = self._tries.get(partition, (offset, 0))
        if at == offset and tries >= TRIES:
            del self._tries[partition]
            return True
        self._tries[partition] = (offset, tries + 1 if at == offset else 1)
        return False


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
