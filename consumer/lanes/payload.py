"""What is sent for a profile: its changes as JSON, merged or each, as a batch has room. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from consumer.lanes.part import Ended

if TYPE_CHECKING:
    from consumer.lanes.batch import Batch
    from consumer.lanes.memory import Memory, PoisonProfiles
    from consumer.lanes.part import Body, Part, Profile
    from consumer.lanes.policy import LanePolicy


def merge(parts: list[Part], count: int) -> Body:
    """One body that has the effect of the first parts sent one by one: newer fields win."""
    if count == 1:
        return parts[0].body
    merged: Body = {}
    custom: Body = {}
    for part in parts[:count]:
        merged.update(part.body)
        custom.update(part.body.get("custom", ()))
    if custom:
        merged["custom"] = custom
    return merged


def is_named(body: Body) -> bool:
    """Tell whether there is anything by which Planhat may call this item in its answer."""
    get = body.get
    return bool(get("externalId") or get("email") or get("_id") or get("sourceId"))


def to_json(body: Body) -> bytes:
    """JSON as it goes over the wire (big integers become floats, as they would in Node).

    What orjson gives holds at least 4 KiB of memory, however short it is. Thousands of these are
    kept until they are answered: a copy holds what it needs, and the next one is written where the
    processor has just been.
    """
    try:
        json = orjson.dumps(body)
    except TypeError:
        json = orjson.dumps(body, default=float, option=orjson.OPT_NON_STR_KEYS)
    return json[:-1] + b"}"


def with_id(body: Body, planhat_id: str | None) -> Body:
    """Name the record by Planhat's own id, the first of its keys, where it is known."""
    return body if planhat_id is None or "_id" in body else {"_id": planhat_id, **body}


class Loader:
    """Fills the batches of one lane."""

    def __init__(self, policy: LanePolicy, memory: Memory, poison: PoisonProfiles) -> None:
        """`memory` knows what Planhat has; who is in `poison` goes alone."""
        self._policy = policy
        self._memory = memory
        self._poison = poison

    def load(self, batch: Batch, profile: Profile, most: int, now: float) -> bool | list[Ended]:
        """Put a profile into a batch of at most so many items; False if there is no room.

        The ends of its changes instead, if Planhat has all that they would bring.
        """
        room = most - len(batch.items)
        if room <= 0 or batch.is_isolated:
            return False
        if self._policy.merges:
            return self._load_merged(batch, profile, now)
        return self._load_each(batch, profile, room, now)

    def _load_merged(self, batch: Batch, profile: Profile, now: float) -> bool | list[Ended]:
        """All its changes fly as one item."""
        count = profile.flyable(len(profile.parts))
        body = merge(profile.parts, count)
        item = to_json(body)
        if not self._fits(batch, item):
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
        is_isolated = not is_named(body) or self._poison.holds(profile.key, now)
        if is_isolated and batch.items:
            return False
        for position in range(count):
            profile.parts[position].note_sent(item)
        profile.digest = digest
        batch.is_isolated = is_isolated
        batch.add(body, item)
        _take_off(batch, profile, count, 1)
        return True

    def _load_each(self, batch: Batch, profile: Profile, room: int, now: float) -> bool:
        """Its changes fly as items of their own, as many as there is room for."""
        is_isolated = self._poison.holds(profile.key, now)
        if is_isolated and batch.items:
            return False
        count = 0
        for position in range(profile.flyable(room)):
            part = profile.parts[position]
            item = to_json(part.body)
            if not self._fits(batch, item):
                break
            part.note_sent(item)
            batch.add(part.body, item)
            count += 1
        if not count:
            return False
        batch.is_isolated = is_isolated
        _take_off(batch, profile, count, count)
        return True

    def _fits(self, batch: Batch, item: bytes) -> bool:
        """Tell whether there is room for an item, which a batch without any always has."""
        return not batch.items or batch.size + len(item) < self._policy.batch_bytes

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


def _take_off(batch: Batch, profile: Profile, count: int, span: int) -> None:
    profile.flying = count
    profile.parked = False
    batch.add_profile(profile, span)
