"""By what Planhat may name an item, and which item it means by that. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from schemas.models import ENDUSERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FIELDS: Final = ENDUSERS.keys
"""Those of all models."""
_TOKEN = re.compile(r"[^\s\"'{}\[\](),;:=<>]+")
_DEEPEST = 4
_TEXTUAL = (str, int)


Item: TypeAlias = dict[str, Any]
"""An item as it was sent, or at least its keys."""


class Index:
    """Finds the positions of items by any of their keys."""

    def __init__(self, items: Sequence[Item]) -> None:
        """A key is gone through when an answer is the first to name an item by it."""
        self._items = items
        # Nearly always one item has a value: a list for each would cost more than all the rest.
        self._first: list[dict[str, int] | None] = [None] * len(_FIELDS)
        self._shared: dict[tuple[int, str], list[int]] = {}

    def __len__(self) -> int:
        """Items."""
        return len(self._items)

    def find(self, entry: Item) -> int | None:
        """Give the one item that an object with keys means, None if that is not certain.

        The first key by which an item is found decides, as with Planhat itself, unless a key of
        more weight says otherwise: an external id may occur once in each company.
        """
        weightier: list[tuple[str, str]] | None = None
        for order, field in enumerate(_FIELDS):
            value = _normal(field, entry.get(field))
            if value is None:
                continue
            position = self._by(order).get(value)
            if position is not None and not (self._shared and (order, value) in self._shared):
                return None if weightier and self._contradicts(position, weightier) else position
            weightier = [*(weightier or ()), (field, value)]
        return None

    def renamed(self, entry: Item) -> int | None:
        """Give the item that an entry means by its other keys, though it was named by another _id.

        So answers Planhat if it does not know the `_id` and goes by the next key. A `sourceId` is
        unique. An external id is certain only if no item lacks one: see `untagged`.
        """
        known = _normal("_id", entry.get("_id"))
        if known is None or known in self._by(_FIELDS.index("_id")):
            return None
        for field in ("sourceId", "externalId"):
            order, value = _FIELDS.index(field), _normal(field, entry.get(field))
            position = None if value is None else self._by(order).get(value)
            if position is None or value is None or (order, value) in self._shared:
                continue
            return position if self._items[position].get("_id") else None
        return None

    @property
    def untagged(self) -> list[int]:
        """Items without an external id: an entry with any may be theirs."""
        return [at for at, item in enumerate(self._items) if not item.get("externalId")]

    def _by(self, order: int) -> dict[str, int]:
        """Where each value of a key occurs first."""
        found = self._first[order]
        if found is None:
            found = self._first[order] = {}
            field = _FIELDS[order]
            for position, item in enumerate(self._items):
                value = _normal(field, item.get(field))
                if value is None:
                    continue
                first = found.setdefault(value, position)
                if first != position:
                    self._shared.setdefault((order, value), [first]).append(position)
        return found

    def named(self, entry: object) -> tuple[set[int], bool]:
        """Give all items that an error entry may mean, and whether it is clear which one."""
        objects = list(_objects(entry, _DEEPEST))
        positions = {position for fields in objects for position in self._any(fields)}
        if positions:
            found = {self.find(fields) for fields in objects if self._any(fields)}
            return positions, found == positions and len(positions) == 1
        words = [word for text in _texts(entry, _DEEPEST) for word in _TOKEN.findall(text)]
        return {
            at for word in words for at in self._words.get(word.strip(".!?").lower(), ())
        }, False

    def _any(self, fields: Item) -> set[int]:
        found: set[int] = set()
        for order, field in enumerate(_FIELDS):
            value = _normal(field, fields.get(field))
            first = None if value is None else self._by(order).get(value)
            if value is not None and first is not None:
                found.update(self._shared.get((order, value), (first,)))
        return found

    @cached_property
    def _words(self) -> dict[str, set[int]]:
        """Where each key occurs, in lower case; only errors are looked up by words."""
        found: dict[str, set[int]] = defaultdict(set)
        for position, item in enumerate(self._items):
            for field in _FIELDS:
                value = _normal(field, item.get(field))
                if value is not None:
                    found[value.lower()].add(position)
        return found

    def _contradicts(self, position: int, weightier: Sequence[tuple[str, str]]) -> bool:
        item = self._items[position]
        return any(
            _normal(field, item.get(field)) not in (None, value) for field, value in weightier
        )


def _normal(field: str, value: Any) -> str | None:  # noqa: ANN401 - whatever Planhat sent
    if value is None or value == "":
        return None
    if not isinstance(value, _TEXTUAL) or isinstance(value, bool):
        return None
    return str(value).lower() if field == "email" else str(value)


def _objects(entry: Any, depth: int) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """The objects within an entry: the item may lie in `item`, `data`, whatever it is called."""
    if not depth or not isinstance(entry, dict | list):
        return
    if isinstance(entry, dict):
        yield entry
    for value in entry.values() if isinstance(entry, dict) else entry:
        yield from _objects(value, depth - 1)


def _texts(entry: Any, depth: int) -> Iterator[str]:  # noqa: ANN401
    if isinstance(entry, str):
        yield entry
    elif depth and isinstance(entry, dict | list):
        for value in entry.values() if isinstance(entry, dict) else entry:
            yield from _texts(value, depth - 1)
