"""What became of the last messages, and of the last ones of many profiles: for the console. Pure.

It is fed for every message, so it costs next to nothing: what is known already is kept as it is,
put in its place by hundreds, and nothing is rendered or searched before somebody asks.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.part import Change, Ending, Partition, Receipt
    from schemas.planhat import Resource

RECENT: Final = 5000
RECENT_BYTES: Final = 24 << 20
PROFILES: Final = 20_000
_OVERHEAD_BYTES: Final = 600
_AT_ONCE: Final = 256
"""Outcomes that are put in their place together: in turn, each finds cold what it needs."""


def is_same(name: str | None, wanted: str) -> bool:
    """Compare a name with a wanted one in lower case, cheaply: most differ in length."""
    return name is not None and len(name) == len(wanted) and name.lower() == wanted


class Outcome(NamedTuple):
    """The end of a message at `at` (seconds since 1970).

    `changes` (what was sent, or refused) and `skips` are emptied when the outcome is no longer
    among the last ones: then only `ending` and `reason` are known. `size` is in bytes.
    """

    at: float
    hull_id: str
    external_id: str | None
    email: str | None
    channel: str
    ending: Ending
    reason: str
    partition: Partition
    offset: int
    position: int | None
    changes: Sequence[Change]
    skips: Sequence[tuple[Resource, str]]
    size: int


_Noted: TypeAlias = """tuple[
    float, str, str | None, str | None, str, Ending, str, Partition, int, int | None,
    Sequence[Change], Sequence[tuple[Resource, str]], int
]"""
"""The fields of an Outcome, in their order."""

_HULL_ID: Final = 1
_ENDING: Final = slice(5, 7)
_CHANGES: Final = 10
_SKIPS: Final = 11
_SIZE: Final = 12


class Outcomes:
    """The last outcomes with what was sent, and the last ones of more profiles without."""

    def __init__(
        self, recent: int = RECENT, size: int = RECENT_BYTES, most: int = PROFILES
    ) -> None:
        """Keep `recent` outcomes in about `size` bytes, and those of `most` profiles."""
        self._most_recent = recent
        self._most_bytes = size
        self._most_profiles = most
        self._bytes = 0
        self._new: list[_Noted] = []
        self._new_bytes = 0
        self._recent: deque[_Noted] = deque()
        self._last: dict[str, _Noted] = {}
        self._before: dict[str, _Noted] = {}

    def __len__(self) -> int:
        """Profiles whose last outcome is known."""
        self._place()
        return len(self._last)

    @property
    def since(self) -> float | None:
        """When the oldest outcome that is remembered ended; None if there is none."""
        self._place()
        return next(iter(self._last.values()))[0] if self._last else None

    def note(self, receipt: Receipt, ending: Ending, reason: str, now: float) -> None:
        """A message is final; `now` in seconds since 1970."""
        ticket = receipt.ticket
        record = ticket.record
        size = _OVERHEAD_BYTES + ticket.size // (len(ticket.profiles) or 1)
        # A bare tuple: to make an Outcome of it takes as long as all the rest here.
        self._new.append(
            (
                now,
                receipt.hull_id,
                receipt.external_id,
                receipt.email,
                receipt.channel,
                ending,
                reason,
                record.partition,
                record.offset,
                receipt.position,
                receipt.changes,
                receipt.skips,
                size,
            )
        )
        self._new_bytes += size
        if len(self._new) >= _AT_ONCE or self._new_bytes > self._most_bytes:
            self._place()

    def latest(self, most: int) -> list[Outcome]:
        """The last outcomes of all, newest first."""
        self._place()
        return [Outcome._make(one) for one in islice(reversed(self._recent), most)]

    def find(self, query: str, most: int) -> list[Outcome]:
        """What became of a profile, newest first: all that is remembered, up to `most`."""
        self._place()
        wanted = query.strip()
        hull_ids = {wanted} if wanted in self._last else self._named(wanted.lower())
        if not hull_ids:
            return []
        found = {id(one): one for one in self._recent if one[_HULL_ID] in hull_ids}
        for store in (self._last, self._before):
            found |= {id(store[name]): store[name] for name in hull_ids if name in store}
        newest = sorted(found.values(), key=itemgetter(0), reverse=True)[:most]
        return [Outcome._make(one) for one in newest]

    def _named(self, name: str) -> set[str]:
        """Hull ids of the profiles with that external id or e-mail address, in lower case."""
        if not name:
            return set()
        return {
            hull_id
            for _, hull_id, external_id, email, *_ in self._last.values()
            if is_same(external_id, name) or is_same(email, name)
        }

    def _place(self) -> None:
        """Put what is new in its place, and forget what is too much."""
        if not self._new:
            return
        new, self._new = self._new, []
        self._recent.extend(new)
        self._bytes += self._new_bytes
        self._new_bytes = 0
        self._remember(new)
        self._forget()

    def _remember(self, new: list[_Noted]) -> None:
        last, before = self._last, self._before
        named = {one[_HULL_ID]: one for one in new}
        if len(named) == len(new) and "" not in named and last.keys().isdisjoint(named):
            last.update(named)  # nobody twice: the mass, while a backlog is worked off
            return
        for one in new:
            hull_id = one[_HULL_ID]
            if not hull_id:
                continue
            old = last.pop(hull_id, None)
            last[hull_id] = one
            # `nothing changed` must not cover what became of the change before it.
            if old is not None and old[_ENDING] != one[_ENDING]:
                before.pop(hull_id, None)
                before[hull_id] = old

    def _forget(self) -> None:
        recent = self._recent
        while len(recent) > self._most_recent or self._bytes > self._most_bytes:
            oldest = recent.popleft()
            self._bytes -= oldest[_SIZE]
            for found in (oldest[_CHANGES], oldest[_SKIPS]):
                if isinstance(found, list):
                    found.clear()
        too_many = len(self._last) - self._most_profiles
        for hull_id in list(islice(self._last, max(0, too_many))):
            del self._last[hull_id]
            if self._before:
                self._before.pop(hull_id, None)
