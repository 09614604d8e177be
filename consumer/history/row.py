"""What the store must know of a line of the outcomes topic: when, whose, of which record. Pure.

`schemas/outcome.py` says what a line tells. Here only what is looked for is read, as all else is
kept as it came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta

_Ms: TypeAlias = Annotated[int, Meta(ge=0, lt=253_402_300_800_000)]
"""To the end of the year 9999: what is later is no moment."""


class Place(NamedTuple):
    """Where a message lies: told twice, it has the same."""

    topic: str
    partition: int
    offset: int
    position: int


class Row(NamedTuple):
    """The end of a message at `ms` (since 1970), by its names, and its line."""

    ms: int
    names: tuple[str, ...]
    place: Place
    line: bytes


class Aside(NamedTuple):
    """A summary or a gap."""

    ms: int
    kind: str
    line: bytes


@dataclass(slots=True)
class Lines:
    """What a record of the topic holds; `foreign` counts the lines that are none of ours."""

    rows: list[Row] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)
    foreign: int = 0


class _Change(msgspec.Struct, gc=False):
    planhat_id: str = ""
    replaced: str = ""


class _Outcome(msgspec.Struct, gc=False, tag_field="kind", tag="outcome"):
    at: _Ms
    hull_id: str
    topic: str
    partition: int
    offset: int
    position: int | None = None
    external_id: str = ""
    email: str = ""
    email_digest: str = ""
    changes: tuple[_Change, ...] = ()
    merged: tuple[str, ...] = ()


class _Summary(msgspec.Struct, gc=False, tag_field="kind", tag="summary"):
    at: _Ms


class _Gap(msgspec.Struct, gc=False, tag_field="kind", tag="gap"):
    at: _Ms


_decode: Final = msgspec.json.Decoder(_Outcome | _Summary | _Gap).decode


def rows_of(value: bytes) -> Lines:
    """Read the lines of a record of the topic; what cannot be read is counted."""
    read = Lines()
    for line in value.split(b"\n"):
        if not line:
            continue
        try:
            one = _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            read.foreign += 1
            continue
        if isinstance(one, _Outcome):
            place = Place(one.topic, one.partition, one.offset, one.position or 0)
            read.rows.append(Row(one.at, _names(one), place, line))
        else:
            kind = "gap" if isinstance(one, _Gap) else "summary"
            read.asides.append(Aside(one.at, kind, line))
    return read


def _names(one: _Outcome) -> tuple[str, ...]:
    """By what it is found, in lower case; an address that is masked is nobody's name."""
    given = [one.hull_id, one.external_id, one.email_digest, *one.merged]
    if one.email and "***" not in one.email:
        given.append(one.email)
    for change in one.changes:
        given += (change.planhat_id, change.replaced)
    return tuple({name.lower(): None for name in given if name})
