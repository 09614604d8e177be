"""Into the plain form: read straight from the bytes where they have it, by the models if not. Pure.

What msgspec refuses, for whatever reason, is left to the models; what it takes is what they would
make of it. A property keeps the two of one mind (docs/decisions/0006).

What is of a wrong type is cut, so that the rest can be used: as little as can be, an event, a
member of an event, a segment; else the whole part. Of `changes` all is cut: if not all of them are
known, anything may have changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec
from pydantic import ValidationError

from consumer.decide.message import MOST, NO_FAULTS
from schemas import hull
from schemas.plain import NO_MOVES, Changes, Event, Message, Segment, SegmentChanges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import ErrorDetails

    from consumer.decide.message import Faults
    from schemas.plain import Segments

_decode: Final = msgspec.json.Decoder(Message).decode
_LARGE: Final = 32 * 1024
_MOST_EXTREME: Final = 1000
_EXTREME: Final = tuple(
    re.compile(sign + rb"[+-]?(?:2[89]|3[0-9])[0-9]")
    for sign in (b"e", b"E")  # twice as fast
)
"""Numbers as 1e308 take msgspec 20 us each: a megabyte of them held everything up for 3 s."""


def decoded(value: bytes) -> Message | None:
    """Read a message, or an envelope, from its JSON; None for what is not of the plain form."""
    if len(value) > _LARGE and sum(len(one.findall(value)) for one in _EXTREME) > _MOST_EXTREME:
        return None
    try:
        if not value.isascii():
            # What nobody reads is passed over, but a text must be one.
            value.decode()
        return _decode(value)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


class _Envelope(msgspec.Struct, gc=False):
    messages: list[msgspec.Raw] = []


_count: Final = msgspec.json.Decoder(_Envelope).decode


def has_too_many(value: bytes) -> bool:
    """Tell whether an envelope holds more than `MOST` messages, before any of them is read.

    False for what is not of the plain form, too: there they are counted when it is read.
    """
    if value.count(b",") < MOST:
        return False
    try:
        return len(_count(value).messages) > MOST
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False


def modelled(document: Any) -> tuple[Message, Faults]:  # noqa: ANN401 - whatever lies in the topic
    """Read what may have any of the forms that the models know, and without what has none."""
    faults = NO_FAULTS
    try:
        found = hull.Message.model_validate(document)
    except ValidationError as error:
        document, faults = readable(document, error)
        found = hull.Message.model_validate(document)
    return _message(found), faults


def _message(found: hull.Message) -> Message:
    return Message(
        found.channel,
        found.user,
        found.account,
        _segments(found.segments),
        _segments(found.account_segments),
        tuple([_event(event) for event in found.events]),
        None if found.changes is None else _changes(found.changes),
        found.is_export,
    )


def _segments(found: tuple[hull.Segment, ...]) -> Segments:
    return tuple([Segment(one.id, one.name) for one in found])


def _event(found: hull.Event) -> Event:
    return Event(found.event, found.event_id, found.created_at, found.properties)


def _changes(found: hull.Changes) -> Changes:
    return Changes(
        found.is_new,
        found.user,
        found.account,
        _moves(found.segments),
        _moves(found.account_segments),
    )


def _moves(found: hull.SegmentChanges | None) -> SegmentChanges:
    if found is None:
        return NO_MOVES
    return SegmentChanges(_segments(found.entered), _segments(found.left))


_LISTS: Final = ("events", "segments", "account_segments")
_MOVES: Final = ("entered", "left")
_NEEDED: Final = "id"
_LONGEST: Final = 200
_RIGHT: Final = {
    "bool_parsing": "should be true or false",
    "bool_type": "should be true or false",
    "dict_type": "should be an object",
    "model_type": "should be an object",
    "string_type": "should be text",
    "tuple_type": "should be a list",
}


def readable(document: dict[str, Any], error: ValidationError) -> tuple[dict[str, Any], Faults]:
    """Return a copy without all that the error names, and what that is for each part."""
    faults: dict[str, str] = {}
    places: dict[str, list[Sequence[int | str]]] = {}
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        part = str(one["loc"][0])
        faults.setdefault(part, told(one))
        places.setdefault(part, []).append(one["loc"][1:])
    rest = {name: value for name, value in document.items() if name not in places}
    for part, wrong in places.items():
        if part in _LISTS and () not in wrong:
            rest[part] = _items(document[part], wrong)
    return rest, faults


def items_of(document: object) -> int:
    """Count what the models read one by one, before they do: whatever it is."""
    if not isinstance(document, dict):
        return 0
    changes = document.get("changes")
    moves = [changes.get(part) for part in _LISTS] if isinstance(changes, dict) else ()
    found = [document.get(part) for part in _LISTS]
    for move in moves:
        if isinstance(move, dict):
            found += [move.get(part) for part in _MOVES]
    return sum([len(one) for one in found if isinstance(one, list)])


def told(error: ErrorDetails) -> str:
    """Say where something is wrong and what would be right, without the value."""
    place = ".".join(str(step) for step in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    right = _RIGHT.get(error["type"], f"{message[:1].lower()}{message[1:]}")
    return f"{place}: {right}"[:_LONGEST]


def _items(found: list[Any], places: list[Sequence[int | str]]) -> list[Any]:
    """Cut members of items; an item that is none, or lacks its id then, as a whole."""
    items = list(found)
    cut: set[int | str] = set()
    for at, *member in places:
        if not member or member[0] == _NEEDED:
            cut.add(at)
        else:
            item = items[int(at)]
            items[int(at)] = {name: item[name] for name in item if name != member[0]}
    return [item for at, item in enumerate(items) if at not in cut]
