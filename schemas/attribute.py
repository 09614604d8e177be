"""Attribute names of Hull: one name, however a message or a mapping spells it.

Three spellings are in use for one attribute: `traits_crm/title` (the raw wire), `crm/title`
(trimmed) and `crm: {title: ...}` (grouped; in mappings also `crm.title`).
"""

import re
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Final

from pydantic import JsonValue


class Absent(Enum):
    """The type of `ABSENT`: unlike `None` it can never be a value of an attribute."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

_PREFIX: Final = "traits_"
_INDEX: Final = re.compile(r"\[\d+\]")


def canonical(name: str) -> str:
    """Return the trimmed spelling: no `traits_` in front, a slash between group and name."""
    while name.startswith(_PREFIX):
        name = name[len(_PREFIX) :]
    if "/" not in name and "." in name:
        return name.replace(".", "/", 1)
    return name


class Attribute:
    """One attribute, compiled from the name in a mapping, read from any spelling.

    `spellings` are the flat names under which it may lie in a message, likely ones first.
    """

    __slots__ = ("_group", "_leaf", "canonical", "name", "spellings")

    def __init__(self, name: str) -> None:
        self.name: Final = name
        self.canonical: Final = canonical(name)
        # The doubled prefix is seen on the wire where a connector wrote "traits_..." itself.
        others = [self.canonical, *[f"{_PREFIX * n}{self.canonical}" for n in (1, 2)]]
        self.spellings: Final = tuple(dict.fromkeys((name, *others)))
        self._group, _, self._leaf = self.canonical.partition("/")

    def __repr__(self) -> str:
        """Show the attribute as it was named."""
        return f"Attribute({self.name!r})"

    def read(self, entity: Mapping[str, JsonValue]) -> JsonValue | Absent:
        """Return the value, `None` included, or `ABSENT`; the name as given is tried first."""
        for spelling in self.spellings:
            found = entity.get(spelling, ABSENT)
            if found is not ABSENT:
                return found
        if not self._leaf:
            return ABSENT
        group = entity.get(self._group)
        return group.get(self._leaf, ABSENT) if isinstance(group, dict) else ABSENT

    def found_as(self, entity: Mapping[str, JsonValue]) -> str | None:
        """Return the spelling under which `read` finds the value; `group.name` if it is nested."""
        for spelling in self.spellings:
            if spelling in entity:
                return spelling
        return None if self.read(entity) is ABSENT else f"{self._group}.{self._leaf}"


def _changed(name: str) -> str:
    return canonical(_INDEX.split(name, 1)[0] if "[" in name else name)


# The names of an organisation are few and come again and again. Longer ones are nobody's, and
# would make the bound on their number a poor bound on memory.
_remembered = lru_cache(maxsize=8192)(_changed)
_USUAL_LENGTH: Final = 200


def _named(name: str) -> str:
    return _remembered(name) if len(name) <= _USUAL_LENGTH else _changed(name)


def changed_names(changes: Mapping[str, JsonValue]) -> frozenset[str]:
    """Return the canonical names in a map of changes; `tags[0]` counts as `tags`."""
    found: list[str] = []
    for name, change in changes.items():
        if isinstance(change, dict):
            found += [_named(f"{name}/{leaf}") for leaf in change]
        else:
            found.append(_named(name))
    return frozenset(found)
