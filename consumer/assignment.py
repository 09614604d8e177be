"""The partitions that are ours now, and which of them may be read. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.offsets import Offsets
from consumer.part import Backlog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumer.part import Partition


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
