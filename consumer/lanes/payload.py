"""What is sent for a profile: its changes as JSON, merged or each, as a batch has room. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from consumer.lanes.part import Ended

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """Whether there is anything by which Planhat may call this item in its answer."""
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


def named_id(parts: Sequence[Part]) -> str | None:
    """Planhat's id by which Hull itself named the record last."""
    for part in reversed(parts):
        found = part.body.get("_id")
        if isinstance(found, str):
            return found
    return None


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
        if not self._policy.merges:
            return self._load_each(batch, profile, room, now)
        # All its changes fly as one item.
        count = _flyable(profile, len(profile.parts))
        body = merge(profile.parts, count)
        item = to_json(body)
        if batch.items and batch.size + len(item) >= self._policy.batch_bytes:
            return False
        digest = hash(item)
        known = self._memory.ids.get(profile.key)
        if (
            self._policy.skips_unchanged
            and self._memory.holds(profile.claims, digest)
            and not any(part.receipt.export for part in profile.parts[:count])
        ):
            return _unchanged(profile.parts[:count], item, known)
        if known is not None and "_id" not in body:
            body = with_id(body, known)
            item = to_json(body)
        # Without a key each request would create one more record, so only an answer that is about
        # nothing else can prove it: it flies alone. So does what would make the others fail.
        poison = self._poison
        is_isolated = not is_named(body) or (bool(poison.since) and poison.holds(profile.key, now))
        if is_isolated and batch.items:
            return False
        profile.digest = digest
        batch.is_isolated = is_isolated
        batch.add(profile, [body], [item], count)
        return True

    def _load_each(self, batch: Batch, profile: Profile, room: int, now: float) -> bool:
        """Its changes fly as items of their own, as many as there is room for."""
        is_isolated = bool(self._poison.since) and self._poison.holds(profile.key, now)
        if is_isolated and batch.items:
            return False
        bodies: list[Body] = []
        items: list[bytes] = []
        size = batch.size
        for part in profile.parts[: _flyable(profile, room)]:
            item = to_json(part.body)
            # There is always room in an empty batch.
            if (batch.items or items) and size + len(item) >= self._policy.batch_bytes:
                break
            bodies.append(part.body)
            items.append(item)
            size += len(item) + 1
        if not items:
            return False
        batch.is_isolated = is_isolated
        batch.add(profile, bodies, items, len(items))
        return True


def _flyable(profile: Profile, most: int) -> int:
    """How many of the first parts may fly now: up to one that waits for something."""
    if profile.limit is not None:
        most = min(most, profile.limit)
    count = 0
    for part in profile.parts:
        if part.waits or count >= most:
            break
        count += 1
    return count


def _unchanged(parts: Sequence[Part], item: bytes, planhat_id: str | None) -> list[Ended]:
    """Planhat has what these parts would bring."""
    for part in parts:
        part.sent = item
    return [Ended(part, "delivered", "", planhat_id, "unchanged") for part in parts]
