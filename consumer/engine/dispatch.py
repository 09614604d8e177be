"""Which lane may send next, or how long nobody may. Pure; `now` is seconds of a steady clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consumer.engine.pace import Pace
from consumer.lanes.halts import Halts
from consumer.lanes.settle import Settler
from planhat_client.protocol import Delivered, Halt, Retry
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from consumer.lanes.batch import Batch
    from consumer.lanes.lane import Lane
    from consumer.lanes.part import Ended
    from consumer.lanes.settle import Companies
    from planhat_client.limiter import Gate
    from planhat_client.protocol import Answer

HOLD_SECONDS = {Pace.AT_ONCE: 0.0, Pace.GATHER: 2.0, Pace.BATCH: 1.0, Pace.FOLLOW: 0.5}
"""How long what is ready waits for more at most, while a backlog is worked off."""

_LEADERS = {
    Resource.ENDUSERS: Resource.COMPANIES,
    Resource.LICENSES: Resource.COMPANIES,
    Resource.ACTIVITIES: Resource.ENDUSERS,
}
"""Whose end the parts of a lane wait for."""

_OWNED = (Resource.ENDUSERS, Resource.LICENSES)
"""What belongs to a company."""

_STARVING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may go now; look again after `seconds`, or when something changes (None)."""

    seconds: float | None


_NO_END = Wait(None)


class Dispatch:
    """The gates in their order: key (in the lane), limiter, permit."""

    def __init__(
        self,
        lanes: Mapping[Resource, Lane],
        main_limiter: Gate,
        analytics_limiter: Gate,
        max_concurrent: int,
        random: Callable[[], float],
        companies: Companies | None = None,
    ) -> None:
        """`random` gives floats in [0, 1), for the jitter of retries.

        `companies` is asked about the companies of endusers and licences.
        """
        self.lanes = lanes
        self.halts = Halts(Resource)
        self.stopped = False
        self._main = main_limiter
        self._analytics = analytics_limiter
        self._max_concurrent = max_concurrent
        self._settlers = {
            name: Settler(lane, random, self.halts.of(name), companies if name in _OWNED else None)
            for name, lane in lanes.items()
        }
        self._served_at = dict.fromkeys(lanes, float("-inf"))

    @property
    def in_flight(self) -> int:
        """Requests that are not answered yet."""
        return sum(len(lane.batches) for lane in self.lanes.values())

    @property
    def waiting(self) -> int:
        """Changes that are not final yet."""
        return sum(lane.waiting for lane in self.lanes.values())

    @property
    def is_unsure(self) -> bool:
        """A request failed that may have changed something all the same."""
        return any(lane.parked for lane in self.lanes.values())

    @property
    def is_drained(self) -> bool:
        """Nothing is on its way, nor could go now."""
        if self.in_flight or self.halts.stops_all:
            return not self.in_flight
        return all(
            lane.ready == 0 or lane.breaker.is_open or self.halts.of(name).is_on
            for name, lane in self.lanes.items()
        )

    def stop(self) -> None:
        """Give nothing more to send."""
        self.stopped = True

    def resume(self) -> None:
        """Give again what there is to send."""
        self.stopped = False

    def next(self, now: float, pace: Pace = Pace.AT_ONCE) -> Batch | Wait:
        """Give the next batch to send, or how long nothing can go; `pace` may hold it back."""
        if self.halts.stops_all or self.stopped:
            return _NO_END
        sendable, soonest = self._sendable(now, pace)
        if sendable and self.in_flight >= self._max_concurrent:
            return _NO_END
        if len(sendable) > 1:
            sendable.sort(key=lambda lane: self._urgency(lane, now), reverse=True)
        for lane in sendable:
            batch = lane.take(now, alone=self.halts.of(lane.policy.resource).is_on)
            if batch is not None:
                self.gate(lane.policy.resource).take(now)
                self._served_at[lane.policy.resource] = now
                return batch
        return _NO_END if soonest is None else Wait(soonest)

    def sendable(self, now: float) -> Resource | None:
        """Name a lane from which something may go at once, and so should be on its way."""
        if self.halts.stops_all or self.stopped or self.in_flight >= self._max_concurrent:
            return None
        for name, lane in self.lanes.items():
            if self._wait(lane, now, Pace.AT_ONCE) == 0:
                return name
        return None

    def has_more(self, now: float) -> bool:
        """Tell whether anything can go, now or later, before something else happens."""
        if self.halts.stops_all or self.stopped or self.in_flight >= self._max_concurrent:
            return False
        for lane in self.lanes.values():
            if lane.due(now) is not None and self._held(lane, now) is not None:
                return True
        return False

    def answered(self, batch: Batch, answer: Answer, now: float) -> None:
        """Apply an answer: to the profiles of the batch, and to everybody if it concerns all."""
        if isinstance(answer, Halt):
            self.halts.refused(batch.resource, answer, batch.refused, now)
        elif isinstance(answer, Delivered) and batch.resource is not Resource.ACTIVITIES:
            self.halts.works += 1
        self._settlers[batch.resource].settle(batch, answer, now)
        _apply_backpressure(answer, self.gate(batch.resource), now)

    def ended(self) -> list[Ended]:
        """What came to its end since the last call."""
        return [end for lane in self.lanes.values() if lane.ended for end in lane.take_ended()]

    def clear(self) -> None:
        """Forget all that waits: the partitions were revoked."""
        for name, lane in self.lanes.items():
            self._settlers[name].clear()
            lane.clear()
        self.halts.clear()

    def _urgency(self, lane: Lane, now: float) -> tuple[bool, float]:
        """Starving lanes in turn, before all others; those by the waiting that a call would end.

        By weight alone a handful of licences would never go before a backlog of endusers.
        """
        since = lane.waits_since(now)
        if since is None:
            return (False, 0.0)
        if now - since > _STARVING_SECONDS:
            return (True, now - self._served_at[lane.policy.resource])
        return (False, (now - since) * (lane.ready + lane.followed))

    def asked_wait(self, now: float) -> float | None:
        """Seconds for which Planhat still wants no call of some kind, if that is long."""
        waits = (self._main.asked_wait(now), self._analytics.asked_wait(now))
        return max((wait for wait in waits if wait is not None), default=None)

    def gate(self, resource: Resource) -> Gate:
        """What says when the next request for a resource may go."""
        return self._analytics if resource is Resource.ACTIVITIES else self._main

    def _sendable(self, now: float, pace: Pace) -> tuple[list[Lane], float | None]:
        """Name the lanes that may send now, and the shortest wait of the others."""
        sendable: list[Lane] = []
        soonest: float | None = None
        for lane in self.lanes.values():
            wait = self._wait(lane, now, pace)
            if wait is None:
                continue
            if wait <= 0:
                sendable.append(lane)
            elif soonest is None or wait < soonest:
                soonest = wait
        return sendable, soonest

    def _wait(self, lane: Lane, now: float, pace: Pace) -> float | None:
        due = lane.due(now)
        if due is None or due > 0:
            return due
        held = self._held(lane, now)
        if held is None or held > 0:
            return held
        ready_at = lane.oldest()
        if ready_at is not None and self._may_hold(lane, pace):
            hold = ready_at + HOLD_SECONDS[pace] - now
            if hold > 0:
                return hold
        return self.gate(lane.policy.resource).wait(now)

    def _held(self, lane: Lane, now: float) -> float | None:
        """Seconds for which Planhat's refusals hold a lane; None: until something happens."""
        halt = self.halts.of(lane.policy.resource)
        return halt.wait(now, len(lane.batches)) if halt.is_on else 0.0

    def _may_hold(self, lane: Lane, pace: Pace) -> bool:
        if pace is Pace.GATHER:
            return True
        if lane.ready >= lane.policy.batch_size:
            return False
        if pace is Pace.FOLLOW:
            leader = self.lanes.get(_LEADERS.get(lane.policy.resource, lane.policy.resource))
            return leader is not None and leader is not lane and leader.followed > 0
        return pace is Pace.BATCH


def _apply_backpressure(answer: Answer, gate: Gate, now: float) -> None:
    """Close the gate for everybody, if that is what an answer asks for."""
    match answer:
        case Retry(status=429, retry_after=wait):
            gate.throttled(now, wait)
        case Retry(retry_after=float(wait)):
            gate.close(now, wait)
        case _:
            pass
    closed = answer.quota.closed_seconds if answer.quota else 0.0
    if closed:
        gate.close(now, closed)
