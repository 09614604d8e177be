"""A change in a lane and its end, and the profile whose changes wait or fly in order. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from consumer.offsets.ticket import appended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.decide.decision import Link
    from consumer.lanes.claims import Claim
    from consumer.offsets.ticket import Ending, Receipt
    from schemas.planhat import Resource


Body: TypeAlias = dict[str, Any]
"""A JSON object for Planhat."""


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

    def hold(self) -> None:
        """It waits for one thing more."""
        self.waits += 1

    def let_go(self) -> None:
        """One thing that it waited for has come."""
        self.waits -= 1

    def lead(self, follower: Part) -> None:
        """Let a part of another lane wait for the end of this one."""
        self.followers = appended(self.followers, follower)
        follower.hold()

    def take_followers(self) -> Sequence[Part]:
        """Who waited for its end; nobody does any more."""
        followers, self.followers = self.followers, ()
        return followers


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


_TOLD: Final = 8
"""So many answers of Planhat are remembered, to tell what it mostly says."""


class Profile:
    """The parts of one profile that are not final, and whether they may fly.

    `flying` of them are in a request now; at most `limit` fly together (None: as many as wait),
    which is how a change that Planhat refuses is told from the changes it was merged with.
    """

    __slots__ = (
        "blockers",
        "claims",
        "digest",
        "failures",
        "flying",
        "key",
        "limit",
        "parked",
        "parts",
        "queued",
        "ready_at",
        "told",
    )

    def __init__(self, key: str) -> None:
        """Nothing waits yet."""
        self.key = key
        self.claims: tuple[Claim, ...] = ()
        self.blockers = 0
        self.parts: list[Part] = []
        self.flying = 0
        self.limit: int | None = None
        self.failures = 0
        self.told: tuple[str, ...] = ()
        self.parked = False
        self.queued = False
        self.ready_at = 0.0
        self.digest = 0

    def __repr__(self) -> str:
        """Enough to assert on."""
        return f"<Profile {self.key} {len(self.parts)} waiting, {self.flying} flying>"

    @property
    def is_ready(self) -> bool:
        """It may go into the next batch."""
        return (
            self.blockers == 0
            and self.flying == 0
            and not self.parked
            and bool(self.parts)
            and self.parts[0].waits == 0
        )

    def succeeded(self) -> None:
        """Planhat took it: it is a profile like any other."""
        self.limit = None
        self.failures = 0
        self.told = ()

    def failed(self) -> None:
        """It failed alone once more."""
        self.failures += 1

    def rejected(self, attempts: int) -> None:
        """A change of it is rejected; who fails again and again makes the later ones wait less."""
        self.limit = None
        self.failures = min(self.failures, attempts - 2)
        self.told = ()

    def begin_anew(self) -> None:
        """What failed is over: its next change has all its tries."""
        self.failures = 0

    def halve(self) -> None:
        """Find out which of the changes that flew together it is."""
        self.limit = self.flying // 2

    def isolate_first(self) -> None:
        """Its first change flies alone: with a newer one it would prove nothing."""
        self.limit = 1

    def note_told(self, reason: str) -> None:
        """Planhat answered a request with nothing but this profile, and it failed."""
        self.told = (*self.told, reason)[-_TOLD:]

    @property
    def told_most(self) -> str:
        """What Planhat mostly said of it, empty if nothing.

        That tells a person more than how the last try happened to break off.
        """
        return max(reversed(self.told), key=self.told.count, default="")

    def flyable(self, most: int) -> int:
        """How many of the first parts may fly now: up to one that waits for something."""
        if self.limit is not None:
            most = min(most, self.limit)
        count = 0
        for part in self.parts:
            if part.waits or count >= most:
                break
            count += 1
        return count
