"""What a record says once it is parsed and routed: messages, and what is none. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from consumer.decide.forms.organisation import Organisation
from schemas.hull import Changes, Entity, Event, Segments

MOST: Final = 10_000
"""Messages, or events, that a record may hold, and licences that an account may: what comes of each
costs more than its bytes, and all of a record is taken in one go."""

Faults: TypeAlias = Mapping[str, str]
"""The parts of a message that are of a wrong type, and so were read as nothing or without what is
wrong in them; and what is wrong: where it is and what would be right, without the value."""

NO_FAULTS: Final[Faults] = {}

Untold: TypeAlias = Sequence[str]
"""`segments`, `account_segments`: those of which the message does not tell all that hold now. It
is in none of them as far as filters ask."""


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
    untold: Untold
    organisation: Organisation | None = field(repr=False, compare=False)

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
        untold: Untold = (),
        organisation: Organisation | None = None,
    ) -> None:
        """`is_export` may come from the envelope or the headers, `organisation` does."""
        self.hull_id = hull_id
        self.user = user
        self.account = account
        self.segments = segments
        self.account_segments = account_segments
        self.events = events
        self.changes = changes
        self.is_export = is_export
        self.faults = faults
        self.untold = untold
        self.organisation = organisation


@dataclass(init=False, slots=True)
class AccountMessage:
    """A change of an account."""

    hull_id: str
    account: Entity
    account_segments: Segments
    changes: Changes | None
    is_export: bool
    faults: Faults
    untold: Untold
    organisation: Organisation | None = field(repr=False, compare=False)

    def __init__(  # noqa: PLR0913, PLR0917 - what a message has
        self,
        hull_id: str,
        account: Entity,
        account_segments: Segments,
        changes: Changes | None,
        is_export: bool,  # noqa: FBT001 - a field like the others
        faults: Faults = NO_FAULTS,
        untold: Untold = (),
        organisation: Organisation | None = None,
    ) -> None:
        """The last four as those of a user message."""
        self.hull_id = hull_id
        self.account = account
        self.account_segments = account_segments
        self.changes = changes
        self.is_export = is_export
        self.faults = faults
        self.untold = untold
        self.organisation = organisation


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
    organisation: Organisation | None = field(repr=False, compare=False)

    def __init__(
        self, messages: tuple[Routed, ...], organisation: Organisation | None = None
    ) -> None:
        self.messages = messages
        self.organisation = organisation


Parsed = Tombstone | Invalid | Messages
