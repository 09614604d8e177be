"""A change in a lane and its end, and the profile whose changes wait or fly in order. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.decide.decision import Link
    from consumer.lanes.claims import Claim
    from consumer.offsets.ticket import Ending, Receipt


Body: TypeAlias = dict[str, Any]
"""A JSON object for Planhat."""

Change: TypeAlias = Literal["archived", "deleted"]


class Part:
    """One change of one profile, for one lane.

    `claims` are all identities that it touches, its key first. It may fly when it waits for nothing
    (`waits` is 0). `followers` are the parts of other lanes that wait for its end. `link` tells how
    to find the company, until `body` carries its id.
    `cleared`: a change of its contact was delivered, so an activity need wait for no other.
    `offset` and `offsets` are those of its record, at hand for when it is sent.
    `ended`: nothing more is to be done about it here. One that was revoked may still be in flight.
    `since` is when it came (seconds of the loop's clock); `attempts` counts the requests it was in,
    and `sent` is the JSON that was last sent for it, merged with that of its neighbours.
    `replaced` is an id of Planhat's by which it was named and that did not hold.
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
        "replaced",
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
        self.replaced: str | None = None


class Closing(Part):
    """The end of a contact of somebody who was merged into the user that the message is about.

    `change` is what is done to it. It is no change of a profile of Hull: `key` is Planhat's id.
    """

    __slots__ = ("change",)

    def __init__(
        self, key: str, claims: tuple[Claim, ...], receipt: Receipt, change: Change
    ) -> None:
        """`receipt` is that of the merge."""
        super().__init__(
            Resource.ENDUSERS, key, {"_id": key, "archived": True}, claims, receipt, None
        )
        self.change: Change = change


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


class Profile:
    """The parts of one profile that are not final, and whether they may fly.

    `blockers` counts the claims that others hold before it. `flying` parts are in a request now; at
    most `limit` fly together (None: as many as wait), which is how a change that Planhat refuses is
    told from the changes it was merged with. `failures` counts how often it failed alone, `told` is
    what Planhat answered then of late.
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
