"""Blocks of lines for the outcomes topic until Kafka has them, and what was dropped. Pure.

Thousands of messages may end before the first of them can be written. When many blocks wait, what
comes is packed, so that they fit: a line takes a sixth then.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import cramjam

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind: TypeAlias = Literal["outcomes", "summary", "gap"]

_MOST_BYTES: Final = 2 << 20
_PLAIN_BYTES: Final = 512 << 10


@dataclass(frozen=True, slots=True)
class Block:
    """Lines for one record; `count` outcomes in it, which were final from `since` to `until`.

    Both in milliseconds since 1970. `number` counts the blocks of a process, from 1. The lines are
    `kept` as they are, or packed.
    """

    kind: Kind
    kept: bytes
    count: int
    since: int
    until: int
    number: int
    is_packed: bool

    @property
    def value(self) -> bytes:
        """The lines."""
        return bytes(cramjam.zstd.decompress(self.kept)) if self.is_packed else self.kept


@dataclass(slots=True)
class Dropped:
    """Outcomes that were dropped and are not told of yet; moments as in a block."""

    count: int = 0
    since: int = 0
    until: int = 0

    def add(self, count: int, since: int, until: int) -> None:
        """So are these."""
        if count:
            self.since = min(self.since, since) if self.count else since
            self.until = max(self.until, until)
            self.count += count


class BlockQueue:
    """Blocks in their order, in at most so many bytes: beyond them the oldest are dropped."""

    def __init__(self, most_bytes: int = _MOST_BYTES, plain_bytes: int = _PLAIN_BYTES) -> None:
        """While more than `plain_bytes` wait, what comes is packed."""
        self._most = most_bytes
        self._plain = plain_bytes
        self._waiting: deque[Block] = deque()
        self._size = 0
        self._last = 0
        self.last_outcomes = 0
        """The number of the newest block with outcomes that ever came; 0 if none did."""
        self.outcomes = 0
        """That wait here."""
        self.dropped = 0
        """Outcomes, since the start."""
        self._untold = Dropped()

    def __len__(self) -> int:
        """Blocks that wait."""
        return len(self._waiting)

    @property
    def last(self) -> int:
        """The number of the newest block that ever came; 0 if none did."""
        return self._last

    @property
    def first(self) -> int:
        """The number of the oldest block that waits; one more than `last` if none does."""
        return self._waiting[0].number if self._waiting else self._last + 1

    def put(self, kind: Kind, value: bytes, count: int, since: int, until: int) -> None:
        """Let a block wait."""
        self._last += 1
        if count:
            self.last_outcomes = self._last
        is_packed = self._size > self._plain
        kept = bytes(cramjam.zstd.compress(value, level=1)) if is_packed else value
        self._waiting.append(Block(kind, kept, count, since, until, self._last, is_packed))
        self._size += len(kept)
        self.outcomes += count
        self._shrink()

    def take(self, most: int) -> list[Block]:
        """Give the first ones, to be written."""
        blocks = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        for block in blocks:
            self._size -= len(block.kept)
            self.outcomes -= block.count
        return blocks

    def put_back(self, blocks: Sequence[Block]) -> None:
        """They could not be written: they wait on, before all others."""
        for block in reversed(blocks):
            self._waiting.appendleft(block)
            self._size += len(block.kept)
            self.outcomes += block.count
        self._shrink()

    def drop(self, block: Block) -> None:
        """One that was taken can never be written."""
        self.dropped += block.count
        self._untold.add(block.count, block.since, block.until)

    @property
    def has_untold(self) -> bool:
        """Whether something was dropped that is not told of."""
        return self._untold.count > 0

    def take_untold(self) -> Dropped:
        """What was dropped, to be told of."""
        untold, self._untold = self._untold, Dropped()
        return untold

    def put_back_untold(self, untold: Dropped) -> None:
        """It could not be told."""
        self._untold.add(untold.count, untold.since, untold.until)

    def _shrink(self) -> None:
        while self._size > self._most and len(self._waiting) > 1:
            self.drop(self.take(1)[0])
