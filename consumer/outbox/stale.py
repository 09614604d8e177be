"""Which replays are stale: older than what was since planned, or sent, for their profile. Pure.

The service sees what came between the scan of a replay and the replay itself; the command that
replays has scanned the topic from the dead letter's offset on (docs/decisions/0007).
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from consumer.decide import reasons
from consumer.decide.decide import decide
from consumer.decide.decision import Payload, UserDecision
from consumer.decide.message import AccountMessage, Messages, UserMessage
from consumer.decide.parse import parse
from consumer.lanes.memory import short
from consumer.outbox.replay import replay

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from consumer.decide.decision import Decision
    from consumer.decide.rules import Rules
    from consumer.offsets.record import Partition, Record
    from consumer.outbox.letter import DeadLetter
    from consumer.outbox.replay import Replay

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


class StaleGuard:
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

    def seen(self, record: Record) -> _Seen:
        """What is known of its partition; called for each record that is planned, in order."""
        seen = self._seen.get(record.partition)
        if seen is None:
            seen = self._seen[record.partition] = _Seen(record.offset)
        return seen

    def passed_over(self, record: Record) -> None:
        """A record was final before this epoch; nothing is known of what it says."""
        self.seen(record).since = record.offset + 1

    def note(self, record: Record, decision: Decision) -> None:
        """A message was decided; what is skipped supersedes nothing."""
        if not _is_sent(decision):
            return
        known = self._known(record) if record.headers else None
        place = min(known.first_offset, record.offset) if known else record.offset
        seen, name = self.seen(record), short(decision.hull_id)
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
        seen = self.seen(record)
        is_stale = seen.since > known.checked_to or seen.place(short(hull_id)) > known.first_offset
        return reasons.STALE_REPLAY if is_stale else None

    def _known(self, record: Record) -> Replay | None:
        """Read the headers once for all messages of a record."""
        if record is not self._record:
            self._replay = replay(record.headers)
            self._record = record
        return self._replay


Kind = Literal["newer", "replayed"]

Dead: TypeAlias = "Mapping[int, frozenset[int] | None]"
"""Offset -> which messages of that record lie in the dead letters; None: all."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a dead letter is not to be replayed, and which record of its partition says so."""

    kind: Kind
    offset: int

    def __str__(self) -> str:
        """For people."""
        if self.kind == "replayed":
            return f"it was replayed already, at offset {self.offset}"
        return f"stale replay: offset {self.offset} is newer and was sent"


class StaleScan:
    """Sees the records of one partition, in order, and says which letters are stale.

    A record supersedes a message if it is of the same profile, newer, and by the rules sent; what
    lies in the dead letters itself was not. A message that was replayed is done with.
    """

    def __init__(self, letters: Sequence[DeadLetter], dead: Dead, rules: Rules) -> None:
        """`dead` is all of this partition that lies in the dead letters."""
        self._rules = rules
        self._dead = dead
        self._by_key: dict[bytes | None, list[_Placed]] = {}
        self._seen = {letter.name: _Placed(letter) for letter in letters}
        for letter in letters:
            self._by_key.setdefault(letter.record.key, []).append(self._seen[letter.name])

    def see(self, record: Record) -> None:
        """Look at one record of the partition."""
        letters = self._by_key.get(record.key)
        if not letters:
            return
        known = replay(record.headers)
        first = known.first_offset if known else record.offset
        # A replay repeats what lay before it, whatever its headers say.
        place = min(first, record.offset)
        sent: frozenset[str] | None = None
        for seen in letters:
            letter = seen.letter
            if known and first == letter.first_offset and record.offset > letter.offset:
                seen.note_replay(known, record.offset)
            elif place > letter.first_offset:
                if sent is None:
                    sent = _sent(record, self._rules, self._dead)
                seen.note_newer(sent, record.offset)

    def verdicts(self, letter: DeadLetter) -> list[tuple[DeadLetter, Verdict | None]]:
        """Tell which messages of a letter are not to be replayed, and (None) which may be."""
        return self._seen[letter.name].verdicts()


class _Placed:
    """What came of the messages of a letter since: offsets by position, None for all of it."""

    def __init__(self, letter: DeadLetter) -> None:
        self.letter = letter
        self._replayed: dict[int | None, int] = {}
        self._newer: dict[int | None, int] = {}
        self._by_id: dict[str, list[int | None]] = {}
        found = list(_profiles(letter.record))
        self._positions: list[int | None] = [*sorted(letter.positions or ())] or [None]
        for position in self._positions:
            for one in found if position is None else found[position : position + 1]:
                if one is not None:
                    self._by_id.setdefault(one.hull_id, []).append(position)

    def note_replay(self, known: Replay, offset: int) -> None:
        meant = known.positions
        for position in self._positions:
            is_meant = (
                meant is None if position is None else meant is not None and position in meant
            )
            if is_meant:
                self._replayed.setdefault(position, offset)

    def note_newer(self, sent: frozenset[str], offset: int) -> None:
        if sent and not self._by_id:
            # What can't be read may be of any profile.
            self._newer.update(dict.fromkeys(self._positions, offset))
        for hull_id in self._by_id.keys() & sent:
            self._newer.update(dict.fromkeys(self._by_id[hull_id], offset))

    def verdicts(self) -> list[tuple[DeadLetter, Verdict | None]]:
        by_verdict: dict[Verdict | None, list[int | None]] = {}
        for position in self._positions:
            by_verdict.setdefault(self._verdict(position), []).append(position)
        told: list[tuple[DeadLetter, Verdict | None]] = []
        for verdict, these in by_verdict.items():
            positions = frozenset(at for at in these if at is not None) or None
            told.append((replace(self.letter, positions=positions), verdict))
        return told

    def _verdict(self, position: int | None) -> Verdict | None:
        if position in self._replayed:
            return Verdict("replayed", self._replayed[position])
        newer = self._newer.get(position)
        return None if newer is None else Verdict("newer", newer)


def count_events(letter: DeadLetter, rules: Rules) -> int:
    """How many events the rules would send of a letter, whatever became of its profile."""
    positions = letter.positions
    decisions = (
        decide(one, rules)
        for position, one in enumerate(_profiles(letter.record))
        if one is not None and (positions is None or position in positions)
    )
    return sum(len(one.activities) for one in decisions if isinstance(one, UserDecision))


def _sent(record: Record, rules: Rules, dead: Dead) -> frozenset[str]:
    """The profiles that a record brings up to date."""
    buried = dead.get(record.offset, frozenset())
    if buried is None:
        return frozenset()
    decisions = [
        decide(one, rules)
        for position, one in enumerate(_profiles(record))
        if one is not None and position not in buried
    ]
    return frozenset(one.hull_id for one in decisions if _is_sent(one))


def _is_sent(decision: Decision) -> bool:
    main = decision.enduser if isinstance(decision, UserDecision) else decision.company
    return isinstance(main, Payload)


def _profiles(record: Record) -> Iterator[UserMessage | AccountMessage | None]:
    own = tuple(pair for pair in record.headers if not pair[0].startswith("dl."))
    parsed = parse(record.value, own)
    for message in parsed.messages if isinstance(parsed, Messages) else ():
        yield message if isinstance(message, UserMessage | AccountMessage) else None
