"""What an answer of Planhat means for each profile of a batch. Pure.

What the answer proves is delivered. What it does not prove is sent again in smaller and smaller
company, until a change that Planhat refuses stands alone; only then it is rejected. So a bad
change costs itself and O(log n) requests, never its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from consumer.lanes.again import (
    certain_reason,
    company_of,
    is_ignored,
    misses_company,
    note_companies,
    park_halves,
    pause,
    worst,
)
from consumer.lanes.batch import Group
from consumer.lanes.halts import LaneHalt
from consumer.lanes.health import Health
from consumer.lanes.ids import DoubtedIds
from consumer.lanes.part import Ended
from consumer.lanes.payload import named_id
from planhat_client.answers.verdict import IGNORED, Proven, Suspect, Unproven, verdicts
from planhat_client.protocol import Delivered, Halt, Partial, Reject, Retry
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumer.lanes.again import Companies
    from consumer.lanes.batch import Batch
    from consumer.lanes.lane import Lane
    from consumer.lanes.part import Profile
    from planhat_client.protocol import Answer

_TOO_MANY = 429
_UNAUTHORIZED = 401
_FEW = 4
_TOLD = 8
"""So many answers are remembered of a profile that fails alone."""
REFUSED_ALONE = "others are taken: a web application firewall may have refused what it holds"
"""Why one profile is rejected that was refused as a token without rights is."""

_ALONE_SECONDS = 5.0


class Settler:
    """Applies answers to one lane."""

    def __init__(
        self,
        lane: Lane,
        random: Callable[[], float],
        halt: LaneHalt | None = None,
        companies: Companies | None = None,
    ) -> None:
        """`random` gives floats in [0, 1), for jitter; `halt` is told of refusals.

        `companies` is asked where what the lane sends belongs to a company.
        """
        self._lane = lane
        self._random = random
        self._halt = halt or LaneHalt(lane.policy.resource)
        self._companies = companies
        self._health = Health()
        self.ids = DoubtedIds(lane.memory, drops=lane.policy.merges)

    def settle(self, batch: Batch, answer: Answer, now: float) -> None:
        """Bring each profile of a batch to its end, or to its next try."""
        self._lane.batches.discard(batch)
        self._note(batch, answer, now)
        if batch.is_revoked:
            self._lane.disown(batch, now)
            return
        match answer:
            case Delivered() | Partial():
                self._sort(batch, answer, now)
            case Reject() if len(batch.profiles) == 1:
                self._blame(batch.profiles[0], answer.reason, now, is_transient=False)
            case Reject():
                park_halves(self._lane, batch.group(), now)
            case Retry():
                self._retry(batch, answer, now)
            case Halt():
                self._refused(batch, answer, now)
            case _:
                assert_never(answer)

    def _note(self, batch: Batch, answer: Answer, now: float) -> None:
        """Learn what the answer tells of the API as a whole, and of the resource."""
        is_first_try = batch.failures == 0
        if is_first_try and len(batch.profiles) == 1:
            # One that is known to fail says nothing about the API if it fails once more.
            profile, poison = batch.profiles[0], self._lane.poison
            is_poison = bool(poison.since) and poison.holds(profile.key, now)
            is_first_try = not profile.failures and not is_poison
        if isinstance(answer, Delivered) or (
            isinstance(answer, Partial) and (answer.result.succeeded or answer.result.inserted)
        ):
            self._halt.worked(batch.number)
        match answer:
            case Delivered() | Partial() | Reject():
                if self._lane.breaker.failures:
                    self._lane.breaker.succeeded()
                self._health.note(success=True, is_first_try=is_first_try, now=now)
            case Retry(status=status) if status != _TOO_MANY:
                self._health.note(success=False, is_first_try=is_first_try, now=now)
                if is_first_try or batch.is_probe:
                    self._lane.breaker.failed(now)
            case _:
                pass

    def _sort(self, batch: Batch, answer: Delivered | Partial, now: float) -> None:
        """Tell what is proven from what is not, which flies again."""
        found = verdicts(batch.bodies, answer)
        failed: list[tuple[Profile, Suspect | Unproven]] = []
        position = 0
        for profile, span in zip(batch.profiles, batch.spans, strict=True):
            verdict = found[position] if span == 1 else worst(found[position : position + span])
            position += span
            if isinstance(verdict, Proven):
                self._deliver(profile, verdict, now)
            elif len(batch.profiles) == 1:
                transient = isinstance(verdict, Suspect) and verdict.transient
                self._blame(profile, verdict.reason, now, is_transient=transient)
            else:
                failed.append((profile, verdict))
        if failed:
            if self._companies is not None:
                note_companies(self._companies, batch, found, now)
            self._again(failed, answer, now)

    def _again(
        self,
        failed: Sequence[tuple[Profile, Suspect | Unproven]],
        answer: Delivered | Partial,
        now: float,
    ) -> None:
        unproven: list[Profile] = []
        doubted: list[Profile] = []
        for profile, verdict in failed:
            reason = certain_reason(verdict, answer)
            if reason is not None and self.ids.doubt(profile):
                profile.limit = profile.flying  # with a newer change it would prove nothing
                doubted.append(profile)
            elif reason is not None and self._misses(profile, reason, now):
                pass
            elif isinstance(verdict, Suspect):
                self._lane.park(Group([profile]), now)
            else:
                unproven.append(profile)
        # Hundreds may name records that are gone: together they cost one request more.
        if doubted:
            self._lane.park(Group(doubted), now)
        if not unproven:
            return
        # Ignored are mostly those of one company: so they come to stand together, and apart.
        unproven.sort(key=company_of)
        if len(unproven) > _FEW and is_ignored(answer):
            self._lane.park(Group([unproven.pop(0)]), now)
        park_halves(self._lane, Group(unproven), now)

    def _misses(self, profile: Profile, reason: str, now: float) -> bool:
        """Planhat does not know its company: it waits for one; False if it is something else."""
        if self._companies is None or profile.flying > 1 or not misses_company(reason):
            return False
        self.ids.restore(profile)
        if not self._companies.is_gone(profile, now):
            return False
        profile.failures = 0
        self.ids.restore_waiting()
        return True

    def _deliver(self, profile: Profile, proof: Proven, now: float) -> None:
        flown = profile.parts[: profile.flying]
        named = named_id(flown)
        planhat_id = proof.planhat_id or named
        lane, ids = self._lane, self.ids
        memory = lane.memory
        if lane.policy.merges:
            if proof.planhat_id is not None:
                known = memory.ids.get(profile.key) if named is None else named
                if known is not None and known != proof.planhat_id:
                    ids.replace(profile, known)
            memory.digests.put_all(profile.claims, profile.digest)
            if planhat_id:
                memory.ids.put(profile.key, planhat_id)
            else:
                planhat_id = memory.ids.get(profile.key)
        profile.limit, profile.failures, profile.told = None, 0, ()
        if ids.unlearnt or ids.dropped:
            ids.confirm(profile)
        if lane.poison.since:
            lane.poison.forgive(profile.key)
        ended = [Ended(part, "delivered", "", planhat_id, proof.change) for part in flown]
        lane.finish(profile, ended, now)

    def _refused(self, batch: Batch, answer: Halt, now: float) -> None:
        """Refused as if we had no right: find out whether it is the resource, or what is in it."""
        is_alone = len(batch.profiles) == 1
        newest = max([batch.number, *[one.number for one in self._lane.batches]])
        group = batch.group()
        if answer.status == _UNAUTHORIZED or not self._halt.blames(
            batch.refused, is_alone=is_alone
        ):
            group.refused = self._halt.refused(
                answer.reason, batch.number, newest, now, is_alone=is_alone
            )
            self._lane.park(group, now)
        elif not is_alone:
            park_halves(self._lane, group, now)
        elif batch.profiles[0].flying > 1:
            batch.profiles[0].limit = batch.profiles[0].flying // 2
            self._lane.park(group, now)
        else:
            self._halt.blamed()
            self._reject(batch.profiles[0], f"{answer.told}; {REFUSED_ALONE}", now)

    def _blame(self, profile: Profile, reason: str, now: float, *, is_transient: bool) -> None:
        """Planhat refused a profile that flew alone: find out which of its changes, and why."""
        if profile.flying > 1:
            profile.limit = profile.flying // 2
            self._lane.park(Group([profile]), now)
            return
        is_last = not is_transient or profile.failures + 1 >= self._lane.policy.attempts
        if self.ids.unlearn(profile) or ((is_last or reason == IGNORED) and self.ids.drop(profile)):
            profile.limit = 1  # with a newer change it would prove nothing
            self._lane.park(Group([profile]), now)
            return
        self.ids.restore(profile)
        if self._misses(profile, reason, now):
            return
        if is_transient and profile.failures + 1 < self._lane.policy.attempts:
            profile.failures += 1
            self._lane.park(Group([profile]), now + backoff(profile.failures, self._random()))
        else:
            self._reject(profile, reason, now)

    def _reject(self, profile: Profile, reason: str, now: float) -> None:
        self.ids.restore(profile)
        self._lane.memory.forget(profile.claims)
        profile.limit, profile.told = None, ()
        # Who fails again and again makes the later changes wait less.
        profile.failures = min(profile.failures, self._lane.policy.attempts - 2)
        flown = profile.parts[: profile.flying]
        self._lane.finish(profile, [Ended(part, "rejected", reason) for part in flown], now)

    def _retry(self, batch: Batch, answer: Retry, now: float) -> None:
        """The request failed: find out whether it is the API, or something in this batch."""
        if answer.status == _TOO_MANY:
            self._lane.park(batch.group(), now)
            return
        if answer.status is not None and len(batch.profiles) == 1:
            profile = batch.profiles[0]
            profile.told = (*profile.told, answer.reason)[-_TOLD:]
        if not self._health.blames(batch):
            due_at = now + pause(batch, answer, self._random())
            self._lane.park(Group(batch.profiles, batch.failures + 1, now), due_at)
        elif len(batch.profiles) > 1:
            park_halves(self._lane, Group(batch.profiles, 1, now), now)
        else:
            self._fail_alone(batch, answer, now)

    def _fail_alone(self, batch: Batch, answer: Retry, now: float) -> None:
        profile = batch.profiles[0]
        poison = self._lane.poison
        is_poison = poison.holds(profile.key, now)
        profile.failures += 1
        attempts = self._lane.policy.attempts
        if profile.failures < self._health.most_tries(
            attempts, is_poison=is_poison, at=batch.failed_at
        ):
            # The API is well, and a partition can't be committed beyond this for so long.
            latest = max(_ALONE_SECONDS, answer.retry_after or 0.0)
            due_at = now + min(pause(batch, answer, self._random()), latest)
            self._lane.park(Group(batch.profiles, batch.failures + 1, now), due_at)
            return
        # What Planhat mostly said tells more than how the last try happened to break off.
        reason = max(reversed(profile.told), key=profile.told.count, default="") or answer.reason
        if is_poison and self._lane.policy.merges:
            self._reject(profile, reason, now)
        else:
            self._blame(profile, reason, now, is_transient=False)
        if not profile.parked:
            poison.add(profile.key, now)
            profile.failures = 0
