"""Which changes of a profile go into a batch, and as what: merged into one item, or each. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.lanes.part import Ended
from consumer.lanes.payload import is_named, merge, to_json, with_id

if TYPE_CHECKING:
    from consumer.lanes.batch import Flight
    from consumer.lanes.memory import GivenUp, Memory
    from consumer.lanes.part import Profile
    from consumer.lanes.policy import LanePolicy


class Loader:
    """Fills the batches of one lane."""

    def __init__(self, policy: LanePolicy, memory: Memory, given_up: GivenUp) -> None:
        """`memory` knows what Planhat has; who is `given_up` goes alone."""
        self._policy = policy
        self._memory = memory
        self._given_up = given_up

    def load(self, flight: Flight, profile: Profile, most: int, now: float) -> bool | list[Ended]:
        """Put a profile into a batch of at most so many items; False if there is no room.

        The ends of its changes instead, if Planhat has all that they would bring.
        """
        room = most - len(flight.items)
        if room <= 0 or flight.is_solitary:
            return False
        if self._policy.merges:
            return self._load_merged(flight, profile, now)
        return self._load_each(flight, profile, room, now)

    def _load_merged(self, flight: Flight, profile: Profile, now: float) -> bool | list[Ended]:
        """All its changes fly as one item."""
        count = profile.flyable(len(profile.parts))
        body = merge(profile.parts, count)
        item = to_json(body)
        if not self._fits(flight, item):
            return False
        digest = hash(item)
        if self._is_unchanged(profile, count, digest):
            return self._unchanged(profile, count, item)
        known = self._memory.planhat_id(profile.key)
        if known is not None and "_id" not in body:
            body = with_id(body, known)
            item = to_json(body)
        # Without a key each request would create one more record, so only an answer that is about
        # nothing else can prove it: it flies alone. So does what would make the others fail.
        is_solitary = not is_named(body) or self._given_up.holds(profile.key, now)
        if is_solitary and flight.items:
            return False
        for position in range(count):
            profile.parts[position].note_sent(item)
        profile.digest = digest
        flight.is_solitary = is_solitary
        flight.add(body, item)
        _take_off(flight, profile, count, 1)
        return True

    def _load_each(self, flight: Flight, profile: Profile, room: int, now: float) -> bool:
        """Its changes fly as items of their own, as many as there is room for."""
        is_solitary = self._given_up.holds(profile.key, now)
        if is_solitary and flight.items:
            return False
        count = 0
        for position in range(profile.flyable(room)):
            part = profile.parts[position]
            item = to_json(part.body)
            if not self._fits(flight, item):
                break
            part.note_sent(item)
            flight.add(part.body, item)
            count += 1
        if not count:
            return False
        flight.is_solitary = is_solitary
        _take_off(flight, profile, count, count)
        return True

    def _fits(self, flight: Flight, item: bytes) -> bool:
        """Tell whether there is room for an item, which a flight without any always has."""
        return not flight.items or flight.size + len(item) < self._policy.batch_bytes

    def _unchanged(self, profile: Profile, count: int, item: bytes) -> list[Ended]:
        known = self._memory.planhat_id(profile.key)
        ended: list[Ended] = []
        for position in range(count):
            part = profile.parts[position]
            part.sent = item
            ended.append(Ended(part, "delivered", "", known, "unchanged"))
        return ended

    def _is_unchanged(self, profile: Profile, count: int, digest: int) -> bool:
        if not self._policy.skips_unchanged or not self._memory.holds(profile.claims, digest):
            return False
        return not any(part.receipt.export for part in profile.parts[:count])


def _take_off(flight: Flight, profile: Profile, count: int, span: int) -> None:
    profile.flying = count
    profile.parked = False
    flight.board(profile, span)
