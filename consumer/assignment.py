"""The partitions that are ours now, and which of them may be read. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.offsets import Offsets
from consumer.part import Backlog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumer.part import Partition


READ_FIRST_SECONDS = 10.0
"""How long sending waits for what may have been sent before us: see `Assignment.read_first`."""


class Assignment:
    """Offsets by partition, and the bounds of what is read and not final yet.

    `window` bounds the offsets tracked above the commit of a partition; `max_records` and
    `max_bytes` bound the unresolved records of all partitions together.
    """

    def __init__(self, window: int, max_records: int, max_bytes: int) -> None:
        """Nothing is owned yet."""
        self.owned: dict[Partition, Offsets] = {}
        self.backlog = Backlog()
        self.epoch = 0
        self._window = window
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._turn = 0
        self._targets: dict[Partition, int] = {}
        self._read_by = float("-inf")

    @property
    def is_full(self) -> bool:
        """As much is unresolved as may be."""
        return self.backlog.records >= self._max_records or self.backlog.bytes >= self._max_bytes

    def begin(self, committed: Mapping[Partition, tuple[int, str] | None]) -> None:
        """Own these partitions, from what was committed of them."""
        self.epoch += 1
        for partition, position in committed.items():
            self.owned[partition] = Offsets(*position) if position else Offsets()

    def end(self) -> None:
        """Own nothing: completions of this epoch change nothing any more."""
        self.epoch += 1
        self.owned = {}
        self.backlog = Backlog()
        self._targets = {}

    def renew(self, partition: Partition) -> Offsets:
        """Begin a partition anew: its log was replaced by one that begins below our commit."""
        self.epoch += 1
        offsets = self.owned[partition] = Offsets()
        self._targets.pop(partition, None)
        return offsets

    def read_first(self, ends: Mapping[Partition, int], now: float) -> None:
        """Send nothing before all below `ends` was read, as far as the bounds let us.

        Whoever owned the partitions before may have sent more than it could commit, if it was
        killed. Sending as soon as something is read would bring back older values, until the
        newer ones are read too; having read them, they are one change, and the newest.
        Whoever left in order told so, and is not waited for.
        """
        self._targets = {
            partition: end
            for partition, end in ends.items()
            if partition in self.owned and self._is_below(partition, end)
        }
        self._read_by = now + READ_FIRST_SECONDS

    def reached(self, partition: Partition, position: int) -> None:
        """All below `position` was read, or is never delivered."""
        if position >= self._targets.get(partition, position + 1):
            del self._targets[partition]

    @property
    def behind(self) -> list[Partition]:
        """Partitions whose reading is still awaited."""
        return list(self._targets)

    def is_read_up(self, now: float) -> bool:
        """Tell whether there is nothing to wait for; a partition that can't be read is not."""
        if not self._targets:
            return True
        if self.is_full or now >= self._read_by:
            self._targets = {}
            return True
        self._targets = {
            partition: end
            for partition, end in self._targets.items()
            if self._is_below(partition, end)
        }
        return not self._targets

    def _is_below(self, partition: Partition, end: int) -> bool:
        offsets = self.owned[partition]
        if offsets.was_left_clean or len(offsets) >= self._window:
            return False
        return offsets.position is None or offsets.position < end

    def oldest(self) -> float | None:
        """Timestamp of the record that waits longest to be final (seconds since 1970)."""
        first = next(iter(self.backlog.open), None)
        return None if first is None else first.record.timestamp

    def oldest_by_partition(self) -> dict[Partition, float]:
        """Partition -> timestamp of its first record that is not final, for those that have one."""
        found: dict[Partition, float] = {}
        for ticket in self.backlog.open:
            found.setdefault(ticket.record.partition, ticket.record.timestamp)
        return found

    def eligible(self) -> list[Partition]:
        """The partitions that may be read now, each round beginning with another one."""
        if self.is_full:
            return []
        names = [name for name, offsets in self.owned.items() if len(offsets) < self._window]
        if not names:
            return []
        self._turn = (self._turn + 1) % len(names)
        return names[self._turn :] + names[: self._turn]
