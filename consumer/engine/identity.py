"""By which identities Planhat could take one profile for another's record; its contact. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.decide import reasons
from consumer.lanes.memory import short
from consumer.lanes.part import Closing
from schemas.models import ENDUSERS, MODELS
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.lanes.claims import Claim
    from consumer.lanes.lane import Lane
    from consumer.lanes.memory import StaleIds
    from consumer.lanes.part import Body, Part

_KEYS = frozenset(ENDUSERS.keys)
_CLAIMS: dict[Resource, tuple[str, ...]] = {name: row.claims for name, row in MODELS.items()}


def claims_of(resource: Resource, key: str, body: Body) -> tuple[Claim, ...]:
    """The key, and every identity by which Planhat could take this for another profile's record.

    As short names: thousands of them are held. Should two ever meet, one profile waits for another.
    """
    found: list[Claim] = [hash(key) >> 4]  # as `short` and `identity`, without their calls
    for name in _CLAIMS[resource]:
        value = body.get(name)
        if value:
            found.append(hash(f"{name}:{str(value).lower()}") >> 4)
    return tuple(found)


def identity(name: str, value: object) -> Claim:
    """Two spellings of one key are one identity."""
    return short(f"{name}:{str(value).lower()}")


def is_contact(change: Part, activity: Part) -> bool:
    """Whether a change is of the very contact that Planhat will look for.

    That is of the same Hull profile, or of the strongest of the activity's keys: others may share
    the weaker ones.
    """
    if change.key == activity.key:
        return True
    return not set(activity.claims[1:2]).isdisjoint(change.claims)


def drop_stale_id(body: Body, stale: StaleIds) -> str | None:
    """Leave out an id that Planhat did not know, if there is another key; give it."""
    found = body.get("_id")
    if not isinstance(found, str) or not stale.holds(found) or len(body.keys() & _KEYS) < 2:  # noqa: PLR2004 - it, and another
        return None
    del body["_id"]
    return found


def _idle(lane: Lane, claims: Sequence[Claim]) -> list[Part]:
    """Changes that touch one of these claims and wait for nothing: they may go, or go again.

    Those in flight, too: their request may fail.
    """
    found: dict[Part, None] = {}
    for claim in claims:
        for profile in lane.claims.queue(claim):
            for part in profile.parts:
                if not part.waits and not part.ended:
                    found[part] = None
    return list(found)


def await_contact(activity: Part, endusers: Lane) -> None:
    """Let an activity wait for the newest open change of its contact, if there is any.

    Whoever names the contact may bring it into being, also another profile. The older changes
    go before the newest. If the newest comes to nothing, the newest of the rest is awaited, and
    so is one that comes before the activity has gone (`Planner._enduser`). So it goes after a
    change of its contact that was delivered, or while none is open: Planhat would drop it in
    silence. Then it waits only for another contact of its strongest key that ends, as the loser's
    does if the survivor inherited its external id: which of the two is meant, Planhat can't tell.
    """
    change = _ending(activity, endusers) if activity.cleared else endusers.newest(activity.claims)
    if change is not None:
        endusers.follow(change, activity)


def _ending(activity: Part, endusers: Lane) -> Part | None:
    for claim in activity.claims[1:2]:
        for profile in endusers.claims.queue(claim):
            part = profile.parts[0] if profile.parts else None
            if isinstance(part, Closing) and not part.ended:
                return part
    return None


def lacks_contact(activity: Part, endusers: Lane) -> bool:
    """Whether all that is known speaks against a contact: its change came to nothing."""
    receipt = activity.receipt
    has_failed = bool(receipt.rejections) or any(
        resource is Resource.ENDUSERS and reason != reasons.NOTHING_CHANGED
        for resource, reason in receipt.skips
    )
    if activity.cleared or not has_failed:
        return False
    return not endusers.memory.knows(activity.key)


def lead(change: Part, activities: Lane, endusers: Lane) -> None:
    """Let activities of its contact that wait for their turn wait for a change, too."""
    for activity in _idle(activities, change.claims):
        if not activity.cleared:
            endusers.follow(change, activity)
