"""Finds outcomes by names, the newest first, page by page."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from consumer.history.day import DAY_MS, Day
from consumer.history.entries import Hit
from consumer.history.row import Row, rows_of
from consumer.history.trouble import DayDamaged

if TYPE_CHECKING:
    from collections.abc import Collection

    from consumer.history.store import Store

MOST_READ: Final = 1000
"""Packs that one search reads: what is left is told by the next page."""
_HELD: Final = 8
"""Packs that are held while a search goes on: what ended together lies together."""


class Cursor(NamedTuple):
    """The last outcome that a page told of."""

    day: int
    ms: int
    pack: int
    row: int


class Span(NamedTuple):
    """From `since_ms` to before `until_ms`, since 1970."""

    since_ms: int
    until_ms: int


@dataclass(slots=True)
class Item:
    """An outcome as the topic tells it; `repeated` counts how often it was told before."""

    row: Row
    repeated: int = 0


@dataclass(slots=True)
class Page:
    """Some outcomes, the newest first; more of them lie behind `after`, unless that is None."""

    items: list[Item] = field(default_factory=list)
    after: Cursor | None = None


def search(
    store: Store,
    names: Collection[str],
    span: Span,
    after: Cursor | None = None,
    most: int = 50,
    most_read: int = MOST_READ,
) -> Page:
    """Find what became of the messages that carry one of these names; raises HistoryHeld.

    A message that is told several times (a member that died had not committed it) counts once, as
    it ended last. A day that turns out to be damaged is left out, and lost.
    """
    wanted = frozenset(name.lower() for name in names if name)
    walk = _Walk(wanted, after, most, most_read)
    first, last = span.since_ms // DAY_MS, span.until_ms // DAY_MS
    for number in sorted(store.days, reverse=True):
        if not first <= number <= last:
            continue
        try:
            if not walk.day(store.days[number], span):
                break
        except DayDamaged as damaged:
            store.lose(damaged)
    return walk.page


@dataclass(slots=True)
class _Seen:
    """An outcome that is newer; its item, if it is on this page."""

    day: Day
    hit: Hit
    item: Item | None = None


class _Walk:
    """Goes from the newest to the oldest."""

    def __init__(
        self, wanted: frozenset[str], after: Cursor | None, most: int, most_read: int
    ) -> None:
        self.page = Page()
        self._wanted = wanted
        self._after = after
        self._most = most
        self._most_read = most_read
        self._seen: dict[int, list[_Seen]] = {}
        self._last = after
        self._read = 0
        self._packs: dict[tuple[int, int], list[bytes]] = {}

    def day(self, day: Day, span: Span) -> bool:
        """Add what it has; False if the page is full."""
        begin = day.number * DAY_MS
        found = set(chain.from_iterable(day.hits(name) for name in self._wanted))
        hits = [one for one in found if span.since_ms <= begin + one.ms < span.until_ms]
        for hit in sorted(hits, key=_age, reverse=True):
            self._one(day, hit)
        return self.page.after is None

    def _one(self, day: Day, hit: Hit) -> None:
        """Tell of it, if it is none that was told, and there is room."""
        key = Cursor(day.number, hit.ms, hit.pack, hit.row)
        is_past = self._after is not None and key >= self._after
        twins = self._seen.setdefault(hit.place, [])
        if twins:
            row = self._row(day, hit)
            twin = row and next((one for one in twins if self._is_place(one, row)), None)
            if row is None or twin is not None:
                if twin is not None and twin.item is not None:
                    twin.item.repeated += 1
                return
        if is_past:
            twins.append(_Seen(day, hit))
        elif len(self.page.items) >= self._most or self._read > self._most_read:
            self.page.after = self._last
        elif self.page.after is None:
            self._last = key
            row = self._row(day, hit)
            if row is not None:
                item = Item(row)
                twins.append(_Seen(day, hit, item))
                self.page.items.append(item)

    def _is_place(self, seen: _Seen, row: Row) -> bool:
        other = seen.item.row if seen.item is not None else self._row(seen.day, seen.hit)
        return other is not None and other.place == row.place

    def _row(self, day: Day, hit: Hit) -> Row | None:
        """Read an outcome; None if another name has the same checksums."""
        at = (day.number, hit.pack)
        lines = self._packs.get(at)
        if lines is None:
            self._read += 1
            lines = self._packs[at] = day.pack(hit.pack)
            if len(self._packs) > _HELD:
                del self._packs[next(iter(self._packs))]
        rows = rows_of(lines[hit.row]).rows if hit.row < len(lines) else []
        if not rows:
            raise DayDamaged(day.number, f"row {hit.row} of its pack {hit.pack} is gone")
        return rows[0] if self._wanted.intersection(rows[0].names) else None


def _age(hit: Hit) -> tuple[int, int, int]:
    return hit.ms, hit.pack, hit.row
