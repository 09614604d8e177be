"""What keeps us from sending until something changes outside: the one owner of all halts. Pure.

Each halt has its kind and its own end (docs/decisions/0016):

* the service, by Planhat: the token is refused, for reads too, or it is not Planhat that answers.
  A read that works ends it.
* the service, by ourselves: too many messages were rejected. A restart ends it.
* one resource: its writes are refused, while reads work. A write that works ends it.

What is refused for its body alone is no halt: `lanes.settle` finds it by halving, as soon as
another write of the same resource has worked (`LaneHalt.blames`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from schemas.models import MODELS
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planhat_client.protocol import Halt

ServiceKind: TypeAlias = Literal["unauthorized", "wrong host", "too many rejected"]
Kind: TypeAlias = Literal["unauthorized", "wrong host", "too many rejected", "resource refused"]

PROBE_SECONDS: Final = 5.0
"""How often Planhat is asked whether we are let in again."""

MOST_IN_A_ROW: Final = 20
"""So many profiles are rejected for their bodies at most before another must be taken."""

_ENDED_BY_A_READ: Final[tuple[ServiceKind, ...]] = ("unauthorized", "wrong host")
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_MOVED_ON_SECONDS: Final = 0.5
_CAP_SECONDS: Final = 60.0
_SURE_AFTER: Final = 2


@dataclass(frozen=True, slots=True)
class Halted:
    """One halt; `since` in seconds of the loop's clock, `resource` if it is about one only."""

    kind: Kind
    reason: str
    since: float
    resource: Resource | None = None


class LaneHalt:
    """Whether Planhat refuses what one lane sends.

    Refused, the lane first waits for a read that works (`asks`), then sends single profiles, a
    different one each time as far as there are several, with growing pauses. The first that is
    taken ends it. Batches are told apart by their numbers: what took off before the refusal proves
    nothing about the time after it.
    """

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.is_of_api = MODELS[resource].host == "api"
        self.is_on = False
        self.asks = False
        self.reason = ""
        self.since = 0.0
        self.next_at = 0.0
        self._tries = 0
        self._refused = -1
        self._worked = -1
        self._blamed = 0

    @property
    def is_sure(self) -> bool:
        """Single profiles were refused, too, though reads work: it is the resource."""
        return self.is_on and self._tries >= _SURE_AFTER

    def wait(self, now: float, in_flight: int) -> float | None:
        """Seconds until one profile may go; None: not before a read has worked, or an answer."""
        if self.asks or in_flight:
            return None
        return max(0.0, self.next_at - now)

    def refused(self, reason: str, batch: int, newest: int, now: float, *, is_alone: bool) -> int:
        """A batch was refused; `newest` is the highest number in the air. Gives what to remember.

        That is for `blames`, when the same profiles are refused again.
        """
        if not self.is_on:
            self.is_on, self.since, self._tries = True, now, 0
            self.next_at = now
        elif is_alone and batch > self._refused:
            self._tries += 1
            self.next_at = now + _pause(self._tries)
        self.reason = reason
        self.asks = self.is_of_api
        self._refused = max(self._refused, newest)
        return newest

    def worked(self, number: int) -> None:
        """Planhat took something of this batch."""
        self._worked = max(self._worked, number)
        self._blamed = 0
        if number > self._refused:
            self.is_on = self.asks = False

    def blames(self, refused: int | None, *, is_alone: bool) -> bool:
        """Whether it is about something in the batch: others were taken since.

        Not so many single profiles in a row that it may as well be a right that was taken away.
        """
        if refused is None or self._worked <= refused:
            return False
        return not is_alone or self._blamed < MOST_IN_A_ROW

    def blamed(self) -> None:
        """A profile was rejected for what it holds."""
        self._blamed += 1


class Halts:
    """All halts. `now` is seconds of a steady clock."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.lanes = {resource: LaneHalt(resource) for resource in resources}
        self.service: dict[ServiceKind, Halted] = {}
        """Why nothing is sent, the first that began before the others."""
        self.stops_all = False
        """Nothing at all is sent."""
        self._asks = False
        self._probe_at = 0.0
        self._ask_at = 0.0
        self._refused_reads: set[str] = set()
        self.works = 0
        """Grows with each answer that shows that the API as a whole works."""

    def refused(self, resource: Resource, answer: Halt, refused: int | None, now: float) -> None:
        """A write was refused, and is not settled yet: begin a halt if it is about the service.

        A 403 may be about the resource or a body, and the host of activities says nothing about
        the API; neither does what is refused although reads work. `refused` is what `LaneHalt`
        gave for the same profiles before.
        """
        lane = self.lanes[resource]
        if not lane.is_of_api or answer.status == _FORBIDDEN or lane.is_on:
            return
        if answer.status != _UNAUTHORIZED and lane.blames(refused, is_alone=False):
            return
        self.begin(kind_of(answer.status), answer.reason, now)

    def read_refused(self, what: str, status: int | None, reason: str, now: float) -> None:
        """A read was refused: it is about all, or about this read only; a probe tells."""
        if status == _FORBIDDEN or what in self._refused_reads:
            self._asks = True
        else:
            self.begin(kind_of(status), reason, now)
        self._refused_reads.add(what)

    def read_worked(self, what: str) -> None:
        """A read was answered."""
        self.works += 1
        self._refused_reads.discard(what)

    def ask(self) -> None:
        """Something failed: find out whether the API as a whole works."""
        self._asks = True

    def probe_is_due(self, now: float) -> bool:
        """Whether Planhat is to be asked whether it lets us in."""
        if now < self._probe_at:
            return False
        if (self._asks and now >= self._ask_at) or any(
            kind in self.service for kind in _ENDED_BY_A_READ
        ):
            return True
        return any(lane.asks and lane.next_at <= now for lane in self.lanes.values())

    def accepted(self, now: float) -> bool:
        """The probe was answered; True if that ends a halt of the service."""
        self.works += 1
        self._asks, self._ask_at = False, now + PROBE_SECONDS
        self._probe_at = now + _MOVED_ON_SECONDS
        for lane in self.lanes.values():
            if lane.next_at <= now:
                lane.asks = False
        ended = [self.service.pop(kind, None) for kind in _ENDED_BY_A_READ]
        self.stops_all = bool(self.service)
        return any(ended)

    def unanswered(self, now: float) -> None:
        """The probe told nothing; if it was refused, that begins a halt."""
        self._asks, self._ask_at = False, now + PROBE_SECONDS
        self._probe_at = now + PROBE_SECONDS

    def clear(self) -> None:
        """What was refused is not ours any more; halts of the service stay."""
        for lane in self.lanes.values():
            lane.is_on = lane.asks = False

    def begin(self, kind: ServiceKind, reason: str, now: float) -> bool:
        """Send nothing at all; False if that is known already."""
        if kind in _ENDED_BY_A_READ:
            self._probe_at = now + PROBE_SECONDS
        if kind in self.service:
            return False
        self.service[kind] = Halted(kind, reason, now)
        self.stops_all = True
        return True


def refused_resources(halts: Halts) -> list[Halted]:
    """The resources that are refused for sure."""
    return [
        Halted("resource refused", lane.reason, lane.since, resource)
        for resource, lane in halts.lanes.items()
        if lane.is_sure
    ]


def why_halted(halts: Halts) -> str | None:
    """Why nothing is sent, in one line; None: something may be."""
    return "; ".join(halted.reason for halted in halts.service.values()) or None


def kind_of(status: int | None) -> ServiceKind:
    """Which halt it is when a status is the answer to everything."""
    return "unauthorized" if status in (_UNAUTHORIZED, _FORBIDDEN) else "wrong host"


def _pause(tries: int) -> float:
    """Seconds until the next single profile: at once for another one, then ever less often."""
    if tries < _SURE_AFTER:
        return 0.0
    return min(_CAP_SECONDS, PROBE_SECONDS * 2.0 ** min(tries - _SURE_AFTER, 8))
