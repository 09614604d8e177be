"""Which contacts the names fit, and which of them may be deleted. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consumer.forget.names import Name
from schemas.planhat import Enduser

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(slots=True)
class Fits:
    """The contacts that were found, by Planhat's id; and which of them each name fits."""

    contacts: dict[str, Enduser] = field(default_factory=dict)
    by_name: dict[Name, list[str]] = field(default_factory=dict)

    def add(self, name: Name, rows: Iterable[Enduser]) -> None:
        """These contacts have this name."""
        ids = self.by_name.setdefault(name, [])
        for row in rows:
            self.contacts.setdefault(row.id, row)
            if row.id not in ids:
                ids.append(row.id)


def refused(fits: Fits, *, takes_all: bool) -> dict[Name, list[str]]:
    """The names that fit several contacts, with these; none if all are to be taken."""
    if takes_all:
        return {}
    return {name: ids for name, ids in fits.by_name.items() if len(ids) > 1}


def chosen(fits: Fits, left: Mapping[Name, Sequence[str]]) -> list[Enduser]:
    """The contacts to delete: of all names but those that are left, each once."""
    ids = (one for name, found in fits.by_name.items() if name not in left for one in found)
    return [fits.contacts[one] for one in dict.fromkeys(ids)]
