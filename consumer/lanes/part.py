"""What travels: the ticket of a record, the receipt of a message, and the parts it is cut into.

A record holds messages, a message becomes parts (a company, an enduser, activities, licences).
Each is final when all it holds is final; the last part to end resolves the record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, TypeVar

from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.decide.decision import LeftOut, Link
    from consumer.lanes.claims import Claim
    from consumer.lanes.profile import Profile
    from consumer.offsets.offsets import Offsets

Item = TypeVar("Item")

Body: TypeAlias = dict[str, Any]
"""A JSON object for Planhat."""

Ending = Literal["delivered", "skipped", "rejected"]

UNATTRIBUTED: Final = "unattributed"
"""What was done of an activity whose contact is not known to be in Planhat: sent, but Planhat drops
it in silence if it knows no such contact."""

Header: TypeAlias = tuple[str, bytes | None]
"""Of a record: Kafka lets a value be null, and a name come twice."""

Headers: TypeAlias = tuple[Header, ...]

Change: TypeAlias = "tuple[Resource, str, Ending, str, str | None, bytes]"
"""What became of one change, for who asks later: resource, key, ending, reason, what was done,
and the object as it was sent. A bare tuple, as one is made for each change."""

_MESSAGE_BYTES: Final = 512
"""What each further message of a record takes beside its bytes, at least, while it is open."""

_RANK: Final[dict[Ending, int]] = {"skipped": 1, "delivered": 2, "rejected": 3}
"""What a record is called whose messages came to different ends: by the highest."""


_HEADER: Final = 160
"""Bytes that a header takes beside its own."""


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    number: int


# The classes below are made for each message. They write their `__init__` themselves: a dataclass's
# own is code made at run time, which can't be compiled.


class Record:
    """One Kafka record as it was read.

    `timestamp` is what it carries, which may be anything; `since` is when Kafka appended it if the
    topic has it say so, else when we read it. Both in seconds since 1970.
    `fault` says why it can't be used as it was read: then the rest of it is there as far as it
    could be had. A whole batch that can't be read is one such record, at its first offset.
    """

    __slots__ = ("fault", "headers", "key", "offset", "partition", "since", "timestamp", "value")

    def __init__(  # noqa: PLR0913, PLR0917 - what Kafka tells of it
        self,
        partition: Partition,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        timestamp: float = 0.0,
        since: float | None = None,
        fault: str | None = None,
    ) -> None:
        """`key` and `value` are as they lie in the topic; without `since` the timestamp is it."""
        self.partition = partition
        self.offset = offset
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
        self.since = timestamp if since is None else since
        self.fault = fault

    def __repr__(self) -> str:
        """Where it lies; what is in it may be personal."""
        return f"<Record {self.partition.topic}/{self.partition.number} at {self.offset}>"

    @property
    def size(self) -> int:
        """Bytes it holds in memory while it is unresolved."""
        size = len(self.value or b"") + len(self.key or b"") + 256
        for name, value in self.headers:
            size += len(name) + len(value or b"") + _HEADER
        return size


@dataclass(slots=True, eq=False)
class Backlog:
    """What was read in one epoch and is not final: the bound on memory.

    `open` holds the tickets in the order in which they were read.
    """

    bytes: int = 0
    open: dict[Ticket, None] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """Records that are not final."""
        return len(self.open)

    def add(self, ticket: Ticket) -> None:
        """A record was read."""
        self.open[ticket] = None
        self.bytes += ticket.size

    def remove(self, ticket: Ticket) -> None:
        """A record is final."""
        del self.open[ticket]
        self.bytes -= ticket.size


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
        """So many `messages` are open, and nobody follows. `size` is measured once."""
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

    def note(self, ending: Ending, reason: str) -> None:
        """One of its messages is final."""
        if self.ending is None or _RANK[ending] > _RANK[self.ending]:
            self.ending, self.reason = ending, reason

    def reject(self, receipt: Receipt) -> None:
        """One of its messages can't be used."""
        self.rejected = _with(self.rejected, receipt)

    def lead(self, follower: Ticket) -> None:
        """Let a later record be final only after this one."""
        self.followers = _with(self.followers, follower)

    def resolve(self) -> None:
        """Nothing more is to be done for this record."""
        self.offsets.resolve(self.record.offset)
        self.backlog.remove(self)


_PROFILES: Final = (Resource.ENDUSERS, Resource.COMPANIES)


def _with(some: Sequence[Item], one: Item) -> Sequence[Item]:
    """Add to what is `()` until the first comes: mostly none does, and lists cost."""
    if isinstance(some, list):
        some.append(one)
        return some
    return [one]


class Receipt:
    """A message on its way: final when none of its parts is open.

    `changes` are those that were sent or refused, if somebody keeps outcomes; `left_out` is what of
    the message could not be used, though the rest was.
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
        self.left_out: Sequence[LeftOut] = ()

    def reject(self, reason: str) -> None:
        """Something of it can't be sent, or was refused."""
        self.rejections = _with(self.rejections, reason)

    def skip(self, resource: Resource, reason: str) -> None:
        """Something of it is not sent, on purpose."""
        self.skips = _with(self.skips, (resource, reason))

    def change(self, change: Change) -> None:
        """Something of it was sent, or refused."""
        self.changes = _with(self.changes, change)

    @property
    def ending(self) -> Ending:
        """What became of the message as a whole: delivered if Planhat took anything of it.

        Whether the profile itself is there is another question: see consumer/watch/standing.py.
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
            if what in _PROFILES:
                return why
        return ""


class Part:
    """One change of one profile, for one lane.

    `claims` are all identities that it touches, its key first. It may fly when it waits for nothing
    (`waits` is 0). `followers` are the parts of other lanes that wait for its end. `link` tells how
    to find the company, until `body` carries its id.
    `cleared`: a change of its contact was delivered, so an activity need wait for no other.
    `offset` is that of its record, and here too so that to send it needs nothing but itself.
    `ended`: nothing more is to be done about it here. One that was revoked may still be in flight.
    `since` is when it came (seconds of the loop's clock); `attempts` counts the requests it was in,
    and `sent` is the JSON that was last sent for it, merged with that of its neighbours.
    """

    __slots__ = (
        "attempts",
        "body",
        "claims",
        "cleared",
        "ended",
        "event_id",
        "followers",
        "key",
        "link",
        "offset",
        "offsets",
        "profile",
        "receipt",
        "resource",
        "sent",
        "since",
        "waits",
    )

    def __init__(
        self,
        resource: Resource,
        key: str,
        body: Body,
        claims: tuple[Claim, ...],
        receipt: Receipt,
        link: Link | None = None,
    ) -> None:
        """It waits for nothing, and nobody waits for it."""
        self.resource = resource
        self.key = key
        self.body = body
        self.claims = claims
        self.receipt = receipt
        self.offsets = receipt.ticket.offsets
        self.offset = receipt.ticket.record.offset
        self.link = link
        self.event_id: str | None = None
        self.waits = 0
        self.followers: Sequence[Part] = ()
        self.profile: Profile | None = None
        self.ended = False
        self.cleared = False
        self.since = 0.0
        self.attempts = 0
        self.sent = b""

    def note_sent(self, item: bytes) -> None:
        """It flies, as this JSON."""
        self.attempts += 1
        self.sent = item
        self.offsets.note_sent(self.offset)

    def lead(self, follower: Part) -> None:
        """Let a part of another lane wait for the end of this one."""
        self.followers = _with(self.followers, follower)


class Ended:
    """The end of a part: what became of it, and why if it was not delivered.

    One that is `revoked` belongs to somebody else: it may have taken effect or not, and only those
    who waited for it here are concerned.
    """

    __slots__ = ("change", "ending", "part", "planhat_id", "reason")

    def __init__(
        self,
        part: Part,
        ending: Ending | Literal["revoked"],
        reason: str = "",
        planhat_id: str | None = None,
        change: str | None = None,
    ) -> None:
        """`planhat_id` and `change` (what was done) as far as the answer tells."""
        self.part = part
        self.ending = ending
        self.reason = reason
        self.planhat_id = planhat_id
        self.change = change
