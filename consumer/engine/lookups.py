"""Who waits until something is known of Planhat: an enduser's id, a company's owner. Pure.

Planhat knows an external id within a company only: one that moved to another company would be
created there a second time. By its `_id` it moves (docs/decisions/0014).

Nobody waits behind another's look-up: one that failed waits apart for its next try. Its tries are
bounded; but one that failed while nothing at all worked is none.
"""

from __future__ import annotations

import heapq
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Final

from consumer.decide import reasons
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumer.engine.directory import Owners
    from consumer.lanes.lane import Lane
    from consumer.lanes.part import Body, Part
    from schemas.planhat import Resource

MOST_AT_ONCE: Final = 4
"""So many are asked about at once at most."""

MOST_FAILURES: Final = 5
"""So often may a look-up fail, while other requests work, until it is given up."""


class _Lookup:
    """One part that waits to be looked up; `works` is the caller's count when it failed last."""

    __slots__ = ("counted", "failures", "part", "works")

    def __init__(self, part: Part) -> None:
        self.part = part
        self.failures = 0
        self.counted = 0
        self.works: int | None = None


class Lookups:
    """Parts that wait to be looked up, or are being asked about."""

    def __init__(self, lanes: Mapping[Resource, Lane]) -> None:
        """Nobody waits; `lanes` are where who was looked up goes on."""
        self._lanes = lanes
        self._fresh: deque[_Lookup] = deque()
        self._failed: list[tuple[float, int, _Lookup]] = []
        self._asked: dict[Part, _Lookup] = {}
        self._sequence = count()
        self._is_turn_of_failed = False

    def __len__(self) -> int:
        """How many wait, or are being asked about."""
        return len(self._fresh) + len(self._failed) + len(self._asked)

    def add(self, part: Part) -> None:
        """Let a part wait to be looked up."""
        part.waits += 1
        self._fresh.append(_Lookup(part))

    def next(self, now: float) -> Part | None:
        """Give the next to ask about: one that nothing before it may still create or move.

        It is being asked about until `found`, `failed` or `clear`. A try that is due and one that
        was never made go in turn.
        """
        if len(self._asked) >= MOST_AT_ONCE:
            return None
        self._is_turn_of_failed = not self._is_turn_of_failed
        found = self._due(now) if self._is_turn_of_failed else None
        found = found or self._first() or self._due(now)
        if found is None:
            return None
        self._asked[found.part] = found
        return found.part

    def known_id(self, part: Part) -> str | None:
        """Planhat's id of the profile of a part, as far as it is known meanwhile."""
        return self._lanes[part.resource].memory.ids.get(part.key)

    def found(self, part: Part, planhat_id: str | None, now: float) -> bool:
        """It was looked up, or is given up: it may go, by its id if there is one.

        False if nobody waits for that any more.
        """
        if self._asked.pop(part, None) is None or part.ended:
            return False
        lane = self._lanes[part.resource]
        if planhat_id is not None:
            lane.memory.ids.put(part.key, planhat_id)
        elif part.link is None:  # it was to be archived wherever it is
            lane.drop(part, reasons.UNLINKED, now)
            return True
        lane.release(part, now)
        return True

    def failed(self, part: Part, works: int, now: float, random: float) -> int | None:
        """A try failed: it waits for the next one. Gives the number of tries if it has had enough.

        `works` grows with all that shows that the API works; a failure counts only if something
        worked since the one before. Who has had enough is still being asked about: say `found`.
        """
        lookup = self._asked.get(part)
        if lookup is None:
            return None
        lookup.failures += 1
        if lookup.works is not None and works > lookup.works:
            lookup.counted += 1
        lookup.works = works
        if lookup.counted >= MOST_FAILURES - 1:
            return lookup.failures
        del self._asked[part]
        due_at = now + backoff(lookup.failures, random)
        heapq.heappush(self._failed, (due_at, next(self._sequence), lookup))
        return None

    def clear(self) -> None:
        """Forget all: their partitions were revoked."""
        self._fresh.clear()
        self._failed.clear()
        self._asked.clear()

    def _first(self) -> _Lookup | None:
        for _ in range(len(self._fresh)):
            lookup = self._fresh.popleft()
            if lookup.part.ended:
                continue
            if _is_first(lookup.part):
                return lookup
            self._fresh.append(lookup)
        return None

    def _due(self, now: float) -> _Lookup | None:
        while self._failed and self._failed[0][0] <= now:
            lookup = heapq.heappop(self._failed)[2]
            if not lookup.part.ended:
                return lookup
        return None


def _is_first(part: Part) -> bool:
    profile = part.profile
    return profile is not None and not profile.blockers and profile.parts[0] is part


_FIELDS = {"owner": reasons.INVALID_OWNER, "coOwner": reasons.INVALID_CO_OWNER}


class OwnerCheck:
    """Writes the ids of owners, and holds who names one that is not known yet."""

    def __init__(self, owners: Owners, companies: Lane) -> None:
        """Nobody waits; `companies` is where who was checked goes on."""
        self._owners = owners
        self._companies = companies
        self._waiting: list[Part] = []

    def clear(self) -> None:
        """Forget who waits: their partitions were revoked."""
        self._waiting.clear()

    def check(self, body: Body) -> str | None:
        """Write the ids of owners; the reason if one is nobody that Planhat knows."""
        unknown = []
        for field, reason in _FIELDS.items():
            if body.get(field) is None:
                continue
            found = self._owners.find(body[field])
            if found is None:
                unknown.append(reason)
            else:
                body[field] = found
        return " ".join(unknown) or None

    def is_vain(self, now: float) -> bool:
        """Ask for a reading; True if there was one a moment ago, so that waiting is useless."""
        self._owners.miss()
        return self._owners.was_read_about(now)

    def hold(self, part: Part) -> None:
        """Let a company wait until Planhat's users were read."""
        part.waits += 1
        self._waiting.append(part)

    def users_read(self, now: float) -> None:
        """Planhat's users were read: all who waited go on, or end."""
        waiting, self._waiting = self._waiting, []
        for part in waiting:
            reason = self.check(part.body)
            if reason is None:
                self._companies.release(part, now)
            else:
                self._companies.drop(part, reason, now)
