"""By what Planhat may name an item, and which item it means by that. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_FIELDS = ("_id", "sourceId", "externalId", "email")
_TOKEN = re.compile(r"[^\s\"'{}\[\](),;:=<>]+")
_DEEPEST = 4
_TEXTUAL = (str, int)


class Keys(NamedTuple):
    """By what Planhat may name an item, in the order of its priority."""

    id: str | None = None
    source_id: str | None = None
    external_id: str | None = None
    email: str | None = None


class Index:
    """Finds the positions of items by any of their keys."""

    def __init__(self, keys: Sequence[Keys]) -> None:
        """`keys[i]` are those of the item at position i."""
        self._keys = [tuple(map(_normal, _FIELDS, names)) for names in keys]
        self._positions: dict[str, dict[str, list[int]]] = {field: {} for field in _FIELDS}
        by_field = tuple(self._positions.values())
        for position, names in enumerate(self._keys):
            for positions, value in zip(by_field, names, strict=True):
                if value is None:
                    continue
                shared = positions.get(value)
                if shared is None:
                    positions[value] = [position]
                else:
                    shared.append(position)

    def find(self, entry: Mapping[str, Any]) -> int | None:
        """Give the one item that an object with keys means, None if that is not certain.

        The first key by which an item is found decides, as with Planhat itself, unless a key of
        more weight says otherwise: an external id may occur once in each company.
        """
        weightier: list[tuple[int, str]] = []
        for order, field in enumerate(_FIELDS):
            value = _normal(field, entry.get(field))
            if value is None:
                continue
            positions = self._positions[field].get(value, ())
            if len(positions) == 1:
                return None if self._contradicts(positions[0], weightier) else positions[0]
            weightier.append((order, value))
        return None

    def named(self, entry: object) -> tuple[set[int], bool]:
        """Give all items that an error entry may mean, and whether it is clear which one."""
        objects = list(_objects(entry, _DEEPEST))
        positions = {position for fields in objects for position in self._any(fields)}
        if positions:
            found = {self.find(fields) for fields in objects if self._any(fields)}
            return positions, found == positions and len(positions) == 1
        words = [word for text in _texts(entry, _DEEPEST) for word in _TOKEN.findall(text)]
        return {at for word in words for at in self._words.get(_bare(word), ())}, False

    def _any(self, fields: Mapping[str, Any]) -> set[int]:
        found: set[int] = set()
        for field in _FIELDS:
            value = _normal(field, fields.get(field))
            if value is not None:
                found.update(self._positions[field].get(value, ()))
        return found

    @cached_property
    def _words(self) -> dict[str, set[int]]:
        """Where each key occurs, in lower case; only errors are looked up by words."""
        found: dict[str, set[int]] = defaultdict(set)
        for position, names in enumerate(self._keys):
            for value in names:
                if value is not None:
                    found[value.lower()].add(position)
        return found

    def _contradicts(self, position: int, weightier: Sequence[tuple[int, str]]) -> bool:
        if not weightier:
            return False
        names = self._keys[position]
        return any(names[order] not in (None, value) for order, value in weightier)


def _normal(field: str, value: Any) -> str | None:  # noqa: ANN401 - whatever Planhat sent
    if value is None or value == "":
        return None
    if not isinstance(value, _TEXTUAL) or isinstance(value, bool):
        return None
    return str(value).lower() if field == "email" else str(value)


def _bare(word: str) -> str:
    return word.strip(".!?").lower()


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
