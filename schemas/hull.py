"""The messages of Hull as they lie in the topic: envelope, message, segments, events, changes.

This is the plain form that nearly all have: msgspec reads it straight from the bytes. Hull also
writes "nothing" as `null`, `{}` or `[]`, and people send whatever they like. What does not fit here
is read part by part (consumer/decide/read.py).

What is not named here is not looked at. Values are bounded in depth, so that whatever is read can
be written.
"""

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pydantic import JsonValue

_Scalar = bool | int | float | str | None


def _or_nested(inner: Any) -> Any:  # noqa: ANN401 - a type made of types
    return _Scalar | list[inner] | dict[str, inner]


if TYPE_CHECKING:
    Value = JsonValue
else:
    Value = _or_nested(_or_nested(_or_nested(_or_nested(_Scalar))))
    """What JSON can hold, four levels deep."""

Entity = dict[str, Value]


class Nothing(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """`{}` where a list should be, as exports have it."""


class Segment(msgspec.Struct, frozen=True, gc=False):
    """A segment of users or of accounts; only its id decides anything."""

    id: str
    name: str | None = None


Segments = tuple[Segment, ...]


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something a user did. `created_at` is whatever was written."""

    event: str | None = None
    event_id: str | None = None
    created_at: Value = None
    properties: Entity = {}


class SegmentChanges(msgspec.Struct, frozen=True, gc=False):
    """The segments that a profile entered and left since the previous message."""

    entered: Segments = ()
    left: Segments = ()


NO_MOVES = SegmentChanges()


class Changes(msgspec.Struct, frozen=True, gc=False):
    """What changed since the previous message; `user` and `account` map a name to [old, new]."""

    is_new: bool  # without a default: `{}` is read as no changes at all, which is not the same
    user: Entity = {}
    account: Entity = {}
    segments: SegmentChanges = NO_MOVES
    account_segments: SegmentChanges = NO_MOVES
    user_segments: SegmentChanges = NO_MOVES  # as older messages call `segments`


class Message(msgspec.Struct, frozen=True, gc=False):
    """One change of one profile. An account message has no `user`, a user message both or one."""

    channel: str | None = None
    user: Entity | None = None
    account: Entity | None = None
    segments: Segments | Nothing | None = None
    account_segments: Segments | Nothing | None = None
    events: tuple[Event, ...] | Nothing | None = ()
    changes: Changes | None = None
    is_export: bool | None = None
    # Bridges and older messages call `segments` so; what comes by both names is the same.
    user_segments: Segments | Nothing | None = None
    user_segment_ids: tuple[str, ...] | Nothing | None = None
    # All that the organisation has: an envelope lists them here, and in `segments`.
    accounts_segments: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    # A row of an extract has one, and no user around it.
    id: Value | msgspec.UnsetType = msgspec.UNSET
    # An envelope has these, and little else.
    messages: tuple["Message", ...] | None = None
