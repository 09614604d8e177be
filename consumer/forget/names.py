"""By what somebody is named who is to be forgotten: keys of Planhat and of Hull. Pure."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind: TypeAlias = Literal["email", "external_id", "hull_id", "planhat_id"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
MOST_NAMES: Final = 10_000
_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Name:
    """One key of one person; an e-mail address in lower case, and as it was `given`."""

    kind: Kind
    value: str
    given: str = field(default="", compare=False)

    def __str__(self) -> str:
        """As people read it."""
        return f"{self.kind.replace('_', ' ')} {self.value}"


def name(kind: Kind, value: str) -> Name:
    """Read one; raises ValueError."""
    plain = value.strip()
    if not plain or len(plain) > _LONGEST or not plain.isprintable():
        raise ValueError(f"{kind}: must be 1 to {_LONGEST} printable letters")
    if kind != "email":
        return Name(kind, plain)
    if "@" not in plain:
        raise ValueError("email: must be an address with an @")
    return Name(kind, plain.lower(), plain)


def from_csv(text: str) -> list[Name]:
    """The names of a file whose first line tells which columns it has; raises ValueError.

    Each cell that is not empty is a name; a column may stand alone, so that there is one a line.
    """
    rows = csv.reader(text.splitlines())
    columns = [cell.strip().lower() for cell in next(rows, [])]
    known = [kind for kind in KINDS if kind in columns]
    strange = [one for one in columns if one not in KINDS]
    if not known or strange or len(known) < len(columns):
        raise ValueError(f"the first line must name the columns, each once: {', '.join(KINDS)}")
    found: list[Name] = []
    try:
        for row in rows:
            found += _of_row(row, columns)
    except (ValueError, csv.Error) as error:
        raise ValueError(f"line {rows.line_num}: {error}") from None
    return found


def _of_row(row: list[str], columns: list[str]) -> list[Name]:
    if len(row) > len(columns):
        raise ValueError(f"{len(row)} cells, but {len(columns)} columns")
    cells = dict(zip(columns, row, strict=False))
    return [name(kind, cells[kind]) for kind in KINDS if cells.get(kind, "").strip()]


def distinct(names: Iterable[Name]) -> list[Name]:
    """Each once, in their order; raises ValueError if there are none, or too many."""
    found = list(dict.fromkeys(names))
    if not found:
        raise ValueError("nobody is named")
    if len(found) > MOST_NAMES:
        raise ValueError(f"{len(found)} names: at most {MOST_NAMES} at once")
    return found
