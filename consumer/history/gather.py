"""What records of the topic tell of somebody, for who asks once and keeps no store. Pure."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final

import msgspec

from consumer.history.row import rows_of
from consumer.history.search import Item

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumer.history.row import Aside, Place

_MOST: Final = 10_000
"""Outcomes that are held."""
_MOST_ASIDES: Final = 1000


class Gathered:
    """Outcomes that carry one of `names`, each message once; and the gaps of the topic."""

    def __init__(self, names: Iterable[str], most: int = _MOST) -> None:
        """Nothing is read yet; of more than `most` outcomes the newest half stays."""
        self._most = most
        self.names = {name.lower() for name in names if name}
        self.gaps: list[Aside] = []
        self._items: dict[Place, Item] = {}

    @property
    def items(self) -> list[Item]:
        """What was found, the newest first."""
        return sorted(self._items.values(), key=attrgetter("row.ms"), reverse=True)

    @property
    def hull_ids(self) -> set[str]:
        """Of those that were found: by them the rest of what became of them is found."""
        found = (_Whose.decode(item.row.line).hull_id.lower() for item in self._items.values())
        return {hull_id for hull_id in found if hull_id}

    def read(self, value: bytes) -> None:
        """Look through a record."""
        if not self._may_hold(value):
            return
        lines = rows_of(value)
        self.gaps += [one for one in lines.asides if one.kind == "gap"][:_MOST_ASIDES]
        del self.gaps[_MOST_ASIDES:]
        for row in lines.rows:
            if self.names.isdisjoint(row.names):
                continue
            other = self._items.get(row.place)
            repeated = 0 if other is None else other.repeated + 1
            newest = row if other is None or row.ms >= other.row.ms else other.row
            self._items[row.place] = Item(newest, repeated)
        if len(self._items) > self._most:
            self._items = {item.row.place: item for item in self.items[: self._most // 2]}

    def _may_hold(self, value: bytes) -> bool:
        """Whether it is worth to read the lines: most records tell of others."""
        if b'"gap"' in value or not all(name.isascii() for name in self.names):
            return True
        some = value.lower()
        return any(_written(name) in some for name in self.names)


class _Whose(msgspec.Struct):
    hull_id: str

    @classmethod
    def decode(cls, line: bytes) -> _Whose:
        return msgspec.json.decode(line, type=cls)


def _written(name: str) -> bytes:
    """A name as JSON has it, without its quotes."""
    return msgspec.json.encode(name)[1:-1]
