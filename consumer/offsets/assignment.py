"""The partitions that are ours now, and which of them may be read. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.offsets.offsets import Offsets
from consumer.offsets.ticket import Backlog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from consumer.offsets.record import Partition, Record


READ_FIRST_SECONDS = 30.0
"""How long sending waits for what may have been sent before us: see `Assignment.read_first`."""

_LEAST_SHARE = 250
_READ_FIRST_FACTOR = 2.0
# While the others' work is read first, the bounds are this much wider: who was killed had read up
# to them, a horizon lies a quarter beyond, and both of us read by chunks.

_READ_FIRST_BYTES_FACTOR = 4.0
# The bound on bytes is wider yet. What was final for who was killed took none of its memory, but
# until Kafka knew of that it is unresolved for us. So it takes records of 4 KB to reach this bound
# before the one on records.

_EXCESS = 1 << 20
"""A broker gives a quarter of it for a partition, unless one record is larger."""


class Assignment:
    """Offsets by partition, and the bounds of what is read and not final yet.

    `window` bounds the offsets tracked above the commit of a partition; `max_records` bounds the
    records of all partitions that are not final for Kafka, and so what a successor has to read
    first; `max_bytes` bounds the unresolved ones. As a successor may own all partitions of the
    topics, `total` of them, each takes only its share of `max_records`, whoever owns it.

    `targets` are the positions up to which partitions are to be read before anything is sent.
    """

    def __init__(self, window: int, max_records: int, max_bytes: int) -> None:
        self.owned: dict[Partition, Offsets] = {}
        self.backlog = Backlog()
        self.epoch = 0
        self._window = window
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._turn = 0
        self._total = 0
        self.targets: dict[Partition, int] = {}
        self._read_by = float("-inf")

    @property
    def is_full(self) -> bool:
        """As much is read and not final as may be."""
        return self._is_beyond(1.0, 1.0)

    @property
    def is_overflowing(self) -> bool:
        """More is open than one reading of usual records brings beyond the bound."""
        times = _READ_FIRST_BYTES_FACTOR if self.targets else 1.0
        return self.backlog.bytes >= self._max_bytes * times + _EXCESS

    @property
    def share(self) -> int:
        """Records of one partition that may be read and not final for Kafka."""
        return max(_LEAST_SHARE, self._max_records // max(1, self._total, len(self.owned)))

    @property
    def ahead(self) -> int:
        """How many offsets a horizon lies beyond what was read: all together a quarter more."""
        return max(_LEAST_SHARE, self.share // 4)

    @property
    def wants_commit(self) -> bool:
        """Whether somebody waits for a commit, or soon will."""
        ahead = self.ahead
        owned = self.owned.values()
        if any(offsets.aim(ahead) != offsets.horizon for offsets in owned):
            return True
        return any(offsets.to_save >= self.share // 4 for offsets in owned)

    def begin(self, committed: Mapping[Partition, tuple[int, str] | None], total: int = 0) -> None:
        """Own these of `total` partitions (0: unknown), from what was committed of them."""
        self.epoch += 1
        self._total = total
        for partition, position in committed.items():
            self.owned[partition] = Offsets(*position) if position else Offsets()

    def end(self) -> None:
        """Own nothing: completions of this epoch change nothing any more."""
        self.epoch += 1
        self.owned = {}
        self.backlog = Backlog()
        self.targets = {}

    def renew(self, partition: Partition) -> Offsets:
        """Begin a partition anew: its log was replaced by one that begins below our commit."""
        self.epoch += 1
        offsets = self.owned[partition] = Offsets()
        self.targets.pop(partition, None)
        return offsets

    def read_first(self, ends: Mapping[Partition, int], now: float) -> None:
        """Send nothing before all that may have been sent was read; `ends` are those of the logs.

        Whoever owned the partitions before may have sent more than it could commit, if it was
        killed. Sending as soon as something is read would bring back older values, until the
        newer ones are read too; having read them, they are one change, and the newest. Nothing
        beyond the horizon was sent, nothing at all where nobody committed; who left in order left
        just as much of a horizon as it had sent.
        """
        self.targets = {}
        for partition, end in ends.items():
            offsets = self.owned.get(partition)
            if offsets is None or offsets.committed is None:
                continue
            target = end if offsets.horizon is None else min(end, offsets.horizon)
            if self._is_below(partition, target):
                self.targets[partition] = target
                offsets.note_sent(target - 1)
        self._read_by = now + READ_FIRST_SECONDS

    def reached(self, partition: Partition, position: int) -> None:
        """All below `position` was read, or is never delivered."""
        if position >= self.targets.get(partition, position + 1):
            del self.targets[partition]

    def is_read_up(self, now: float) -> bool:
        """Whether there is nothing to wait for; a partition that can't be read is not."""
        if not self.targets:
            return True
        if self._is_beyond(_READ_FIRST_FACTOR, _READ_FIRST_BYTES_FACTOR) or now >= self._read_by:
            self.targets = {}
            return True
        self.targets = {
            partition: end
            for partition, end in self.targets.items()
            if self._is_below(partition, end)
        }
        return not self.targets

    def _is_below(self, partition: Partition, end: int) -> bool:
        offsets = self.owned[partition]
        if len(offsets) >= self._window * _READ_FIRST_FACTOR:
            return False
        return offsets.position is None or offsets.position < end

    def _is_beyond(self, of_records: float, of_bytes: float) -> bool:
        """Whether as many times the bounds are reached."""
        if self.backlog.bytes >= self._max_bytes * of_bytes:
            return True
        uncommitted = sum(offsets.uncommitted for offsets in self.owned.values())
        return uncommitted >= self._max_records * of_records

    def eligible(self) -> list[Partition]:
        """The partitions that may be read now, each round beginning with another one."""
        if self.targets:
            # Not even the work of others may come in any more once these are reached.
            is_full = self._is_beyond(_READ_FIRST_FACTOR, _READ_FIRST_BYTES_FACTOR)
            names = [name for name, target in self.targets.items() if self._is_below(name, target)]
        else:
            is_full, share = self.is_full, self.share
            names = [
                name
                for name, offsets in self.owned.items()
                if len(offsets) < self._window and offsets.uncommitted < share
            ]
        if is_full or not names:
            return []
        self._turn = (self._turn + 1) % len(names)
        return names[self._turn :] + names[: self._turn]


def is_within_horizon(assignment: Assignment) -> bool:
    """Whether all that was read may be sent."""
    return all(offsets.is_within_horizon for offsets in assignment.owned.values())


def lag(assignment: Assignment, partition: Partition, end: int | None) -> int | None:
    """Records of a partition that were not read yet, by the end of its log; None: unknown."""
    offsets = assignment.owned.get(partition)
    if offsets is None or end is None or offsets.position is None:
        return None
    return max(0, end - offsets.position)


def unread(assignment: Assignment, end_of: Callable[[Partition], int | None]) -> int:
    """Records of all our partitions that were not read yet, as far as is known."""
    return sum(lag(assignment, name, end_of(name)) or 0 for name in assignment.owned)


def oldest_by_partition(assignment: Assignment) -> dict[Partition, Record]:
    """Partition -> its first record that is not final, for those that have one."""
    found: dict[Partition, Record] = {}
    most = sum(1 for offsets in assignment.owned.values() if offsets.unresolved)
    for ticket in assignment.backlog.open:
        if len(found) >= most:
            break
        found.setdefault(ticket.record.partition, ticket.record)
    return found
