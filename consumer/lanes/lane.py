"""A lane: the ordered stream of payloads of one resource. Pure: it neither waits nor sends.

`take` gives the next batch; what the answer means for each profile in it says `lanes.settle`.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Literal

from consumer.lanes.batch import Batch, Group
from consumer.lanes.claims import Claims
from consumer.lanes.memory import Memory, PoisonProfiles
from consumer.lanes.part import Ended, Profile
from consumer.lanes.payload import Loader
from consumer.offsets.ticket import appended
from planhat_client.retry import Breaker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumer.lanes.claims import Claim
    from consumer.lanes.memory import StaleIds
    from consumer.lanes.part import Part
    from consumer.lanes.policy import LanePolicy


BreakerState = Literal["closed", "half-open", "open"]


class Lane:
    """The state of one lane. `now` is seconds of a steady clock, in all methods.

    `ready` are the profiles that could go now, the first since its `ready_at`; the oldest change of
    theirs came at `oldest` or later (seconds, or infinity: there is none). `parked` is a heap
    of those that wait for their next try. `claims` has whoever has a change that is not final.
    `waiting` counts these changes, `followed` the parts of other lanes that wait for them. What
    came to its end lies in `ended` until the owner of the lane takes it.
    """

    def __init__(self, policy: LanePolicy, stale: StaleIds | None = None) -> None:
        """`stale` are ids unknown to Planhat, if others learn them too."""
        self.policy = policy
        self.breaker = Breaker(policy.breaker_threshold)
        self.memory = Memory(policy.remembered, stale)
        self.poison = PoisonProfiles()
        self._loader = Loader(policy, self.memory, self.poison)
        self.ended: list[Ended] = []
        self.batches: set[Batch] = set()
        self.waiting = 0
        self.followed = 0
        self.claims: Claims[Profile] = Claims()
        self._last: dict[str, Profile] = {}
        self.ready: deque[Profile] = deque()
        self.oldest = math.inf
        self.parked: list[tuple[float, int, Group]] = []
        self._sequence = count()

    def newest(self, claims: Sequence[Claim]) -> Part | None:
        """The newest change of whoever holds or awaits the first of these claims that is held.

        It may be `ended` for us and still in flight: it was revoked, and may take effect.
        """
        for claim in claims:
            profile = self.claims.last(claim)
            if profile is not None and profile.parts:
                return profile.parts[-1]
        return None

    def add(self, part: Part, now: float) -> None:
        """Let a change wait: behind the older ones of its profile, and of the same identities."""
        claims = part.claims
        profile = self._last.get(part.key)
        if profile is None or not self.claims.can_extend(profile, claims):
            profile = self._last[part.key] = Profile(part.key)
        self.claims.join(profile, claims)
        part.profile, part.since = profile, now
        profile.parts.append(part)
        self.waiting += 1
        self._consider(profile, now)

    def release(self, part: Part, now: float) -> None:
        """One thing that `part` waited for has come."""
        part.waits -= 1
        if not part.waits and part.profile is not None:
            self._consider(part.profile, now)

    def follow(self, leader: Part, part: Part) -> None:
        """Let a part of another lane wait for the end of one of ours."""
        leader.followers = appended(leader.followers, part)
        part.waits += 1
        self.followed += 1

    def followers_of(self, leader: Part) -> Sequence[Part]:
        """Who waited for the end of one of our parts; it has come."""
        followers, leader.followers = leader.followers, ()
        self.followed -= len(followers)
        return followers

    def drop(self, part: Part, reason: str, now: float) -> None:
        """End a part that waits, without sending it."""
        profile = part.profile
        if profile is None or part.ended:
            return
        profile.parts.remove(part)
        part.ended = True
        part.profile = None
        self.waiting -= 1
        self.ended.append(Ended(part, "skipped", reason))
        self.reconsider(profile, now)

    def clear(self) -> None:
        """Forget all that waits; what is in flight keeps its claims until it is settled."""
        flying = [profile for batch in self.batches for profile in batch.profiles]
        for batch in self.batches:
            batch.is_revoked = True
        # Whoever owns the profiles meanwhile may write something else, and they may come back.
        self.memory.digests.clear()
        self.poison.clear()
        self.ready.clear()
        self.oldest = math.inf
        self.parked.clear()
        self._last.clear()
        self.claims = Claims()
        self.ended = []
        self.waiting = sum(profile.flying for profile in flying)
        self.followed = 0
        for profile in flying:
            held, profile.claims, profile.blockers = profile.claims, (), 0
            del profile.parts[profile.flying :]
            for part in profile.parts:
                part.followers = ()
                part.ended = True
            self.claims.join(profile, held)
            self._last[profile.key] = profile

    def waits_since(self, now: float) -> float | None:
        """Since when something could go that has not gone, a due retry included; None: nothing."""
        since = self.ready[0].ready_at if self.ready else None
        parked = self.parked[0][0] if self.parked else None
        if parked is not None and parked <= now and (since is None or parked < since):
            return parked
        return since

    def due(self, now: float) -> float | None:
        """Seconds until something may go, as far as this lane knows; None: nothing can."""
        if len(self.batches) >= self.policy.concurrency:
            return None
        wait = self.breaker.wait(now) if self.breaker.is_open else 0.0
        if self.ready:
            return wait
        return max(wait, self.parked[0][0] - now) if self.parked else None

    def take(self, now: float, *, alone: bool = False) -> Batch | None:
        """Give the next batch, or None; profiles that need no request end at once.

        `alone`: no more than one profile, and rather one that did not fail before.
        """
        if self.due(now) != 0:
            return None
        batch = Batch(self.policy.resource, is_probe=alone or self.breaker.is_open)
        most = 1 if batch.is_probe else self.policy.batch_size
        retry_is_due = bool(self.parked) and self.parked[0][0] <= now
        if retry_is_due and not (batch.is_probe and self.ready):
            self._take_group(batch, most, now)
        else:
            self._take_ready(batch, most, now)
            self.oldest = self.ready[0].ready_at if self.ready else math.inf
        if not batch.items:
            return None
        self.batches.add(batch)
        return batch

    def park(self, group: Group, due_at: float) -> None:
        """Let profiles wait for their next try, together; what they sent is not certain."""
        for profile in group.profiles:
            self.take_back(profile)
            profile.parked = True
        heapq.heappush(self.parked, (due_at, next(self._sequence), group))

    def take_back(self, profile: Profile) -> None:
        """A profile is back, its changes are not final: what they did is not certain."""
        self.memory.forget(profile.claims)
        profile.flying = 0

    def disown(self, batch: Batch, now: float) -> None:
        """A batch that is not ours any more was answered: who waited for its end is told."""
        for profile in batch.profiles:
            flown = profile.parts[: profile.flying]
            self.ended += [Ended(part, "revoked") for part in flown if part.followers]
            del profile.parts[: profile.flying]
            self.waiting -= profile.flying
            profile.flying = 0
            self.reconsider(profile, now)

    def pull(self, is_wanted: Callable[[Profile], bool]) -> list[Profile]:
        """Take profiles out of the queues, those that wait for a next try too.

        They are to be changed, and then to be reconsidered.
        """
        found = [profile for profile in self.ready if is_wanted(profile)]
        self.ready = deque(profile for profile in self.ready if not is_wanted(profile))
        for _, _, group in self.parked:
            found += [profile for profile in group.profiles if is_wanted(profile)]
            group.profiles = [profile for profile in group.profiles if not is_wanted(profile)]
        self.parked = [entry for entry in self.parked if entry[2].profiles]
        heapq.heapify(self.parked)
        for profile in found:
            profile.queued = profile.parked = False
        return found

    def finish(self, profile: Profile, ended: list[Ended], now: float) -> None:
        """End the first parts of a profile that is back from a batch."""
        profile.flying = 0
        profile.parked = False
        del profile.parts[: len(ended)]
        for end in ended:
            end.part.ended = True
            end.part.profile = None
        self.waiting -= len(ended)
        self.ended += ended
        self.reconsider(profile, now)

    def reconsider(self, profile: Profile, now: float) -> None:
        """A profile changed: let it go on, or let it go."""
        if profile.parts:
            self._consider(profile, now)
            return
        if profile.flying:
            return
        if self._last.get(profile.key) is profile:
            del self._last[profile.key]
        for freed in self.claims.leave(profile):
            self._consider(freed, now)

    def _consider(self, profile: Profile, now: float) -> None:
        """Let a profile go into one of the next batches, if nothing is in its way."""
        if (
            profile.blockers == 0
            and profile.flying == 0
            and not profile.parked
            and not profile.queued
            and profile.parts
            and profile.parts[0].waits == 0
        ):
            profile.queued = True
            profile.ready_at = now
            self.ready.append(profile)
            self.oldest = min(self.oldest, profile.parts[0].since)

    def _take_group(self, batch: Batch, most: int, now: float) -> None:
        due_at, _, group = heapq.heappop(self.parked)
        batch.failures, batch.failed_at = group.failures, group.failed_at
        batch.refused = group.refused
        for position, profile in enumerate(group.profiles):
            if profile.parts[0].waits:  # since its last try; when that has come it is ready
                profile.parked = False
            elif not self._board(batch, profile, most, now):
                group.profiles = group.profiles[position:]
                self.park(group, due_at)
                return

    def _take_ready(self, batch: Batch, most: int, now: float) -> None:
        while self.ready:
            profile = self.ready.popleft()
            profile.queued = False
            if profile.parts and profile.parts[0].waits:  # since it was ready
                continue
            if not self._board(batch, profile, most, now):
                profile.queued = True
                self.ready.appendleft(profile)
                return

    def _board(self, batch: Batch, profile: Profile, most: int, now: float) -> bool:
        """Put a profile into the batch, or end it if it needs none; False if there is no room."""
        loaded = self._loader.load(batch, profile, most, now)
        if isinstance(loaded, list):
            self.finish(profile, loaded, now)
            return True
        return loaded


def breaker_state(lane: Lane) -> BreakerState:
    """Whether a lane sends, is held, or is trying out whether it may again."""
    if not lane.breaker.is_open:
        return "closed"
    return "half-open" if any(batch.is_probe for batch in lane.batches) else "open"


def count_parked(lane: Lane) -> int:
    """Profiles that wait for their next try."""
    return sum(len(group.profiles) for _, _, group in lane.parked)


def next_try(lane: Lane, profile: Profile) -> float | None:
    """When a parked profile is tried again; None if it is not parked."""
    return next((due_at for due_at, _, group in lane.parked if profile in group.profiles), None)
