"""What travels for a record: its ticket, and a receipt for each of its messages. Pure.

A record holds messages, a message becomes parts (a company, an enduser, activities, licences).
Each is final when all it holds is final; the last part to end resolves the record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar

from schemas.models import PROFILES
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.offsets.offsets import Offsets
    from consumer.offsets.record import Record


Item = TypeVar("Item")

Ending = Literal["delivered", "skipped", "rejected"]

UNATTRIBUTED: Final = "unattributed"
"""What was done of an activity whose contact is not known to be in Planhat: sent, but Planhat drops
it in silence if it knows no such contact."""

Change: TypeAlias = "tuple[Resource, str, Ending, str, str | None, bytes]"
"""What became of one change, for who asks later: resource, key, ending, reason, what was done,
and the object as it was sent. A bare tuple, as one is made for each change."""

_MESSAGE_BYTES: Final = 512
"""What each further message of a record takes beside its bytes, at least, while it is open."""

_RANK: Final[dict[Ending, int]] = {"skipped": 1, "delivered": 2, "rejected": 3}
"""What a record is called whose messages came to different ends: by the highest."""


@dataclass(slots=True, eq=False)
class Backlog:
    """What was read in one epoch and is not final, in the order read: the bound on memory."""

    bytes: int = 0
    open: dict[Ticket, None] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """Records that are not final."""
        return len(self.open)


class Ticket:
    """A record on its way: resolved when none of its messages is open.

    `followers` are later records of the same profiles. They are not final before this one is:
    otherwise a restart could send this one again, after them, and never them. `ending` and
    `reason` are those of its worst message; None while none has ended. `messages` counts those that
    may come to be delivered yet, and one more until all were looked at (`is_read`); `rejected` are
    those that could not be used and are not safe in the dead letters. `has_failed`: it met a fault
    of ours, which was told; `refused` counts its changes that Planhat refused.
    """

    __slots__ = (
        "backlog",
        "ending",
        "followers",
        "has_failed",
        "is_read",
        "messages",
        "offsets",
        "open",
        "profiles",
        "reason",
        "record",
        "refused",
        "rejected",
        "size",
        "span",
    )

    def __init__(
        self, record: Record, offsets: Offsets, backlog: Backlog, messages: int = 1
    ) -> None:
        """It was read: so many `messages` are open, and nobody follows. `size` is measured once."""
        self.record = record
        self.offsets = offsets
        self.backlog = backlog
        # One more than there are, so that nothing is resolved before all of it was looked at.
        self.open = self.messages = messages + 1
        self.is_read = False
        self.rejected: Sequence[Receipt] = ()
        self.has_failed = False
        self.refused = 0
        self.profiles: list[str] = []
        self.followers: Sequence[Ticket] = ()
        self.ending: Ending | None = None
        self.reason = ""
        self.span: Any = None  # of OpenTelemetry, if it is on
        self.size = record.size + _MESSAGE_BYTES * max(0, messages - 1)
        backlog.open[self] = None
        backlog.bytes += self.size

    def note(self, ending: Ending, reason: str) -> None:
        """One of its messages is final."""
        if self.ending is None or _RANK[ending] > _RANK[self.ending]:
            self.ending, self.reason = ending, reason

    def resolve(self) -> None:
        """Nothing more is to be done for this record."""
        self.offsets.resolve(self.record.offset)
        del self.backlog.open[self]
        self.backlog.bytes -= self.size


def appended(some: Sequence[Item], one: Item) -> Sequence[Item]:
    """Add to what is `()` until the first comes: mostly none does, and lists cost."""
    if isinstance(some, list):
        some.append(one)
        return some
    return [one]


class Receipt:
    """A message on its way: final when none of its parts is open.

    `changes` are those that were sent or refused, if somebody keeps outcomes; `noted` is what is
    told of them to the outcomes topic, if there is one. `life` says what became of its contact
    beside its fields, `merged` are those that Hull merged into its user.
    """

    __slots__ = (
        "attempts",
        "changes",
        "channel",
        "delivered",
        "email",
        "export",
        "external_id",
        "hull_id",
        "left_out",
        "life",
        "merged",
        "noted",
        "open",
        "position",
        "rejections",
        "skips",
        "ticket",
    )

    def __init__(
        self, ticket: Ticket, position: int | None, channel: str, hull_id: str, parts: int = 0
    ) -> None:
        """`position` is that in an envelope, None if it is alone; so many `parts` are open."""
        self.ticket = ticket
        self.position = position
        self.channel = channel
        self.hull_id = hull_id
        self.open = parts
        self.external_id: str | None = None
        self.email: str | None = None
        self.delivered = 0
        self.rejections: Sequence[str] = ()
        self.skips: Sequence[tuple[Resource, str]] = ()
        self.attempts = 0
        self.export = False
        self.changes: Sequence[Change] = ()
        self.noted = ""
        self.left_out: Sequence[LeftOut] = ()
        self.life = ""
        self.merged: Sequence[Any] = ()  # `Losers` of consumer/decide, a room above

    def of_user(self, email: str | None, life: str, merged: Sequence[Any]) -> None:
        """Its decision is about a user."""
        self.email, self.life, self.merged = email, life, merged

    def reject(self, reason: str) -> None:
        """Something of it can't be sent, or was refused."""
        self.rejections = appended(self.rejections, reason)

    def skip(self, resource: Resource, reason: str) -> None:
        """Something of it is not sent, on purpose."""
        self.skips = appended(self.skips, (resource, reason))

    def change(self, change: Change) -> None:
        """Something of it was sent, or refused."""
        self.changes = appended(self.changes, change)

    @property
    def ending(self) -> Ending:
        """What became of the message as a whole: delivered if Planhat took anything of it.

        Whether the profile itself is there is another question: `watch.outcomes.standing`.
        """
        if self.rejections:
            return "rejected"
        return "delivered" if self.delivered else "skipped"

    @property
    def reason(self) -> str:
        """Why it was rejected or skipped, of the profile rather than of what hangs on it."""
        if self.rejections:
            return self.rejections[0]
        if self.delivered or not self.skips:
            return ""
        return self.profile_skip or self.skips[0][1]

    @property
    def profile_skip(self) -> str:
        """Why the profile itself is not sent; empty if it is, or nothing was decided about it."""
        for what, why in self.skips:
            if what in PROFILES:
                return why
        return ""


LeftOut: TypeAlias = tuple[Resource, str, str]
"""A field, or a part of a message, that could not be used, and why; the rest goes without it."""
