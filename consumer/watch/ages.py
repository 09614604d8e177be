"""How long records have been waiting, whatever their producers' clocks say. Pure.

A record's own timestamp is when Kafka appended it only where the topic says so; else it is what its
producer wrote, an event of last year maybe. What is certain is when we first saw that the log goes
beyond a record: it was there by then. So an age is never too large, and grows while a record waits.
After a restart it begins anew where Kafka does not tell.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from consumer.offsets.assignment import oldest_by_partition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumer.offsets.assignment import Assignment
    from consumer.offsets.record import Partition, Record

_MOST: Final = 512


class _Ends:
    """When the log of one partition was first seen to end where; both lists grow."""

    __slots__ = ("at", "ends")

    def __init__(self) -> None:
        self.ends: list[int] = []
        self.at: list[float] = []

    def note(self, end: int, now: float) -> None:
        if self.ends and end < self.ends[-1]:  # the topic was made anew
            self.ends, self.at = [], []
        if not self.ends or end > self.ends[-1]:
            self.ends.append(end)
            self.at.append(now)
        if len(self.ends) > _MOST:
            # Of two the later one stays: ages become smaller, never larger.
            self.ends, self.at = self.ends[1::2], self.at[1::2]

    def forget_below(self, offset: int) -> None:
        gone = bisect_right(self.ends, offset)
        del self.ends[:gone], self.at[:gone]

    def since(self, offset: int) -> float | None:
        place = bisect_right(self.ends, offset)
        return self.at[place] if place < len(self.at) else None


class Ages:
    """Looks at the ends of the logs of what is owned, and tells ages in seconds."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._seen: dict[Partition, _Ends] = {}

    def look(self, ends: Mapping[Partition, int | None], now: float) -> None:
        """Note where the logs of all partitions that are ours end; None while unknown."""
        self._seen = {name: self._seen.get(name, _Ends()) for name in ends}
        for name, end in ends.items():
            seen, offsets = self._seen[name], self._assignment.owned.get(name)
            if end is not None:
                seen.note(end, now)
            final = None if offsets is None else offsets.next_offset
            if final is not None:
                seen.forget_below(final)

    def age(self, record: Record, now: float) -> float:
        """For how long a record has been there, at least; `now` in seconds since 1970."""
        seen = self._seen.get(record.partition)
        seen_at = None if seen is None else seen.since(record.offset)
        since = record.since if seen_at is None else min(record.since, seen_at)
        return max(0.0, now - since)

    def by_partition(self, now: float) -> dict[Partition, float]:
        """Partition -> age of its first record that is not final, for those that have one."""
        firsts = oldest_by_partition(self._assignment)
        return {name: self.age(record, now) for name, record in firsts.items()}
