"""What a record says once it is parsed and routed: messages, and what is none. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from schemas.hull import Changes, Entity, Event, Segments

MOST: Final = 10_000
"""Messages, or events, that a record may hold, and licences that an account may: what comes of each
costs more than its bytes, and all of a record is taken in one go."""

Faults: TypeAlias = Mapping[str, str]
"""The parts of a message that are of a wrong type, and so were read as nothing or without what is
wrong in them; and what is wrong: where it is and what would be right, without the value."""

NO_FAULTS: Final[Faults] = {}


@dataclass(init=False, slots=True)
class UserMessage:
    """A change of a user, with the account it belongs to (empty if none)."""

    hull_id: str
    user: Entity
    account: Entity
    segments: Segments
    account_segments: Segments
    events: tuple[Event, ...]
    changes: Changes | None
    is_export: bool
    faults: Faults

    # Written out, since what a dataclass or a named tuple makes at run time can't be compiled.
    def __init__(  # noqa: PLR0913, PLR0917 - what a message has
        self,
        hull_id: str,
        user: Entity,
        account: Entity,
        segments: Segments,
        account_segments: Segments,
        events: tuple[Event, ...],
        changes: Changes | None,
        is_export: bool,  # noqa: FBT001 - a field like the others
        faults: Faults = NO_FAULTS,
    ) -> None:
        """`is_export` may come from the envelope or the headers."""
        self.hull_id = hull_id
        self.user = user
        self.account = account
        self.segments = segments
        self.account_segments = account_segments
        self.events = events
        self.changes = changes
        self.is_export = is_export
        self.faults = faults


@dataclass(init=False, slots=True)
class AccountMessage:
    """A change of an account."""

    hull_id: str
    account: Entity
    account_segments: Segments
    changes: Changes | None
    is_export: bool
    faults: Faults

    def __init__(
        self,
        hull_id: str,
        account: Entity,
        account_segments: Segments,
        changes: Changes | None,
        is_export: bool,  # noqa: FBT001 - a field like the others
        faults: Faults = NO_FAULTS,
    ) -> None:
        """`is_export` and `faults` as those of a user message."""
        self.hull_id = hull_id
        self.account = account
        self.account_segments = account_segments
        self.changes = changes
        self.is_export = is_export
        self.faults = faults


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


@dataclass(init=False, slots=True)
class Messages:
    """The messages of a record, one for each position of the envelope; one if there is none."""

    messages: tuple[Routed, ...]

    def __init__(self, messages: tuple[Routed, ...]) -> None:
        self.messages = messages


Parsed = Tombstone | Invalid | Messages
