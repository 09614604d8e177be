"""Which replays are stale: older than what was since planned for their profile. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from consumer import reasons
from consumer.decision import Payload, UserDecision
from consumer.memory import short
from consumer.replay import replay

if TYPE_CHECKING:
    from consumer.decision import Decision
    from consumer.part import Partition, Record

_SIZE: Final = 20_000

_Places: TypeAlias = "dict[Partition, dict[int, int]]"


class Newest:
    """Remembers the newest place of each profile, as far back as memory is given.

    A place is the offset of a record; that of a replay is the offset of the record it repeats.
    Where this has not seen everything since the replay was checked (a restart, a rebalance, a
    memory that was full) the replay counts as stale: it can be replayed again, what it would have
    overwritten can't be brought back.
    """

    def __init__(self, size: int = _SIZE) -> None:
        """Remember the last `size` profiles, and up to as many more."""
        self._size = size
        self._young: _Places = {}
        self._old: _Places = {}
        self._count = 0
        self._seen_from: dict[Partition, int] = {}

    def clear(self) -> None:
        """Forget all: the partitions were revoked."""
        self._young, self._old, self._count = {}, {}, 0
        self._seen_from.clear()

    def seen(self, record: Record) -> None:
        """A record is about to be planned; called for each, in order."""
        self._seen_from.setdefault(record.partition, record.offset)

    def passed_over(self, record: Record) -> None:
        """A record was final before this epoch; nothing is known of what it says."""
        self._seen_from[record.partition] = record.offset + 1

    def note(self, record: Record, decision: Decision) -> None:
        """A message was decided; what is skipped supersedes nothing."""
        main = decision.enduser if isinstance(decision, UserDecision) else decision.company
        if not isinstance(main, Payload):
            return
        known = replay(record.headers)
        place = known.first_offset if known else record.offset
        before = self._place(record.partition, decision.hull_id)
        young = self._young.setdefault(record.partition, {})
        name = short(decision.hull_id)
        self._count += name not in young
        young[name] = max(before, place)
        if self._count >= self._size:
            self._forget()

    def why_not(self, record: Record, hull_id: str, position: int | None) -> str | None:
        """The reason to skip a message of a replay; None for what may be sent."""
        known = replay(record.headers)
        if known is None:
            return None
        if known.position is not None and position is not None and known.position != position:
            return reasons.NOT_REPLAYED
        if known.checked_to is None:
            return None
        is_unsure = self._seen_from.get(record.partition, record.offset) > known.checked_to
        newest = self._place(record.partition, hull_id)
        return reasons.STALE_REPLAY if is_unsure or newest > known.first_offset else None

    def _place(self, partition: Partition, hull_id: str) -> int:
        """The newest place that is known; should two names meet, the later one of theirs."""
        name = short(hull_id)
        for generation in (self._young, self._old):
            places = generation.get(partition)
            if places is not None and name in places:
                return places[name]
        return -1

    def _forget(self) -> None:
        """Let the older half go: from here on nothing is certain about what lies so far back."""
        for partition, places in self._old.items():
            forgotten = max(places.values()) + 1
            self._seen_from[partition] = max(self._seen_from.get(partition, 0), forgotten)
        self._old, self._young, self._count = self._young, {}, 0
