"""Outcomes as text: some hundred are kept together, so that none lives on as objects. Pure.

Kept objects cost twice: their memory, and that it is not at hand for the next message. What is
looked for is found in the bytes; only what may hold it is read again.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

import orjson

from consumer.offsets.ticket import Ending
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.lanes.part import Body
    from consumer.offsets.record import Partition
    from consumer.offsets.ticket import Change, Receipt

ShownChange: TypeAlias = "tuple[Resource, str, Ending, str, str | None, Body | None]"
"""Resource, key, ending, reason, what was done, and the object as it was sent; None if that is
forgotten."""

_FIELD: Final = "\x1f"
_ROW: Final = "\x1e"
_ITEM: Final = "\x1d"
_MEMBER: Final = "\x1c"
_SEPARATORS: Final = 12
_MOST_SKIPS: Final = 50
"""Of one message: it may have thousands of events."""
_MEANT: Final = dict.fromkeys(range(0x1C, 0x20), "?")
"""Whoever writes the separators of a row into a name sees them as question marks."""


class Outcome(NamedTuple):
    """The end of a message at `at` (seconds since 1970); `changes` may not have been noted."""

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


def row_of(
    receipt: Receipt, ending: str, reason: str, changes: Sequence[Change], at: str, place: str
) -> str:
    """One line for the end of a message at `at` (ms since 1970); `place` is from `place_of`."""
    position = "" if receipt.position is None else str(receipt.position)
    skips = ""
    if receipt.skips:
        some = receipt.skips[:_MOST_SKIPS]
        skips = _ITEM.join([f"{resource}\x1c{why.translate(_MEANT)}" for resource, why in some])
    hull_id, external_id, email = receipt.hull_id, receipt.external_id, receipt.email
    changed = _ITEM.join([_change(change, hull_id) for change in changes]) if changes else ""
    row = (
        f"{at}\x1f{hull_id}\x1f{external_id or ''}\x1f{email or ''}\x1f{receipt.channel}"
        f"\x1f{ending}\x1f{reason}\x1f{place}\x1f{receipt.ticket.record.offset}\x1f{position}"
        f"\x1f{skips}\x1f{changed}"
    )
    if row.count(_FIELD) == _SEPARATORS and _ROW not in row:
        return row
    texts = [hull_id, external_id or "", email or "", receipt.channel, ending, reason]
    clean = _FIELD.join([text.translate(_MEANT) for text in texts])
    offset = str(receipt.ticket.record.offset)
    return _FIELD.join([at, clean, place, offset, position, skips, changed])


def place_of(partition: Partition) -> str:
    """The part of a row that tells of the partition; a topic's name has none of our separators."""
    return f"{partition.topic}{_FIELD}{partition.number}"


def _change(change: Change, hull_id: str) -> str:
    """The key is left out where it is the Hull id, as it mostly is."""
    resource, key, ending, reason, done, _ = change
    texts = [str(resource), "" if key == hull_id else key, ending, reason, done or ""]
    return _MEMBER.join([text.translate(_MEANT) for text in texts])


@dataclass(slots=True, eq=False)
class Block:
    """Rows as UTF-8, and `payloads`: a line for each change of each row, None if forgotten.

    `keys` tells for each row whose outcome it is, and which: a later one with the same key makes
    it dispensable. `since` is when its first outcome ended, in seconds since 1970.
    """

    rows: bytes
    payloads: bytes | None
    keys: Sequence[int]
    since: float

    @classmethod
    def of(
        cls,
        rows: Sequence[str],
        keys: Sequence[int],
        since: float,
        payloads: Sequence[bytes] | None = None,
    ) -> Block:
        """Write some rows, of which there must be one, and the lines of their changes."""
        joined = None if payloads is None else b"\n".join(payloads)
        text = _ROW.join(rows).encode("utf-8", "replace")  # half of a surrogate pair is no text
        return cls(text, joined, array("q", keys), since)

    def read(self) -> list[str]:
        """All rows."""
        return self.rows.decode().split(_ROW)

    def may_hold(self, name: str) -> bool:
        """Whether a name, in lower case, can be in here: without reading it."""
        # Whether a sign that is not ASCII has a lower case, bytes do not know.
        wanted = f"{_FIELD}{name}{_FIELD}"
        return not name.isascii() or wanted.encode() in self.rows.lower()

    def outcomes(self, wants: Callable[[Sequence[str]], bool]) -> list[Outcome]:
        """Those whose names (Hull id, external id, e-mail) are wanted, in their order."""
        return [
            _outcome(fields, lines) for fields, lines in self._with_lines() if wants(fields[1:4])
        ]

    def last(self, most: int) -> list[Outcome]:
        """The last ones, in their order."""
        return [_outcome(fields, lines) for fields, lines in self._with_lines()[-most:]]

    def _with_lines(self) -> list[tuple[list[str], list[bytes]]]:
        rows = [row.split(_FIELD) for row in self.read()]
        if self.payloads is None:
            return [(row, []) for row in rows]
        lines = self.payloads.split(b"\n")
        found = []
        start = 0
        for row in rows:
            end = start + len(_items(row[-1]))
            found.append((row, lines[start:end]))
            start = end
        return found


def ended_at(row: str) -> float:
    """When the message of a row ended."""
    return int(row.partition(_FIELD)[0]) / 1000


def _items(text: str) -> list[str]:
    return text.split(_ITEM) if text else []


def _outcome(fields: list[str], lines: list[bytes]) -> Outcome:
    at, hull_id, external_id, email, channel, ending, reason, topic = fields[:8]
    partition, offset, position, skips, changes = fields[8:]
    return Outcome(
        int(at) / 1000,
        hull_id,
        external_id or None,
        email or None,
        channel,
        cast("Ending", ending),
        reason,
        topic,
        int(partition),
        int(offset),
        int(position) if position else None,
        [_shown(item, line, hull_id) for item, line in zip_longest(_items(changes), lines)],
        [(Resource(what), why) for what, why in (one.split(_MEMBER) for one in _items(skips))],
    )


def _shown(item: str, line: bytes | None, hull_id: str) -> ShownChange:
    resource, key, ending, reason, done = item.split(_MEMBER)
    body: Body | None = None if line is None else orjson.loads(line or b"{}")
    return (Resource(resource), key or hull_id, cast("Ending", ending), reason, done or None, body)
