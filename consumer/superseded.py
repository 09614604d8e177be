"""Which dead letters are stale: what is newer and was sent, by the topic they came from. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from consumer.decide import decide
from consumer.decision import Payload, UserDecision
from consumer.message import AccountMessage, Messages, UserMessage
from consumer.parse import parse
from consumer.replay import replay

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from consumer.dead_letter import DeadLetter
    from consumer.decision import Decision
    from consumer.part import Record
    from consumer.replay import Replay
    from consumer.rules import Rules

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


class Superseded:
    """Sees the records of one partition, in order, and says which letters are stale.

    A record supersedes a message if it is of the same profile, newer, and by the rules sent; what
    lies in the dead letters itself was not. A message that was replayed is done with.
    """

    def __init__(self, letters: Sequence[DeadLetter], dead: Dead, rules: Rules) -> None:
        """`dead` is all of this partition that lies in the dead letters."""
        self._rules = rules
        self._dead = dead
        self._by_key: dict[bytes | None, list[_Seen]] = {}
        self._seen = {letter.name: _Seen(letter) for letter in letters}
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


class _Seen:
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
        return [
            (self.letter.only(frozenset([at for at in these if at is not None]) or None), verdict)
            for verdict, these in by_verdict.items()
        ]

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
    return frozenset(one.hull_id for one in decisions if isinstance(_main(one), Payload))


def _main(decision: Decision) -> object:
    return decision.enduser if isinstance(decision, UserDecision) else decision.company


def _profiles(record: Record) -> Iterator[UserMessage | AccountMessage | None]:
    own = tuple(pair for pair in record.headers if not pair[0].startswith("dl."))
    parsed = parse(record.value, own)
    for message in parsed.messages if isinstance(parsed, Messages) else ():
        yield message if isinstance(message, UserMessage | AccountMessage) else None
