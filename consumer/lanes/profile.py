"""A profile in a lane: the changes of it that wait or fly, in order, and how they become JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from consumer.lanes.claims import Claim
    from consumer.lanes.part import Body, Part


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
