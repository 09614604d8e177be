"""What a record says once it is parsed and routed: messages, and what is none."""

from dataclasses import dataclass
from typing import NamedTuple

from pydantic import JsonValue

from schemas.hull import Changes, Event, Segment

Entity = dict[str, JsonValue]


class UserMessage(NamedTuple):
    """A change of a user, with the account it belongs to (empty if none)."""

    hull_id: str
    user: Entity
    account: Entity
    segments: tuple[Segment, ...]
    account_segments: tuple[Segment, ...]
    events: tuple[Event, ...]
    changes: Changes | None
    is_export: bool
    message_id: str | None


@dataclass(frozen=True, slots=True)
class AccountMessage:
    """A change of an account."""

    hull_id: str
    account: Entity
    account_segments: tuple[Segment, ...]
    changes: Changes | None
    is_export: bool
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A message of a channel that is not ours; it is skipped."""

    channel: str


@dataclass(frozen=True, slots=True)
class Invalid:
    """What is no Hull message. The reason is short and holds no personal data."""

    reason: str


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A record without a value."""


Routed = UserMessage | AccountMessage | Unsupported | Invalid


class Messages(NamedTuple):
    """The messages of a record, one for each position of the envelope; one if there is none."""

    messages: tuple[Routed, ...]


Parsed = Tombstone | Invalid | Messages
