"""The messages of Hull as they lie in the topic: envelope, message, segments, events, changes.

Hull writes "nothing" as `null`, `{}`, `[]` or not at all, whatever the type of the field. The
models read all four alike. What they do not name they ignore, and so whatever nobody uses: it may
be of any type.
"""

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, WithJsonSchema

from schemas.attribute import ABSENT, Absent, Attribute, canonical, changed_names

__all__ = [
    "ABSENT",
    "Absent",
    "Attribute",
    "Changes",
    "Event",
    "Message",
    "Notification",
    "Segment",
    "SegmentChanges",
    "canonical",
    "changed_names",
]

_MODEL: Final = ConfigDict(
    extra="ignore", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True
)


def _entity(value: object) -> dict[str, Any]:
    """Return the object itself, not a copy: entities are wide and are only read."""
    if isinstance(value, dict):
        return value
    if value is None or value == []:
        return {}
    message = "should be an object"
    raise ValueError(message)


def _items(value: object) -> object:
    return [] if value is None or value == {} else value


def _none_if_empty(value: object) -> object:
    return None if value in ({}, []) else value


def _false_if_null(value: object) -> object:
    return False if value is None else value


def _text_if_any(value: object) -> object:
    """What names nothing by its type is no name: a text or a number is one."""
    return value if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None


Name = Annotated[str | None, BeforeValidator(_text_if_any)]
Entity = Annotated[
    dict[str, Any],
    PlainValidator(_entity),
    WithJsonSchema({"type": ["object", "null"], "additionalProperties": True}),
]
Flag = Annotated[bool, BeforeValidator(_false_if_null)]


class Segment(BaseModel):
    """A segment of users or of accounts; only its id decides anything."""

    model_config = _MODEL

    id: str
    name: Name = None


Segments = Annotated[tuple[Segment, ...], BeforeValidator(_items)]


class Event(BaseModel):
    """Something a user did. `created_at` is whatever was written; see consumer/decide/moment.py."""

    model_config = _MODEL

    event: Name = None
    event_id: Name = None
    created_at: Any = None
    properties: Entity = {}


class SegmentChanges(BaseModel):
    """The segments that a profile entered and left since the previous message."""

    model_config = _MODEL

    entered: Segments = ()
    left: Segments = ()


_Moves = Annotated[SegmentChanges | None, BeforeValidator(_none_if_empty)]


class Changes(BaseModel):
    """What changed since the previous message; `user` and `account` map a name to [old, new]."""

    model_config = _MODEL

    is_new: Flag = False
    user: Entity = {}
    account: Entity = {}
    segments: _Moves = None
    account_segments: _Moves = None


class Message(BaseModel):
    """One change of one profile. An account message has no `user`, a user message both or one."""

    model_config = _MODEL

    channel: Name = None
    user: Entity = {}
    account: Entity = {}
    segments: Segments = ()
    account_segments: Segments = ()
    events: Annotated[tuple[Event, ...], BeforeValidator(_items)] = ()
    changes: Annotated[Changes | None, BeforeValidator(_none_if_empty)] = None
    is_export: Flag = False


class Notification(BaseModel):
    """An envelope. Its messages stay unread here, so that a bad one costs only itself."""

    model_config = _MODEL

    channel: Name = None
    is_export: Flag = False
    messages: list[Any]
