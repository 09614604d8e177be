"""Outcomes as bytes: some hundred are written together, so that none is kept as objects. Pure.

Kept objects cost twice: their memory, and that it is not at hand for the next message. What is
looked for is found in the bytes; only what may hold it is read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import orjson

from consumer.part import Ending
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.part import Body

ShownChange: TypeAlias = "tuple[Resource, str, Ending, str, str | None, Body]"
"""Resource, key, ending, reason, what was done, and the object as it was sent."""

Row: TypeAlias = "Sequence[Any]"
"""The fields of an Outcome in their order, but that its changes lack the object."""

_NAMES: Final = slice(1, 4)
_KEY: Final = itemgetter(1, 5, 6)


class Outcome(NamedTuple):
    """The end of a message at `at` (seconds since 1970).

    `changes` (what was sent, or refused) is empty when the outcome is no longer among the last
    ones: then only `ending`, `reason` and `skips` are known.
    """

    at: float
    hull_id: str
    external_id: str | None
    email: str | None
    channel: str
    ending: Ending
    reason: str
    topic: str
    partition: int
    offset: int
    position: int | None
    changes: Sequence[ShownChange]
    skips: Sequence[tuple[Resource, str]]


@dataclass(slots=True, eq=False)
class Block:
    """`rows` is JSON, `payloads` a line for each change of each row, None if forgotten.

    `keys` tells for each row whose outcome it is, and which: a later one with the same key makes
    it dispensable. `since` is when its first outcome ended. `is_saved` if it was written before.
    """

    number: int
    rows: bytes
    payloads: bytes | None
    keys: Sequence[int]
    since: float
    is_saved: bool

    @classmethod
    def of(cls, number: int, rows: Sequence[Row], payloads: bytes | None = None) -> Block:
        """Write some rows, of which there must be one; without payloads they are saved ones."""
        keys = list(map(hash, map(_KEY, rows)))
        return cls(number, _written(rows), payloads, keys, rows[0][0], payloads is None)

    def read(self) -> list[Row]:
        """All rows."""
        found: list[Row] = orjson.loads(self.rows)
        return found

    def may_hold(self, name: str) -> bool:
        """Tell whether a name, in lower case, can be in here: without reading it."""
        # Whether a sign that is not ASCII has a lower case, bytes do not know.
        return not name.isascii() or orjson.dumps(name) in self.rows.lower()

    def outcomes(self, wants: Callable[[Sequence[str | None]], bool]) -> list[Outcome]:
        """Those whose names (Hull id, external id, e-mail) are wanted, in their order."""
        return [_outcome(row, lines) for row, lines in self._with_lines() if wants(row[_NAMES])]

    def last(self, most: int) -> list[Outcome]:
        """The last ones, in their order."""
        return [_outcome(row, lines) for row, lines in self._with_lines()[-most:]]

    def _with_lines(self) -> list[tuple[Row, Sequence[bytes]]]:
        rows = self.read()
        if self.payloads is None:
            return [(row, ()) for row in rows]
        lines = self.payloads.split(b"\n")
        ends = accumulate(len(row[-2]) for row in rows)
        return [(row, lines[end - len(row[-2]) : end]) for row, end in zip(rows, ends, strict=True)]


def _outcome(row: Row, lines: Sequence[bytes]) -> Outcome:
    changes, skips = row[-2:]
    shown = [
        (Resource(resource), *rest, orjson.loads(line or b"{}"))
        for (resource, *rest), line in zip(changes, lines, strict=False)
    ]
    skipped = [(Resource(resource), reason) for resource, reason in skips]
    return Outcome._make([*row[:-2], shown, skipped])


def _written(rows: Sequence[Row]) -> bytes:
    try:
        return orjson.dumps(rows)
    except TypeError:  # half of a surrogate pair is no text
        return orjson.dumps(_clean(rows))


def _clean(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
