"""How the service is, as JSON and in one sentence: what /api/state answers. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from heapq import nlargest
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from consumer.engine.dispatch import asked_wait
from consumer.lanes.halts import Halted, Kind, refused_resources
from consumer.lanes.lane import breaker_state, count_parked
from consumer.offsets.assignment import lag, unread
from consumer.offsets.ticket import Ending
from consumer.wording import long_wait, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.watch.console.view import View
    from schemas.planhat import Resource

_MOST_PARTITIONS: Final = 500
_MOST_REASONS: Final = 12
_MOST_TROUBLES: Final = 30


def state(view: View, now: float, clock: float) -> dict[str, Any]:
    """Tell it; `now` in seconds of the loop's clock, `clock` in seconds since 1970."""
    backlog = view.engine.assignment.backlog
    return {
        "version": view.version,
        "at": moment(clock),
        "uptime_seconds": round(max(0.0, clock - view.started_at)),
        **asdict(_headline(view, now, clock)),
        "kafka": {
            "topics": list(view.settings.kafka.topics),
            "group": view.settings.kafka.group_id,
            "unread": unread(view.engine.assignment, view.end_of),
            "partitions": _partitions(view),
        },
        "pending": {
            "records": backlog.records,
            "most_records": view.settings.kafka.max_pending_records,
            "bytes": backlog.bytes,
            "most_bytes": int(view.settings.kafka.max_pending_bytes),
        },
        "oldest": _oldest(view, clock),
        "quota": {
            "used_ratio": round(view.limiter.used_ratio(now), 3),
            "limit": round(view.limiter.limit, 1),
            "setting": view.settings.planhat.requests_per_minute,
            "next_in_seconds": round(view.limiter.wait(now), 1),
        },
        "lanes": [_lane(view, name, now) for name in view.engine.lanes],
        "totals": {name: view.tally.messages[name] for name in get_args(Ending)},
        "skips": _skips(view),
        "dead_letters": {
            "waiting": view.dead_letters.messages,
            "topic": view.settings.kafka.dead_letter_topic,
        },
        "troubles": [asdict(one) for one in view.troubles.latest()[:_MOST_TROUBLES]],
    }


def moment(clock: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC."""
    text = datetime.fromtimestamp(clock, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _headline(view: View, now: float, clock: float) -> Headline:
    is_healthy, health = view.probes.healthy()
    is_ready, readiness = view.probes.ready()
    halts = view.engine.halts
    broken = tuple(str(name) for name, lane in view.engine.lanes.items() if lane.breaker.is_open)
    letters, wait = view.dead_letters, asked_wait(view.engine.dispatch, now)
    return headline(
        Facts(
            stuck=None if is_healthy else health,
            halts=(*halts.service.values(), *refused_resources(halts)),
            refused=view.blocked.reason(now),
            unready=None if is_ready else readiness,
            broken_lanes=broken,
            unwritten_dead_letters=letters.messages if letters.trouble is not None else 0,
            is_throttled=view.limiter.is_lowered(now),
            faults=tuple(str(fault) for fault in view.engine.tenant.faults),
            long_wait=None if wait is None else long_wait(wait, clock),
            unread=unread(view.engine.assignment, view.end_of),
            unresolved=view.engine.assignment.backlog.records,
        )
    )


def _partitions(view: View) -> list[dict[str, Any]]:
    assignment = view.engine.assignment
    found = [
        {
            "topic": name.topic,
            "partition": name.number,
            "lag": lag(assignment, name, view.end_of(name)),
            "unresolved": offsets.unresolved,
            "next_offset": offsets.next_offset,
        }
        for name, offsets in sorted(assignment.owned.items())
    ]
    return found[:_MOST_PARTITIONS]


def _oldest(view: View, clock: float) -> dict[str, Any] | None:
    """The record that was read first of those that are not final, and whom it is about."""
    ticket = next(iter(view.engine.assignment.backlog.open), None)
    if ticket is None:
        return None
    record = ticket.record
    return {
        "seconds": round(view.ages.age(record, clock), 1),
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "hull_id": ticket.profiles[0] if ticket.profiles else "",
    }


def _lane(view: View, resource: Resource, now: float) -> dict[str, Any]:
    lane, halt = view.engine.lanes[resource], view.engine.halts.lanes[resource]
    ready_at = lane.ready[0].ready_at if lane.ready else None
    return {
        "resource": str(resource),
        "waiting": lane.waiting,
        "ready": len(lane.ready),
        "parked": count_parked(lane),
        "in_flight": len(lane.batches),
        "breaker": breaker_state(lane),
        "next_probe_in_seconds": round(lane.breaker.wait(now), 1),
        "ready_for_seconds": None if ready_at is None else round(max(0.0, now - ready_at), 1),
        "refused": halt.reason if halt.is_sure else None,
    }


def _skips(view: View) -> list[dict[str, Any]]:
    """Why changes were skipped since the start, the most frequent reasons first."""
    skipped = (
        {"kind": kind, "reason": reason, "count": count}
        for (kind, ending, reason), count in view.tally.parts.items()
        if ending == "skipped"
    )
    return nlargest(_MOST_REASONS, skipped, key=itemgetter("count", "kind", "reason"))


Level = Literal["good", "busy", "trouble", "stopped"]

_REMEDIES: Final[dict[Kind, str]] = {
    "unauthorized": "Renew the token; a mounted file is read again, and sending resumes by itself",
    "wrong host": "Correct api_prefix or PLANHAT_API_URL, then restart",
    "too many rejected": "Roll back the last deploy or mapping, then restart",
    "resource refused": "Let the token write them; sending resumes by itself",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """How things are, with reasons (None: it is not so).

    `refused` is what Kafka refuses; `long_wait` says until when Planhat wants no calls; `faults`
    what is wrong with the mapping.
    """

    stuck: str | None
    halts: tuple[Halted, ...]
    refused: str | None
    unready: str | None
    broken_lanes: tuple[str, ...]
    unwritten_dead_letters: int
    is_throttled: bool
    faults: tuple[str, ...]
    long_wait: str | None
    unread: int
    unresolved: int


@dataclass(frozen=True, slots=True)
class Headline:
    """How it is, why, and what to do about it (nothing, if empty)."""

    level: Level
    title: str
    detail: str
    remedy: str = ""


def headline(facts: Facts) -> Headline:
    """Say the worst that holds."""
    return next(chain(_stopped(facts), _troubled(facts), _working(facts)))


def _working(facts: Facts) -> Iterator[Headline]:
    under_way = f"{facts.unresolved:,} on {plural(facts.unresolved, 'its', 'their')} way"
    if facts.unread:
        unread = f"{facts.unread:,} {plural(facts.unread, 'record')} to read"
        yield Headline("busy", "Catching up", f"{unread}, {under_way}")
    if facts.unresolved:
        yield Headline("good", "All is well", f"Everything is read; {under_way}")
    yield Headline("good", "All is well", "Nothing is waiting")


def _stopped(facts: Facts) -> Iterator[Headline]:
    if facts.stuck is not None:
        remedy = "/healthz fails, so Kubernetes restarts the pod"
        yield Headline("stopped", "Stuck", facts.stuck, remedy)
    for halt in facts.halts:
        if halt.resource is None:
            remedy = _REMEDIES[halt.kind]
            yield Headline("stopped", "Halted: nothing is sent", halt.reason, remedy)
    if facts.refused is not None:
        remedy = "Restore the right, or use a consumer group of its own; it resumes by itself"
        yield Headline("stopped", "Kafka refuses us", facts.refused, remedy)
    if facts.unwritten_dead_letters:
        unwritten = facts.unwritten_dead_letters
        detail = f"{unwritten:,} rejected {plural(unwritten, 'message')} can't be written"
        remedy = "Does the dead-letter topic exist, and may we write to it?"
        yield Headline("trouble", "The dead-letter topic fails", detail, remedy)
    if facts.long_wait is not None:
        detail = "Planhat asked for it; nothing is lost, and we ask again within an hour"
        remedy = "Does something else use the tenant's quota, or is Planhat under maintenance?"
        yield Headline("trouble", facts.long_wait, detail, remedy)
    if facts.unready is not None:
        yield Headline("busy", "Not ready", facts.unready)


def _troubled(facts: Facts) -> Iterator[Headline]:
    for halt in facts.halts:
        if halt.resource is not None:
            title = f"Planhat refuses {halt.resource}"
            detail = f"{halt.reason}; the others are sent, and none is lost"
            yield Headline("trouble", title, detail, _REMEDIES[halt.kind])
    if facts.broken_lanes:
        lanes = ", ".join(facts.broken_lanes)
        detail = f"Requests for {lanes} keep failing; records wait, and none is lost"
        yield Headline("trouble", "Planhat does not answer", detail, "It resumes by itself")
    if facts.is_throttled:
        detail = "Planhat answered 429 recently, so we make fewer calls than the settings allow"
        remedy = "Does something else use the tenant's quota?"
        yield Headline("trouble", "Throttled", detail, remedy)
    if facts.faults:
        others = len(facts.faults) - 1
        more = f"; and {others} {plural(others, 'other')}, see the troubles" if others else ""
        title = "The mapping does not fit the tenant's fields"
        yield Headline("trouble", title, f"{facts.faults[0]}{more}")
