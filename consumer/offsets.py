"""The offsets of one partition in one epoch: tracked in order, resolved in any order.

An epoch is one period of owning a partition; each epoch has its own `Offsets`, so that what ends
late can only touch an object which nobody commits from any more.
"""

import base64
import binascii
from collections import deque

METADATA_LIMIT = 4096
"""Characters a broker keeps of a commit's metadata (Kafka: `offset.metadata.max.bytes`)."""

_PREFIX = "hp1:"
_CLEAN = "hp1c:"
"""The same, written by an owner who left: nothing was sent that is not final in this commit."""
_BITS = (METADATA_LIMIT - len(_CLEAN)) // 4 * 3 * 8


def encode(next_offset: int, final: set[int], *, is_clean: bool = False) -> str:
    """The offsets in `final` as commit metadata, relative to `next_offset`.

    `is_clean` tells the next owner that nothing was sent which is not final in this commit.

    Offsets too far above to fit are left out: they would be sent again after a restart, never lost.
    """
    bits = bytearray(_BITS // 8)
    length = 0
    for offset in final:
        byte, bit = divmod(offset - next_offset, 8)
        if 0 <= byte < len(bits):
            bits[byte] |= 1 << bit
            length = max(length, byte + 1)
    prefix = _CLEAN if is_clean else _PREFIX
    if not length:
        return _CLEAN if is_clean else ""
    return prefix + base64.b64encode(bits[:length]).decode("ascii")


def decode(next_offset: int, metadata: str) -> set[int]:
    """The offsets that `encode` wrote; empty for metadata of somebody else."""
    if not metadata.startswith((_PREFIX, _CLEAN)) or len(metadata) > METADATA_LIMIT:
        return set()
    try:
        bits = base64.b64decode(metadata.partition(":")[2], validate=True)
    except (binascii.Error, ValueError):
        return set()
    return {
        next_offset + index * 8 + bit
        for index, byte in enumerate(bits)
        if byte
        for bit in range(8)
        if byte >> bit & 1
    }


class Offsets:
    """Which records of a partition are final, and what may be committed.

    Offsets have gaps (compaction, transaction markers), so only offsets that were delivered to us
    count, in the order in which they came.
    """

    __slots__ = (
        "_already_final",
        "_final",
        "_next_offset",
        "_order",
        "committed",
        "was_left_clean",
    )

    def __init__(self, next_offset: int | None = None, metadata: str = "") -> None:
        """Start from a commit; `next_offset` is None for a group that never committed.

        `committed` is the last next offset that Kafka took, for the committer to keep.
        """
        self.committed = next_offset
        self.was_left_clean = metadata.startswith(_CLEAN)
        self._next_offset = next_offset
        self._already_final = set() if next_offset is None else decode(next_offset, metadata)
        self._order: deque[int] = deque()
        self._final: set[int] = set()

    def __repr__(self) -> str:
        """Enough to assert on."""
        return f"<Offsets next={self.next_offset} tracked={len(self._order)}>"

    def __len__(self) -> int:
        """Offsets that are not yet below the commit: the window in use."""
        return len(self._order)

    @property
    def unresolved(self) -> int:
        """Tracked records that are not final yet."""
        return len(self._order) - len(self._final)

    @property
    def position(self) -> int | None:
        """The offset after the last one delivered; None while nothing is known."""
        return self._next_offset

    @property
    def next_offset(self) -> int | None:
        """What may be committed: everything below is final. None while nothing is known."""
        return self._order[0] if self._order else self._next_offset

    def is_foreign(self, offset: int) -> bool:
        """Tell whether a delivered record can't belong to the log that we committed for.

        All below the commit is final and never read again, so Kafka has begun anew: the topic was
        made anew, or the end of its log was lost with a broker.
        """
        return self.committed is not None and offset < self.committed

    def track(self, offset: int) -> bool:
        """Note a delivered record; False if it needs no work: final before, or seen already."""
        if self._next_offset is not None and offset < self._next_offset:
            return False
        self._next_offset = offset + 1
        self._order.append(offset)
        if offset in self._already_final:
            self._already_final.discard(offset)
            self.resolve(offset)
            return False
        return True

    def resolve(self, offset: int) -> None:
        """Nothing more is to be done for a tracked record."""
        self._final.add(offset)
        while self._order and self._order[0] in self._final:
            self._final.discard(self._order.popleft())

    def reach(self, position: int) -> None:
        """Everything below `position` was delivered: it may lie behind a transaction marker."""
        if self._next_offset is None or position > self._next_offset:
            self._next_offset = position

    def to_commit(self, *, is_clean: bool = False) -> tuple[int, str] | None:
        """Next offset and metadata for a commit; None when nothing is known yet."""
        next_offset = self.next_offset
        if next_offset is None:
            return None
        return next_offset, encode(
            next_offset, self._final | self._already_final, is_clean=is_clean
        )
