"""Which dead letters are stale: what is newer and was sent, by the topic they came from. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from consumer.decide import decide
from consumer.decision import Payload, UserDecision
from consumer.message import AccountMessage, Messages, UserMessage
from consumer.parse import parse
from consumer.replay import replay

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from consumer.dead_letter import DeadLetter
    from consumer.decision import Decision
    from consumer.part import Record
    from consumer.rules import Rules

Kind = Literal["newer", "replayed"]


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

    A record supersedes a letter if it is of the same profile, newer, and by the rules sent; if it
    lies in the dead letters itself it was not. One that was replayed is done with.
    """

    def __init__(
        self, letters: Sequence[DeadLetter], dead_offsets: frozenset[int], rules: Rules
    ) -> None:
        """`dead_offsets` are all offsets of this partition that lie in the dead letters."""
        self._rules = rules
        self._dead = dead_offsets
        self._by_key: dict[bytes | None, list[DeadLetter]] = {}
        for letter in letters:
            self._by_key.setdefault(letter.record.key, []).append(letter)
        self._ids = {letter.name: _ids(letter) for letter in letters}
        self.verdicts: dict[str, Verdict] = {}

    def see(self, record: Record) -> None:
        """Look at one record of the partition."""
        letters = self._by_key.get(record.key)
        if not letters:
            return
        known = replay(record.headers)
        place = known.first_offset if known else record.offset
        is_sent: frozenset[str] | None = None
        for letter in letters:
            if known and place == letter.first_offset and record.offset > letter.offset:
                if known.position == letter.position and not self._is_replayed(letter):
                    self.verdicts[letter.name] = Verdict("replayed", record.offset)
            elif self._is_replayed(letter):
                continue
            elif place > letter.first_offset and record.offset not in self._dead:
                is_sent = _sent(record, self._rules) if is_sent is None else is_sent
                ids = self._ids[letter.name]
                if is_sent and (not ids or ids & is_sent):
                    self.verdicts[letter.name] = Verdict("newer", record.offset)

    def _is_replayed(self, letter: DeadLetter) -> bool:
        verdict = self.verdicts.get(letter.name)
        return verdict is not None and verdict.kind == "replayed"


def count_events(letter: DeadLetter, rules: Rules) -> int:
    """How many events the rules would send of a letter, whatever became of its profile."""
    decisions = (decide(one, rules) for one in _messages(letter) if one is not None)
    return sum(len(one.activities) for one in decisions if isinstance(one, UserDecision))


def _ids(letter: DeadLetter) -> frozenset[str]:
    """The profiles of a letter; none if it can't be read."""
    return frozenset(one.hull_id for one in _messages(letter) if one is not None)


def _messages(letter: DeadLetter) -> list[UserMessage | AccountMessage | None]:
    """All of a record, or the one of an envelope that was rejected."""
    found = list(_profiles(letter.record))
    if letter.position is None:
        return found
    return found[letter.position : letter.position + 1]


def _sent(record: Record, rules: Rules) -> frozenset[str]:
    """The profiles that a record brings up to date."""
    decisions = [decide(one, rules) for one in _profiles(record) if one is not None]
    return frozenset(one.hull_id for one in decisions if isinstance(_main(one), Payload))


def _main(decision: Decision) -> object:
    return decision.enduser if isinstance(decision, UserDecision) else decision.company


def _profiles(record: Record) -> Iterator[UserMessage | AccountMessage | None]:
    own = tuple(pair for pair in record.headers if not pair[0].startswith("dl."))
    parsed = parse(record.value, own)
    for message in parsed.messages if isinstance(parsed, Messages) else ():
        yield message if isinstance(message, UserMessage | AccountMessage) else None
