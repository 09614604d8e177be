"""The engine: records, answers and time go in; requests, and what is final, come out. Pure.

It owns all state of the work. Whoever acts (poll, send, ask, membership) hands it what has come,
and does what it gives back. Whatever changes the work is a method here, and each leaves nothing
undone that follows from it; questions may be asked of its parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from consumer.decide.decide import Redecide
from consumer.engine.directory import CompanyDirectory, Owners
from consumer.engine.dispatch import Dispatch, Wait
from consumer.engine.guard import RejectGuard
from consumer.engine.intake import Intake
from consumer.engine.pace import CatchUp, Pace
from consumer.engine.plan import Planner
from consumer.engine.tenant import Tenant, Use
from consumer.lanes.batch import Batch
from consumer.lanes.lane import Lane
from consumer.lanes.policy import LanePolicy
from consumer.offsets.assignment import Assignment, is_within_horizon, unread
from consumer.offsets.lease import Lease
from planhat_client.limiter import Gate
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from consumer.decide.rules import Rules
    from consumer.engine.intake import Report
    from consumer.engine.merge.barrier import Held
    from consumer.lanes.part import Closing, Part
    from consumer.offsets.offsets import Offsets
    from consumer.offsets.record import Partition, Record
    from consumer.offsets.ticket import Ticket
    from planhat_client.protocol import Answer
    from schemas.planhat import Enduser, LeanCompany, PlanhatUser

TURN: Final = 1000
"""Messages, and KiB, that are taken in one go: some 20 ms of the loop. A record is never cut."""

_HOLD_SECONDS: Final = 0.2
_COMMIT_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class EnginePolicy:
    """How the work is done, by the settings; the bounds are those of `Assignment`.

    `reject_limit`: the share of rejected records above which nothing more is read or sent.
    """

    lanes: Mapping[Resource, LanePolicy]
    company_wait_seconds: float = 30.0
    max_concurrent: int = 10
    batch_size: int = 1000
    reject_limit: float = 1.0
    window: int = 20_000
    max_records: int = 20_000
    max_bytes: int = 64 << 20
    lease_seconds: float = 15.0
    custom_fields: Use = "off"


class Engine:
    """All work that is read and not final. `now` is seconds of a steady clock."""

    def __init__(
        self,
        rules: Rules,
        policy: EnginePolicy,
        limiter: Gate,
        report: Report,
        reject: Callable[[Ticket], None],
        random: Callable[[], float],
    ) -> None:
        """`reject` brings a record to the dead letters, and then calls `Intake.resolve`.

        `limiter` is the quota of the main API; `random` gives floats in [0, 1), for jitter.
        """
        self.limiter = limiter
        self.companies = CompanyDirectory()
        self.owners = Owners()
        self.lanes = {
            name: Lane(lane, self.companies.stale if name is Resource.COMPANIES else None)
            for name, lane in policy.lanes.items()
        }
        self.tenant = Tenant(rules, policy.custom_fields)
        self._redecide = Redecide(self.tenant.in_force)
        self.planner = Planner(
            self.lanes,
            self.companies,
            self.owners,
            policy.company_wait_seconds,
            self._redecide.company_of,
            rules.on_user_merged,
        )
        self.dispatch = Dispatch(
            self.lanes, limiter, Gate(), policy.max_concurrent, random, self.planner.gone
        )
        self.halts = self.dispatch.halts
        self.lookups = self.planner.lookups
        self.guard = RejectGuard(policy.reject_limit)
        self.intake = Intake(
            self.tenant.in_force, self.planner, self.guard, self.halts, report, reject
        )
        self.assignment = Assignment(policy.window, policy.max_records, policy.max_bytes)
        self.lease = Lease(policy.lease_seconds)
        self.needs_owners = rules.needs_owners
        self.is_finishing = False
        """We are about to stop: nothing is held back any more."""
        self.catch_up = CatchUp(policy.batch_size)

    @property
    def is_open(self) -> bool:
        """Records may come in."""
        return (
            not self.guard.is_tripped
            and self.companies.is_loaded
            and (self.owners.is_loaded or not self.needs_owners)
            and self.tenant.is_settled
        )

    def take(self, records: Sequence[Record], offsets: Offsets, now: float) -> int:
        """Take records of one partition in their order; how many were taken.

        It ends before one that can't belong to the log of `offsets` (`Offsets.is_foreign`), and
        when so much was taken that others should have their turn.
        """
        left = TURN
        for taken, record in enumerate(records):
            if left <= 0 or offsets.is_foreign(record.offset):
                return taken
            left -= self.intake.take(record, offsets, self.assignment.backlog, now)
            left -= len(record.value or b"") // 1024
        return len(records)

    def next(self, now: float, pace: Pace = Pace.AT_ONCE) -> Batch | Wait:
        """Give the next request to send, or how long there is none; `pace` may hold it back."""
        wait = held(self, now)
        if wait:
            return Wait(wait)
        while True:
            step = self.dispatch.next(now, pace)
            # By what ends without a request, others may come to be next.
            if not _follow_up(self, now) or isinstance(step, Batch):
                return step

    def answered(self, batch: Batch, answer: Answer, now: float) -> None:
        """Apply the answer to a request."""
        self.dispatch.answered(batch, answer, now)
        _follow_up(self, now)

    def companies_read(self, found: Iterable[LeanCompany], now: float) -> None:
        """Planhat told its companies."""
        self.companies.read(found, now)
        self.planner.waits.companies_read(now)
        self.planner.gone.companies_read(now)
        _follow_up(self, now)

    def owners_read(self, found: Iterable[PlanhatUser], now: float) -> None:
        """Planhat told its users."""
        self.owners.read(found, now)
        self.tenant.users_read(self.owners.ids)
        self.planner.owners.users_read(now)
        _follow_up(self, now)

    def reached(
        self,
        offsets: Mapping[Partition, int],
        now: float,
        clear: Mapping[Partition, int] | None = None,
    ) -> list[Held]:
        """All below these was read, or is final for others: gives the merges that go on by that.

        Below `clear` others hold merges only. What we hold is told to them with the next commit.
        """
        barrier, assignment = self.planner.barrier, self.assignment
        going = barrier.look(offsets, now, clear)
        read = {name: owned.position or 0 for name, owned in assignment.owned.items()}
        held_to = barrier.clear_of(assignment.backlog, read)
        for name, owned in assignment.owned.items():
            owned.clear = held_to.get(name)
        for held in going:
            self.intake.let_go(held, now)
        _follow_up(self, now)
        return going

    def looked_up(self, part: Part, rows: Sequence[Enduser], now: float) -> list[Enduser]:
        """Planhat told the contacts that have the keys of a part; of a merge, all that it concerns.

        Gives those that may be of others.
        """
        left: list[Enduser] = []
        if self.planner.merges.asks(part) is not None:
            left = self.planner.merges.found(part, rows, now)
        else:  # it moved: of several nobody knows which it was
            self.lookups.found(part, rows[0].id if len(rows) == 1 else None, now)
        _follow_up(self, now)
        return left

    def removed(self, closing: Closing, refusal: str, now: float) -> None:
        """Planhat deleted a contact, or has it no more; or refused to."""
        if refusal:
            self.planner.merges.removals.refused(closing, refusal, now)
        else:
            self.planner.merges.removals.done(closing, now)
        _follow_up(self, now)

    def expire(self, now: float) -> None:
        """Give up on what was waited for long enough."""
        self.planner.waits.expire(now)
        _follow_up(self, now)

    def resume(self, owned: int, total: int, now: float) -> None:
        """Work on what is owned now: so many of all partitions, with that share of the quota."""
        self.limiter.share(owned / total if total else 1.0, now)
        if self.is_finishing and not self.assignment.owned:
            self.dispatch.stop()
        else:
            self.dispatch.resume()

    def clear(self) -> None:
        """Drop all work, and own nothing: somebody else does it.

        What is in flight is still settled, and changes nothing of what is committed.
        """
        self.assignment.end()
        self.lease.end()
        self.dispatch.clear()
        self.planner.clear()
        self.intake.clear()
        self._redecide.clear()


def held(engine: Engine, now: float) -> float:
    """Seconds for which nothing may be sent, whatever waits; look again then. 0.0: go.

    All that may have been sent before us must be read, what was read must lie within the horizon,
    and the group must have confirmed lately that the partitions are ours.
    """
    assignment = engine.assignment
    if not assignment.owned:
        return 0.0
    if not assignment.is_read_up(now):
        return _HOLD_SECONDS
    if not is_within_horizon(assignment):
        return _COMMIT_SECONDS
    return 0.0 if engine.lease.holds(now) else _HOLD_SECONDS


def pace(engine: Engine, end_of: Callable[[Partition], int | None]) -> Pace:
    """How far behind we are; `end_of` tells the ends of the logs, as far as they are known."""
    if engine.is_finishing:
        return Pace.AT_ONCE
    assignment, waiting = engine.assignment, engine.dispatch.waiting
    return engine.catch_up.pace(unread(assignment, end_of), waiting, is_full=assignment.is_full)


def _follow_up(engine: Engine, now: float) -> bool:
    """Act on what came to its end, and on what comes to its end by that; False if nothing."""
    has_ended, goes_on = False, True
    while goes_on:
        goes_on = False
        for lane in engine.lanes.values():
            if lane.ended:
                ended, lane.ended = lane.ended, []
                engine.intake.follow_up(ended, now)
                has_ended = goes_on = True
    return has_ended
