"""Into the plain form: read straight from the bytes where they have it, by the models if not. Pure.

What msgspec refuses, for whatever reason, is left to the models; what it takes is what they would
make of it. A property keeps the two of one mind (docs/decisions/0006).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec
from pydantic import ValidationError

from consumer.decide.lenient import readable
from consumer.decide.message import MOST, NO_FAULTS
from schemas import hull
from schemas.plain import NO_MOVES, Changes, Event, Message, Segment, SegmentChanges

if TYPE_CHECKING:
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
