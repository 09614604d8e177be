"""Which lane may send next, or how long nobody may. Pure; `now` is seconds of a steady clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consumer.engine.pace import HOLD_SECONDS, Pace
from consumer.lanes.halts import Halts
from consumer.lanes.settle import Settler
from planhat_client.protocol import Delivered, Halt, Retry
from schemas.models import MODELS
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from consumer.lanes.again import Companies
    from consumer.lanes.batch import Batch
    from consumer.lanes.halts import LaneHalt
    from consumer.lanes.lane import Lane
    from planhat_client.limiter import Gate
    from planhat_client.protocol import Answer


_STARVING_SECONDS = 5.0
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may go now; look again after `seconds`, or when something changes (None)."""

    seconds: float | None


_NO_END = Wait(None)


class Line:
    """A lane and its gates: whose end it waits for, Planhat's refusals, the quota."""

    __slots__ = ("gate", "halt", "lane", "leader", "served_at", "settler")

    def __init__(
        self, lane: Lane, leader: Lane | None, halt: LaneHalt, gate: Gate, settler: Settler
    ) -> None:
        self.lane = lane
        self.leader = leader
        self.halt = halt
        self.gate = gate
        self.settler = settler
        self.served_at = float("-inf")

    def wait(self, now: float, pace: Pace) -> float | None:
        """Seconds until it may send; None: not before something happens."""
        lane = self.lane
        due = lane.due(now)
        if due is None or due > 0:
            return due
        if self.halt.is_on:
            held = self.halt.wait(now, len(lane.batches))
            if held is None or held > 0:
                return held
        if pace is not Pace.AT_ONCE and lane.ready:
            hold = self.spared(now) if pace is Pace.SPARE else self._hold(now, pace)
            if hold > 0:
                return hold
        return self.gate.wait(now)

    def spared(self, now: float) -> float:
        """Seconds for which what is ready waits for others, to spare the quota.

        A full batch gains nothing by that, nor does a retry, which goes with its group only.
        """
        lane = self.lane
        retry_is_due = bool(lane.parked) and lane.parked[0][0] <= now
        if retry_is_due or not 0 < len(lane.ready) < lane.policy.batch_size:
            return 0.0
        return self.gate.sparing.wait(now, lane.oldest)

    def urgency(self, now: float) -> tuple[bool, float]:
        """Starving lanes in turn, before all others; those by the waiting that a call would end.

        By weight alone a handful of licences would never go before a backlog of endusers.
        """
        since = self.lane.waits_since(now)
        if since is None:
            return (False, 0.0)
        if now - since > _STARVING_SECONDS:
            return (True, now - self.served_at)
        return (False, (now - since) * (len(self.lane.ready) + self.lane.followed))

    def _hold(self, now: float, pace: Pace) -> float:
        if not self._may_hold(pace):
            return 0.0
        return self.lane.ready[0].ready_at + HOLD_SECONDS[pace] - now

    def _may_hold(self, pace: Pace) -> bool:
        if pace is Pace.GATHER:
            return True
        if len(self.lane.ready) >= self.lane.policy.batch_size:
            return False
        if pace is Pace.FOLLOW:
            return self.leader is not None and self.leader.followed > 0
        return True


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

        `companies` is asked about the companies of what belongs to one.
        """
        self.lanes = lanes
        self.halts = Halts(Resource)
        self.stopped = False
        self._max_concurrent = max_concurrent
        self.lines: dict[Resource, Line] = {}
        for name, lane in lanes.items():
            halt, model = self.halts.lanes[name], MODELS[name]
            is_owned = model.parent is Resource.COMPANIES
            self.lines[name] = Line(
                lane,
                None if model.parent is None else lanes[model.parent],
                halt,
                main_limiter if halt.is_of_api else analytics_limiter,
                Settler(lane, random, halt, companies if is_owned else None),
            )

    @property
    def in_flight(self) -> int:
        """Requests that are not answered yet."""
        flying = 0
        for lane in self.lanes.values():
            flying += len(lane.batches)
        return flying

    @property
    def waiting(self) -> int:
        """Changes that are not final yet."""
        return sum(lane.waiting for lane in self.lanes.values())

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
        sendable, soonest = _sendable(self.lines.values(), now, pace)
        if sendable and self.in_flight >= self._max_concurrent:
            return _NO_END
        if len(sendable) > 1:
            sendable.sort(key=lambda line: line.urgency(now), reverse=True)
        for line in sendable:
            batch = line.lane.take(now, alone=line.halt.is_on)
            if batch is not None:
                batch.flight = line.gate.take(now)
                line.served_at = now
                return batch
        return _NO_END if soonest is None else Wait(soonest)

    def sendable(self, now: float) -> Resource | None:
        """Name a lane from which something may go at once, and so should be on its way."""
        if self.halts.stops_all or self.stopped or self.in_flight >= self._max_concurrent:
            return None
        for name, line in self.lines.items():
            if line.wait(now, Pace.SPARE) == 0:
                return name
        return None

    def has_more(self, now: float) -> bool:
        """Whether anything can go, now or later, before something else happens."""
        if self.halts.stops_all or self.stopped or self.in_flight >= self._max_concurrent:
            return False
        for line in self.lines.values():
            lane = line.lane
            flying = len(lane.batches)
            if (
                (lane.ready or lane.parked)
                and flying < lane.policy.concurrency
                and (not line.halt.is_on or line.halt.wait(now, flying) is not None)
            ):
                return True
        return False

    def answered(self, batch: Batch, answer: Answer, now: float) -> None:
        """Apply an answer: to the profiles of the batch, and to everybody if it concerns all."""
        line = self.lines[batch.resource]
        if isinstance(answer, Halt):
            self.halts.refused(batch.resource, answer, batch.refused, now)
        elif isinstance(answer, Delivered) and line.halt.is_of_api:
            self.halts.works += 1
        line.settler.settle(batch, answer, now)
        if isinstance(answer, Retry) and answer.status == _TOO_MANY:
            line.gate.throttled(now, answer.retry_after, batch.flight)
        else:
            line.gate.landed(batch.flight, works=not isinstance(answer, Retry))
            if isinstance(answer, Retry) and answer.retry_after is not None:
                line.gate.close(now, answer.retry_after)
        if answer.quota and answer.quota.closed_seconds:
            line.gate.close(now, answer.quota.closed_seconds)

    def clear(self) -> None:
        """Forget all that waits: the partitions were revoked."""
        for line in self.lines.values():
            line.settler.ids.restore_all()
            line.lane.clear()
        self.halts.clear()


def _sendable(lines: Iterable[Line], now: float, pace: Pace) -> tuple[list[Line], float | None]:
    """The lanes that may send now, and the shortest wait of the others."""
    sendable: list[Line] = []
    soonest: float | None = None
    for line in lines:
        if not line.lane.ready and not line.lane.parked:
            continue
        wait = line.wait(now, pace)
        if wait is None:
            continue
        if wait <= 0:
            sendable.append(line)
        elif soonest is None or wait < soonest:
            soonest = wait
    return sendable, soonest


def is_drained(dispatch: Dispatch) -> bool:
    """Nothing is on its way, nor could go now."""
    if dispatch.in_flight or dispatch.halts.stops_all:
        return not dispatch.in_flight
    return all(
        not line.lane.ready or line.lane.breaker.is_open or line.halt.is_on
        for line in dispatch.lines.values()
    )


def is_spared(dispatch: Dispatch, now: float) -> bool:
    """Whether something waits for others, if nothing is behind."""
    return any(line.spared(now) > 0 for line in dispatch.lines.values())


def asked_wait(dispatch: Dispatch, now: float) -> float | None:
    """Seconds for which Planhat still wants no call of some kind, if that is long."""
    waits = (line.gate.asked_wait(now) for line in dispatch.lines.values())
    return max((wait for wait in waits if wait is not None), default=None)
