"""The offsets of one partition in one epoch: tracked in order, resolved in any order. Pure.

An epoch is one period of owning a partition; each epoch has its own `Offsets`, so that what ends
late can only touch an object which nobody commits from any more.
"""

import base64
import binascii
from collections import deque

METADATA_LIMIT = 4096
"""Characters a broker keeps of a commit's metadata (Kafka: `offset.metadata.max.bytes`)."""

_PREFIX = "hp1:"
_AHEAD_DIGITS = 10
_ZERO = ord("0")
_ONE = ord("1")
_MOST_DIGITS = 1 << 16
_OLD_DIGITS = 1 << 12
_BITS = (METADATA_LIMIT - len(_PREFIX) - 2 * (_AHEAD_DIGITS + 1)) // 4 * 3 * 8


def _add_digits(digits: bytearray, next_offset: int, final: set[int]) -> None:
    """Note what is final, a digit for each offset from `next_offset` on.

    What is too far above to fit would be sent again after a restart, never lost.
    """
    for offset in final:
        distance = offset - next_offset
        if 0 <= distance < _BITS:
            digits.extend(b"0" * (distance + 1 - len(digits)))
            digits[distance] = _ONE


def _written(
    next_offset: int, digits: bytearray, horizon: int | None, clear: int | None = None
) -> str:
    length = digits.rfind(_ONE) + 1
    # The first digit is the lowest bit. Reading them as one number is many times faster than
    # setting bit by bit, and this is done for each partition at each commit.
    bits = int(digits[:length][::-1] or b"0", 2).to_bytes((length + 7) // 8, "little")
    ahead = "" if horizon is None else str(horizon - next_offset)
    held = "" if clear is None or clear <= next_offset else str(clear - next_offset)
    if (not length and not ahead and not held) or max(len(ahead), len(held)) > _AHEAD_DIGITS:
        return ""
    told = f";{held}" if held else ""
    return f"{_PREFIX}{ahead};{base64.b64encode(bits).decode('ascii')}{told}"


def decode(next_offset: int, metadata: str) -> tuple[set[int], int | None]:
    """The final offsets and the horizon, written by distance; neither, if somebody else did."""
    if not metadata.startswith(_PREFIX) or len(metadata) > METADATA_LIMIT:
        return set(), None
    ahead, _, rest = metadata.removeprefix(_PREFIX).partition(";")
    written = rest.partition(";")[0]
    if ahead and not (ahead.isdecimal() and ahead.isascii()):
        return set(), None
    try:
        bits = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return set(), None
    final = {
        next_offset + index * 8 + bit
        for index, byte in enumerate(bits)
        if byte
        for bit in range(8)
        if byte >> bit & 1
    }
    return final, next_offset + int(ahead) if ahead else None


def clear_end(next_offset: int, metadata: str) -> int:
    """The offset up to which a commit says that nothing is open but merges that wait."""
    parts = metadata.removeprefix(_PREFIX).split(";") if metadata.startswith(_PREFIX) else []
    told = parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 - horizon, bits, and this
    return next_offset + int(told) if told.isdecimal() and told.isascii() else next_offset


class Offsets:
    """Which records of a partition are final, and what may be committed.

    Offsets have gaps (compaction, transaction markers), so only offsets that were delivered to us
    count, in the order in which they came.

    The *horizon* is an offset in the last commit that Kafka took: nothing at or above it was ever
    sent. So whoever comes after a crash knows how far to read before it sends (decision 0011).
    """

    def __init__(self, next_offset: int | None = None, metadata: str = "") -> None:
        """Start from a commit; `next_offset` is None for a group that never committed.

        `committed` and `horizon` are those of the last commit that Kafka took; the horizon is None
        if it tells none. `position` is the offset after the last one delivered, None while nothing
        is known; `resolved` counts the tracked records that are final.
        """
        self.committed = next_offset
        self.position = next_offset
        found = (set[int](), None) if next_offset is None else decode(next_offset, metadata)
        self._already_final, self.horizon = found
        self._order: deque[int] = deque()
        # What is final: a digit for each offset from `_begin` on, which costs a byte, and lies at
        # hand. Where offsets have gaps of thousands, those beyond are in a set.
        self._begin = 0
        self._digits = bytearray()
        self._far: set[int] = set()
        self._tracked = 0
        self.resolved = 0
        self._safe = 0
        self._sent_end = 0
        self.clear: int | None = None
        """Below it nothing is open but merges that wait, if there are any: told with the commit."""

    def __len__(self) -> int:
        """Offsets that are not yet below the commit: the window in use."""
        return len(self._order)

    @property
    def unresolved(self) -> int:
        """Tracked records that are not final yet."""
        return self._tracked - self.resolved

    @property
    def uncommitted(self) -> int:
        """Tracked records of which Kafka does not know yet that they are final."""
        return self._tracked - self._safe

    @property
    def to_save(self) -> int:
        """Final records of which Kafka does not know yet."""
        return self.resolved - self._safe

    @property
    def is_within_horizon(self) -> bool:
        """Whether all that was read may be sent."""
        if not self._tracked or self.position is None:
            return True
        return self.horizon is not None and self.position <= self.horizon

    @property
    def next_offset(self) -> int | None:
        """What may be committed: everything below is final. None while nothing is known."""
        return self._order[0] if self._order else self.position

    def is_foreign(self, offset: int) -> bool:
        """Whether a delivered record can't belong to the log that we committed for.

        All below the commit is final and never read again, so Kafka has begun anew: the topic was
        made anew, or the end of its log was lost with a broker.
        """
        return self.committed is not None and offset < self.committed

    def track(self, offset: int) -> bool:
        """Note a delivered record; False if it needs no work: final before, or seen already."""
        if self.position is not None and offset < self.position:
            return False
        self.position = offset + 1
        # Have a digit for it, if that takes no more memory than may be.
        if not self._order:
            self._begin = offset
            self._digits.clear()
        place = offset - self._begin
        if place >= _MOST_DIGITS:
            old = self._order[0] - self._begin
            if old >= _OLD_DIGITS:
                del self._digits[:old]
                self._begin += old
                place -= old
        if place == len(self._digits):
            self._digits.append(_ZERO)
        elif place < _MOST_DIGITS:
            self._digits.extend(b"0" * (place + 1 - len(self._digits)))
        self._order.append(offset)
        self._tracked += 1
        if offset in self._already_final:
            self._already_final.discard(offset)
            self.resolve(offset)
            self._safe += 1
            return False
        return True

    def resolve(self, offset: int) -> None:
        """Nothing more is to be done for a tracked record."""
        self.resolved += 1
        place = offset - self._begin
        if 0 <= place < len(self._digits):
            self._digits[place] = _ONE
        else:
            self._far.add(offset)
        order, digits, far = self._order, self._digits, self._far
        while order:
            first = order[0]
            place = first - self._begin
            if place >= len(digits) or digits[place] != _ONE:
                if first not in far:
                    return
                far.discard(first)
            order.popleft()

    def reach(self, position: int) -> None:
        """Everything below `position` was delivered: it may lie behind a transaction marker."""
        if self.position is None or position > self.position:
            self.position = position

    def note_sent(self, offset: int) -> None:
        """Something of this record is sent, or may have been by who owned the partition before."""
        if offset >= self._sent_end:
            self._sent_end = offset + 1

    @property
    def last_horizon(self) -> int | None:
        """The horizon to leave to a successor when nothing more is sent; None if none is known.

        A record of which a part was sent need not be final: its activity may still have waited.
        """
        next_offset = self.next_offset
        return None if next_offset is None else max(next_offset, self._sent_end)

    def aim(self, ahead: int) -> int | None:
        """The horizon to commit next: about `ahead` offsets beyond what was read.

        It stays as it is while it is far enough, and never falls: what was sent was sent.
        """
        position, horizon = self.position, self.horizon
        if position is None or (horizon is not None and position + ahead // 2 <= horizon):
            return horizon
        return max(position + ahead, horizon or 0)

    def differs(self, horizon: int | None) -> bool:
        """Whether a commit with this horizon would say more than the last one."""
        if self.next_offset is None:
            return False
        return bool(self.to_save) or (self.next_offset, horizon) != (self.committed, self.horizon)

    def to_commit(self, horizon: int | None = None) -> tuple[int, str] | None:
        """Next offset and metadata for a commit; None when nothing is known yet."""
        next_offset = self.next_offset
        if next_offset is None:
            return None
        place = next_offset - self._begin
        digits = self._digits[place : place + _BITS]
        for final in (self._far, self._already_final):
            _add_digits(digits, next_offset, final)
        return next_offset, _written(next_offset, digits, horizon, self.clear)

    def saved(self, next_offset: int, horizon: int | None, resolved: int) -> None:
        """Kafka took a commit that was asked for when so many records were `resolved`."""
        self.committed = next_offset
        self.horizon = horizon
        self._safe = max(self._safe, resolved)
