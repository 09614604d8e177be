"""Which replays are stale: older than what was since planned for their profile. Pure."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from consumer import reasons
from consumer.decision import Payload, UserDecision
from consumer.memory import short
from consumer.replay import replay

if TYPE_CHECKING:
    from consumer.decision import Decision
    from consumer.part import Partition, Record
    from consumer.replay import Replay

_SIZE: Final = 20_000


class _Seen:
    """What is known of a partition: all from `since` on, and the places of profiles by short names.

    No place is beyond `newest`, and none of a name before an earlier one of it. Each change is
    written down, and nobody asks before a replay comes: only then an index is made.
    """

    __slots__ = ("_index", "_names", "_places", "newest", "since")

    def __init__(self, since: int) -> None:
        self.since = since
        self.newest = -1
        self._names: array[int] = array("q")
        self._places: array[int] = array("q")
        self._index: dict[int, int] | None = None

    def note(self, name: int, place: int) -> None:
        """A profile has a newest place."""
        self._places.append(place)
        try:
            self._names.append(name)
        except BaseException:
            # Both or none: else no name had its own place any more.
            del self._places[-1]
            raise
        if self._index is not None:
            self._index[name] = place

    def place(self, name: int) -> int:
        """The newest place that is known; should two names meet, the later one of theirs."""
        index = self._index
        if index is None:
            index = self._index = dict(zip(self._names, self._places, strict=True))
        return index.get(name, -1)

    def forget_half(self) -> int:
        """Let the older half go, nothing is certain about what lies so far back; what is left."""
        most = -(-len(self._names) // 2)
        if most:
            self.since = max(self.since, max(self._places[:most]) + 1)
            del self._names[:most], self._places[:most]
            self._index = None
        return len(self._names)


class Newest:
    """Remembers the newest place of each profile, as far back as there is room.

    A place is the offset of a record; that of a replay is the offset of the record it repeats,
    which is never beyond its own, whatever its headers say.
    Where this has not seen everything since the replay was checked (a restart, a rebalance, a
    memory that was full) the replay counts as stale: it can be replayed again, what it would have
    overwritten can't be brought back.
    """

    def __init__(self, size: int = _SIZE) -> None:
        """Remember the last `size` changes, and up to as many more."""
        self._size = size
        self._count = 0
        self._seen: dict[Partition, _Seen] = {}
        self._record: Record | None = None
        self._replay: Replay | None = None

    def clear(self) -> None:
        """Forget all: the partitions were revoked."""
        self._count = 0
        self._seen.clear()
        self._record = self._replay = None

    def seen(self, record: Record) -> None:
        """A record is about to be planned; called for each, in order."""
        self._of(record)

    def passed_over(self, record: Record) -> None:
        """A record was final before this epoch; nothing is known of what it says."""
        self._of(record).since = record.offset + 1

    def note(self, record: Record, decision: Decision) -> None:
        """A message was decided; what is skipped supersedes nothing."""
        main = decision.enduser if isinstance(decision, UserDecision) else decision.company
        if not isinstance(main, Payload):
            return
        known = self._known(record) if record.headers else None
        place = min(known.first_offset, record.offset) if known else record.offset
        seen, name = self._of(record), short(decision.hull_id)
        if place >= seen.newest:
            seen.newest = place
        else:  # a replay, or the log has begun anew
            place = max(place, seen.place(name))
        seen.note(name, place)
        self._count += 1
        if self._count >= 2 * self._size:
            self._count = sum([each.forget_half() for each in self._seen.values()])

    def why_not(self, record: Record, hull_id: str, position: int | None) -> str | None:
        """The reason to skip a message of a replay; None for what may be sent.

        What is stale is about the profile: its events are sent all the same.
        """
        known = self._known(record) if record.headers else None
        if known is None:
            return None
        meant = known.positions
        if meant is not None and position is not None and position not in meant:
            return reasons.NOT_REPLAYED
        if known.only_events:
            return reasons.STALE_REPLAY
        if known.checked_to is None:
            return None
        seen = self._of(record)
        is_stale = seen.since > known.checked_to or seen.place(short(hull_id)) > known.first_offset
        return reasons.STALE_REPLAY if is_stale else None

    def _known(self, record: Record) -> Replay | None:
        """Read the headers once for all messages of a record."""
        if record is not self._record:
            self._replay = replay(record.headers)
            self._record = record
        return self._replay

    def _of(self, record: Record) -> _Seen:
        seen = self._seen.get(record.partition)
        if seen is None:
            seen = self._seen[record.partition] = _Seen(record.offset)
        return seen
