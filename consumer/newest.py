"""Which replays are stale: older than what was since planned for their profile. Pure."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from consumer import reasons
from consumer.decision import Payload, UserDecision
from consumer.replay import replay

if TYPE_CHECKING:
    from consumer.decision import Decision
    from consumer.part import Partition, Record

_MOST: Final = 20_000


class Newest:
    """Remembers the newest place of each profile, as far back as memory is given.

    A place is the offset of a record; that of a replay is the offset of the record it repeats.
    Where this has not seen everything since the replay was checked (a restart, a rebalance, a
    memory that was full) the replay counts as stale: it can be replayed again, what it would have
    overwritten can't be brought back.
    """

    def __init__(self, most: int = _MOST) -> None:
        """Remember at most so many profiles."""
        self._most = most
        self._places: OrderedDict[tuple[Partition, str], int] = OrderedDict()
        self._seen_from: dict[Partition, int] = {}

    def clear(self) -> None:
        """Forget all: the partitions were revoked."""
        self._places.clear()
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
        key = record.partition, decision.hull_id
        self._places[key] = max(
            self._places.pop(key, -1), known.first_offset if known else record.offset
        )
        if len(self._places) > self._most:
            oldest, place = self._places.popitem(last=False)
            self._seen_from[oldest[0]] = max(self._seen_from.get(oldest[0], 0), place + 1)

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
        newest = self._places.get((record.partition, hull_id), -1)
        return reasons.STALE_REPLAY if is_unsure or newest > known.first_offset else None
