"""What is not final yet of a profile, and what each change of it waits for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consumer.lanes.halts import why_halted
from consumer.lanes.lane import next_try
from consumer.lanes.part import Part
from consumer.offsets.ticket import Receipt
from consumer.watch.outcomes.outcomes import Steps, is_same

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from consumer.engine.dispatch import Dispatch
    from consumer.engine.plan import Planner
    from consumer.lanes.lane import Lane
    from consumer.lanes.part import Profile


_AT_ONCE = 4000


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is not final, and what each open change waits for; none: its dead letter."""

    receipt: Receipt
    changes: tuple[tuple[Part, str], ...]


def look(
    query: str, dispatch: Dispatch, planner: Planner, dying: Iterable[Receipt], now: float
) -> Steps[list[Waiting]]:
    """Find what waits of a profile, in the order in which it was read.

    `query` is a Hull id, an external id or an e-mail address; `dying` are on their way to the dead
    letters. What ends between two steps may be missing, or told to end in this moment.
    """
    wanted = query.strip().lower()
    open_changes: dict[int, tuple[Receipt, dict[int, tuple[Part, str]]]] = {}
    for lane in dispatch.lanes.values():
        profiles = lane.claims.holders()
        for first in range(0, len(profiles), _AT_ONCE):
            # What is told once or more stands together: mostly here, or a slice further on.
            for part in _about(dict.fromkeys(profiles[first : first + _AT_ONCE]), wanted):
                found = open_changes.setdefault(id(part.receipt), (part.receipt, {}))
                found[1][id(part)] = (part, why(part, lane, dispatch, planner, now))
            yield
    rejected = [Waiting(receipt, ()) for receipt in dying if is_about(receipt, wanted)]
    read = [Waiting(receipt, tuple(parts.values())) for receipt, parts in open_changes.values()]
    return sorted(rejected + read, key=lambda one: one.receipt.ticket.record.offset)


def _about(profiles: Iterable[Profile], wanted: str) -> list[Part]:
    """The parts that are about the profile of that name; it looks closer where a length fits."""
    size = len(wanted)
    return [
        part
        for profile in profiles
        for part in profile.parts
        if size
        in (
            len(part.key),
            len((receipt := part.receipt).hull_id),
            len(receipt.external_id or ""),
            len(receipt.email or ""),
        )
        and (is_about(receipt, wanted) or is_same(part.key, wanted))
    ]


def is_about(receipt: Receipt, wanted: str) -> bool:
    """Whether a message is about the profile of that name, given in lower case."""
    names = (receipt.hull_id, receipt.external_id, receipt.email)
    return bool(wanted) and any(is_same(name, wanted) for name in names)


def why(part: Part, lane: Lane, dispatch: Dispatch, planner: Planner, now: float) -> str:
    """Say what a change waits for, the nearest cause first."""
    profile = part.profile
    if profile is None:
        return "is ending right now"
    if part.waits:
        return planner.waits.reason(part, now)
    place = profile.parts.index(part)
    if place < profile.flying:
        return "is in a request that Planhat has not answered yet"
    if profile.flying:
        return "an earlier change of it is in a request"
    return next(_causes(part, lane, dispatch, planner, now))


def _causes(
    part: Part, lane: Lane, dispatch: Dispatch, planner: Planner, now: float
) -> Iterator[str]:
    profile = part.profile
    yield from _halts(part, dispatch)
    if profile is not None and profile.parts[0] is not part and profile.parts[0].waits:
        yield f"an earlier change of it waits: {planner.waits.reason(profile.parts[0], now)}"
    if profile is not None and profile.blockers:
        yield "another profile with the same Planhat record goes first"
    if profile is not None and profile.parked:
        yield f"its last request failed; it is tried again {_soon(next_try(lane, profile), now)}"
    if lane.breaker.is_open:
        yield f"Planhat keeps failing; it is tried again {_soon(now + lane.breaker.wait(now), now)}"
    line = dispatch.lines[part.resource]
    wait = line.gate.wait(now)
    if wait > 0:
        yield f"the quota is used up; the next request may go {_soon(now + wait, now)}"
    if line.spared(now) > 0:
        yield "nothing is late: it waits a moment for others to go with, to spare the quota"
    yield "goes with one of the next requests"


def _halts(part: Part, dispatch: Dispatch) -> Iterator[str]:
    if dispatch.halts.stops_all:
        yield f"nothing is sent: {why_halted(dispatch.halts)}"
    halt = dispatch.halts.lanes[part.resource]
    if halt.is_on:
        yield f"Planhat refuses {part.resource}: {halt.reason}"
    if dispatch.stopped:
        yield "nothing is sent: the partitions are handed over, or the service stops"


def _soon(due_at: float | None, now: float) -> str:
    seconds = 0.0 if due_at is None else due_at - now
    return f"in {seconds:.0f} s" if seconds >= 1 else "at once"
