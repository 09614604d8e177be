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

MANY: Final = 20
"""From so many on, going through all contacts costs less than asking for each; or from as many as
that took calls."""

QUIET_SECONDS: Final = 1.5
"""So long nobody must have come before all contacts are gone through."""

MOST_QUIET_SECONDS: Final = 10.0
"""So long is waited for such a moment."""

WIDE_SECONDS: Final = 60.0
"""So long one waits that only a listing can tell of, while few do."""

MOST_FAILURES: Final = 5
"""So often may a look-up fail, while other requests work, until it is given up."""


class _Lookup:
    """One part that waits to be looked up; `works` is the caller's count when it failed last.

    One that `goes_last` is looked up when it waits for nothing else.
    """

    __slots__ = ("counted", "failures", "goes_last", "part", "works")

    def __init__(self, part: Part, *, goes_last: bool) -> None:
        self.part = part
        self.goes_last = goes_last
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
        self._many = MANY
        self._wide: list[_Lookup] = []
        self._pages = 0
        self._came_at = self._since = float("-inf")
        self._wide_since = float("-inf")
        self.is_listing = False
        """All contacts are being gone through: if one is deleted meanwhile, others are missed."""

    def __len__(self) -> int:
        """How many wait, or are being asked about."""
        return len(self._fresh) + len(self._failed) + len(self._asked) + len(self._wide)

    def add(self, part: Part, now: float = 0.0, *, goes_last: bool = False) -> None:
        """Let a part wait to be looked up; where it `goes_last`, when it waits for nothing else."""
        part.waits += 1
        self._came_at = now
        if not self._fresh:
            self._since = now
        self._fresh.append(_Lookup(part, goes_last=goes_last))

    def next(self, now: float) -> Part | None:
        """Give the next to ask about: one that nothing before it may still create or move.

        It is being asked about until `found`, `failed` or `clear`. A try that is due and one that
        was never made go in turn.
        """
        if len(self._asked) >= MOST_AT_ONCE or self._are_many():
            return None
        self._is_turn_of_failed = not self._is_turn_of_failed
        found = self._due(now) if self._is_turn_of_failed else None
        found = found or self._first() or self._due(now)
        if found is None:
            return None
        self._asked[found.part] = found
        return found.part

    def take_many(self, now: float, *, more_come: bool = False) -> list[Part]:
        """Give all that may be asked about now, if they are so many that a listing costs less.

        They are being asked about from now on. Not before nobody has come for a moment, and none
        that are known to come (`more_come`): who comes too late for a listing costs another one.
        """
        is_quiet = now >= self._since + MOST_QUIET_SECONDS or (
            now >= self._came_at + QUIET_SECONDS and not more_come
        )
        if self._asked or not is_quiet or not (self._are_many() or self._are_wide(now)):
            return []
        self._since = now
        taken = [lookup for lookup in self._fresh if self._costs_a_call(lookup)]
        chosen = set(taken)
        self._fresh = deque([lookup for lookup in self._fresh if lookup not in chosen])
        while (lookup := self._due(now)) is not None:
            taken.append(lookup)
        taken += [lookup for lookup in self._wide if not lookup.part.ended]
        self._wide.clear()
        self._asked.update({lookup.part: lookup for lookup in taken})
        return [lookup.part for lookup in taken]

    def listed(self, pages: int) -> None:
        """A listing took so many calls: so many look-ups are worth the next one."""
        self._many, self._pages = max(MANY, pages), pages

    def defer(self, part: Part, now: float) -> None:
        """Asking does not tell of a part all that is to be known: only a listing does."""
        lookup = self._asked.pop(part, None)
        if lookup is not None:
            if not self._wide:
                self._wide_since = now
            self._wide.append(lookup)

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
        self._wide.clear()

    def _first(self) -> _Lookup | None:
        for _ in range(len(self._fresh)):
            lookup = self._fresh.popleft()
            if lookup.part.ended:
                continue
            if _is_first(lookup):
                return lookup
            self._fresh.append(lookup)
        return None

    def _are_many(self) -> bool:
        """Whether so many may be asked about that going through all contacts costs less."""
        if len(self._fresh) + len(self._failed) < self._many:
            return False
        first = 0
        for lookup in self._fresh:
            first += self._costs_a_call(lookup)
        return first + len(self._failed) >= self._many

    def _costs_a_call(self, lookup: _Lookup) -> bool:
        """Whether it may be asked about, and is not known meanwhile."""
        return _is_first(lookup) and (lookup.goes_last or self.known_id(lookup.part) is None)

    def _are_wide(self, now: float) -> bool:
        """Whether those that only a listing can tell of are worth one, or have waited long."""
        wide = len(self._wide)
        return wide > 0 and (wide >= self._pages or now - self._wide_since >= WIDE_SECONDS)

    def _due(self, now: float) -> _Lookup | None:
        while self._failed and self._failed[0][0] <= now:
            lookup = heapq.heappop(self._failed)[2]
            if not lookup.part.ended:
                return lookup
        return None


def _is_first(lookup: _Lookup) -> bool:
    part = lookup.part
    profile = part.profile
    if profile is None or profile.blockers or profile.parts[0] is not part:
        return False
    return part.waits == 1 or not lookup.goes_last


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
