"""From JSON to messages: straight from the bytes where they are plain, part by part if not. Pure.

What msgspec takes is what the reading by parts would make of it; a property keeps the two of one
mind (docs/decisions/0006).

What is of a wrong type is cut, so that the rest can be used: as little as can be, an event, the
properties of an event, a segment; else the whole part. Of `changes` all is cut: if not all of them
are known, anything may have changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET

from consumer.decide.message import MOST
from schemas.hull import NO_MOVES, Changes, Event, Message, Segment, SegmentChanges

if TYPE_CHECKING:
    from consumer.decide.message import Faults
    from schemas.hull import Entity, Segments

_decode: Final = msgspec.json.Decoder(Message).decode
_LARGE: Final = 32 * 1024
_MOST_EXTREME: Final = 1000
_EXTREME: Final = tuple(
    re.compile(sign + rb"[+-]?(?:2[89]|3[0-9])[0-9]")
    for sign in (b"e", b"E")  # twice as fast
)
"""A number like 1e308 takes msgspec 20 us: a megabyte of them held everything up for 3 s."""


def decoded(value: bytes) -> Message | None:
    """Read a message, or an envelope, from its JSON; None for what is not of the plain form.

    Of another form is a row of an extract, too.
    """
    if len(value) > _LARGE and sum(len(one.findall(value)) for one in _EXTREME) > _MOST_EXTREME:
        return None
    try:
        if not value.isascii():
            # What nobody reads is passed over, but a text must be one.
            value.decode()
        found = _decode(value)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if found.id is not UNSET and not found.user:
        return None
    for one in found.messages or ():
        if one.id is not UNSET and not one.user:
            return None
    return found


class _Envelope(msgspec.Struct, gc=False):
    messages: list[msgspec.Raw] = []


_count: Final = msgspec.json.Decoder(_Envelope).decode


def has_too_many(value: bytes) -> bool:
    """Whether an envelope holds more than `MOST` messages, before any of them is read.

    False for what is not of the plain form, too: there they are counted when it is read.
    """
    if value.count(b",") < MOST:
        return False
    try:
        return len(_count(value).messages) > MOST
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False


_MOVED: Final = ("segments", "account_segments", "user_segments")
_LISTS: Final = (
    *("events", *_MOVED, "user_segment_ids"),
    *("segment_ids", "account_segment_ids"),  # of rows
)
_MOVES: Final = ("entered", "left")


def items_of(document: object) -> int:
    """Count what will be read one by one, whatever it is."""
    if not isinstance(document, dict):
        return 0
    changes = document.get("changes")
    moves = [changes.get(part) for part in _MOVED] if isinstance(changes, dict) else ()
    found = [document.get(part) for part in _LISTS]
    for move in moves:
        if isinstance(move, dict):
            found += [move.get(part) for part in _MOVES]
    return sum([len(one) for one in found if isinstance(one, list)])


_NOT_AN_OBJECT: Final = "should be an object"
_NOT_A_FLAG: Final = "should be true or false"
_WORDS: Final = {
    **dict.fromkeys(("1", "t", "y", "on", "yes", "true"), True),
    **dict.fromkeys(("0", "f", "n", "no", "off", "false"), False),
}


def lenient(document: dict[str, Any]) -> tuple[Message, Faults]:
    """Read a message of any form, without what is wrong in it; the first fault of each part."""
    faults: dict[str, str] = {}
    message = Message(
        text(document.get("channel")),
        _entity(document, "user", "", faults),
        _entity(document, "account", "", faults),
        _own_segments(document, faults),
        _told(document, "account_segments", "account_segments", faults),
        _events(document.get("events"), faults),
        _changes(document.get("changes"), faults),
        flag(document, "is_export", "", faults),
    )
    return message, faults


def text(found: object) -> str | None:
    """A text, or a number as one; None for what names nothing by its type."""
    if isinstance(found, str):
        return found
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return str(found) if is_number else None


def flag(document: dict[str, Any], name: str, within: str, faults: dict[str, str]) -> bool:
    """True or false, also as a number or a word."""
    found = document.get(name)
    if found is None or isinstance(found, bool):
        return bool(found)
    if isinstance(found, int | float) and found in {0, 1}:
        return bool(found)
    word = _WORDS.get(found.lower()) if isinstance(found, str) else None
    if word is None:
        _note(faults, f"{within}{name}", _NOT_A_FLAG)
        return False
    return word


def _entity(document: dict[str, Any], name: str, within: str, faults: dict[str, str]) -> Entity:
    found = document.get(name)
    if isinstance(found, dict):
        return found
    if found is not None and found != []:
        _note(faults, f"{within}{name}", _NOT_AN_OBJECT)
    return {}


def _list(found: object, place: str, faults: dict[str, str]) -> list[Any]:
    if isinstance(found, list):
        return found
    if found is not None and found != {}:
        _note(faults, place, "should be a list")
    return []


def _own_segments(document: dict[str, Any], faults: dict[str, str]) -> Segments | None:
    """The segments of a user, under either name: what comes first and says something."""
    found = _told(document, "segments", "segments", faults)
    if found:
        return found
    other = _told(document, "user_segments", "segments", faults)
    if other:
        return other
    ids = document.get("user_segment_ids")
    items = [{"id": one} for one in ids] if isinstance(ids, list) else ids
    last = _told({"user_segment_ids": items}, "user_segment_ids", "segments", faults)
    return last or next((one for one in (found, other, last) if one is not None), None)


def _told(
    document: dict[str, Any], name: str, part: str, faults: dict[str, str]
) -> Segments | None:
    """The segments of a list; None if there is no list, and so nothing is told."""
    wrong: dict[str, str] = {}
    found = _segments(document, name, "", wrong)
    for fault in wrong.values():
        faults.setdefault(part, fault)
    return found if isinstance(document.get(name), list) else None


def _segments(document: dict[str, Any], name: str, within: str, faults: dict[str, str]) -> Segments:
    place = f"{within}{name}"
    segments: list[Segment] = []
    for at, one in enumerate(_list(document.get(name), place, faults)):
        if not isinstance(one, dict):
            _note(faults, f"{place}.{at}", _NOT_AN_OBJECT)
            continue
        name_of = text(one.get("id"))
        if name_of is None:
            wrong = "should be text" if "id" in one else "field required"
            _note(faults, f"{place}.{at}.id", wrong)
        else:
            segments.append(Segment(name_of, text(one.get("name"))))
    return tuple(segments)


def _events(found: object, faults: dict[str, str]) -> tuple[Event, ...]:
    events: list[Event] = []
    for at, one in enumerate(_list(found, "events", faults)):
        if not isinstance(one, dict):
            _note(faults, f"events.{at}", _NOT_AN_OBJECT)
            continue
        properties = _entity(one, "properties", f"events.{at}.", faults)
        event = text(one.get("event"))
        events.append(Event(event, text(one.get("event_id")), one.get("created_at"), properties))
    return tuple(events)


def _changes(found: object, faults: dict[str, str]) -> Changes | None:
    if found is None or found in ({}, []):
        return None
    if not isinstance(found, dict):
        _note(faults, "changes", _NOT_AN_OBJECT)
        return None
    changes = Changes(
        flag(found, "is_new", "changes.", faults),
        _entity(found, "user", "changes.", faults),
        _entity(found, "account", "changes.", faults),
        _own_moves(found, faults),
        _moves(found, "account_segments", faults),
    )
    return None if "changes" in faults else changes


def _own_moves(changes: dict[str, Any], faults: dict[str, str]) -> SegmentChanges:
    found = _moves(changes, "segments", faults)
    is_said = found.entered or found.left
    return found if is_said else _moves(changes, "user_segments", faults)


def _moves(changes: dict[str, Any], name: str, faults: dict[str, str]) -> SegmentChanges:
    found = changes.get(name)
    if found is None or found in ({}, []):
        return NO_MOVES
    if not isinstance(found, dict):
        _note(faults, f"changes.{name}", _NOT_AN_OBJECT)
        return NO_MOVES
    within = f"changes.{name}."
    return SegmentChanges(
        _segments(found, "entered", within, faults), _segments(found, "left", within, faults)
    )


def _note(faults: dict[str, str], place: str, right: str) -> None:
    part, _, _ = place.partition(".")
    faults.setdefault(part, f"{place}: {right}")
