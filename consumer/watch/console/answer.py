"""What became of a profile, and how it stands, as JSON: what /api/outcomes answers. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from consumer.offsets.assignment import unread
from consumer.watch.console.state import moment
from consumer.watch.outcomes.outcomes import is_same
from consumer.watch.outcomes.standing import Told, done, own_resource, says, standing, told
from consumer.watch.outcomes.waiting import is_about, look
from consumer.watch.personal import ids_of
from schemas.models import PROFILES
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from consumer.offsets.ticket import Receipt
    from consumer.watch.console.view import View
    from consumer.watch.outcomes.block import Outcome
    from consumer.watch.outcomes.outcomes import Steps
    from consumer.watch.outcomes.waiting import Waiting
    from consumer.watch.personal import Shown

Item = TypeVar("Item")

_MOST: Final = 50
_MOST_JUDGED: Final = 500
"""By so many outcomes it is judged how a profile stands; fewer are told."""
_LATEST: Final = 12
"""As many as the page shows."""


def answer(view: View, query: str, shown: Shown, now: float) -> Steps[dict[str, Any]]:
    """Tell what waits of a profile and what became of it at `now`; of all, if none is named."""
    since = view.outcomes.since
    found: dict[str, Any] = {
        "query": shown.text(query),
        "since": None if since is None else moment(since),
        "unread": unread(view.engine.assignment, view.end_of),
        "profiles": [],
        "waiting": [],
    }
    if not query.strip():
        latest = view.outcomes.latest(_LATEST)
        return {**found, "outcomes": [_outcome(one, shown) for one in latest]}
    dying = [one for ticket in view.engine.assignment.backlog.open for one in ticket.rejected]
    held = yield from look(query, view.engine.dispatch, view.engine.planner, dying, now)
    waits = yield from _each(held[:_MOST], lambda one: _waiting(one, shown, now))
    ended = yield from view.outcomes.search(query, _MOST_JUDGED)
    told = yield from _each(ended[:_MOST], lambda one: _outcome(one, shown))

    def is_known(resource: Resource, hull_id: str) -> bool:
        return view.engine.lanes[resource].memory.knows(hull_id)

    judged = profiles(query, held[:_MOST], ended, is_known, shown)
    return {**found, "profiles": judged, "waiting": waits, "outcomes": told}


def _each(
    some: Iterable[Item], render: Callable[[Item], dict[str, Any]]
) -> Steps[list[dict[str, Any]]]:
    rendered = []
    for one in some:
        rendered.append(render(one))
        yield
    return rendered


def _outcome(one: Outcome, shown: Shown) -> dict[str, Any]:
    told = _told_of(one)
    ids = ids_of([change[-1] for change in one.changes], one.hull_id, one.external_id)
    return {
        "at": moment(one.at),
        "ending": one.ending,
        "profile": told.fate,
        "says": shown.text(says(one.channel, one.ending, one.reason, told)),
        "reason": shown.text(one.reason),
        **_whom(one, shown),
        "channel": one.channel if one.channel in {"user:update", "account:update"} else "",
        "topic": one.topic,
        "partition": one.partition,
        "offset": one.offset,
        "position": one.position,
        "changes": [
            {
                "resource": resource.value,
                "key": shown.text(key),
                "ending": ending,
                "reason": shown.text(reason),
                "change": change,
                "says": done(change) if ending == "delivered" else "",
                "payload": None if body is None else shown.payload(resource, body, ids),
            }
            for resource, key, ending, reason, change, body in one.changes
        ],
        "skips": [
            {"resource": resource.value, "reason": shown.text(reason)}
            for resource, reason in one.skips
        ],
    }


def _waiting(one: Waiting, shown: Shown, now: float) -> dict[str, Any]:
    receipt, record = one.receipt, one.receipt.ticket.record
    ids = ids_of([part.body for part, _ in one.changes], receipt.hull_id, receipt.external_id)
    if one.changes:
        reason = one.changes[0][1]
    else:
        reason = f"is rejected ({receipt.reason}) and waits for the dead-letter topic"
    return {
        "read_at": moment(record.since),
        "ending": "waiting",
        "profile": told_of_waiting(one).fate,
        "says": shown.text(f"Waiting: {reason.rstrip('.')}."),
        "reason": shown.text(reason),
        **_whom(receipt, shown),
        "channel": receipt.channel,
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "position": receipt.position,
        "changes": [
            {
                "resource": part.resource.value,
                "key": shown.text(part.key),
                "ending": "waiting",
                "reason": shown.text(why),
                "for_seconds": round(max(0.0, now - part.since), 1),
                "payload": shown.payload(part.resource, part.body, ids),
            }
            for part, why in one.changes[:_MOST]
        ],
        "skips": [],
    }


def _whom(one: Outcome | Receipt, shown: Shown) -> dict[str, Any]:
    names = {"hull_id": one.hull_id, "external_id": one.external_id, "email": one.email}
    return {kind: name and shown.text(name) for kind, name in names.items()}


_MOST_PROFILES: Final = 10

Name: TypeAlias = tuple[Resource, str]
"""A profile: what it is in Planhat, and its Hull id."""


Message: TypeAlias = tuple[tuple[str, int, int, int, float], Told]
"""Topic, partition, offset, position, when it ended (if it waits: last); and what it tells."""


def profiles(
    query: str,
    waiting: Sequence[Waiting],
    outcomes: Sequence[Outcome],
    is_known: Callable[[Resource, str], bool],
    shown: Shown,
) -> list[dict[str, Any]]:
    """Judge each profile that is found; `is_known` tells whether Planhat is known to have one."""
    found: dict[Name, list[Message]] = {}
    for name, message in [*_named(query.strip().lower(), waiting), *_final(outcomes)]:
        found.setdefault(name, []).append(message)
    if not found:
        found = {(kind, query.strip()): [] for kind in PROFILES if is_known(kind, query.strip())}
    return [
        _profile(name, messages, shown, is_known=is_known(*name))
        for name, messages in list(found.items())[:_MOST_PROFILES]
    ]


def _profile(
    name: Name, messages: list[Message], shown: Shown, *, is_known: bool
) -> dict[str, Any]:
    found = standing(_in_order(messages), is_known=is_known)
    return {
        "kind": PROFILES[name[0]],
        "hull_id": shown.text(name[1]),
        **asdict(found),
        "detail": shown.text(found.detail),
        "reason": shown.text(found.reason),
        "since": None if found.since is None else moment(found.since),
    }


def _in_order(messages: list[Message]) -> list[Told]:
    """As they lie in the topic; those of several partitions as they came to their end."""
    is_one_log = len({place[:2] for place, _ in messages}) == 1
    ordered = sorted(messages, key=lambda one: one[0] if is_one_log else one[0][-1:])
    return [one for _, one in ordered]


def _final(outcomes: Sequence[Outcome]) -> Iterator[tuple[Name, Message]]:
    for one in outcomes:
        own = own_resource(one.channel)
        if own is not None:
            place = (one.topic, one.partition, one.offset, one.position or 0, one.at)
            yield (own, one.hull_id), (place, _told_of(one))


def _told_of(one: Outcome) -> Told:
    return told(one.channel, one.ending, one.reason, one.skips, one.changes, one.at)


def _named(wanted: str, waiting: Sequence[Waiting]) -> Iterator[tuple[Name, Message]]:
    for one in waiting:
        receipt, record = one.receipt, one.receipt.ticket.record
        place = (*record.partition, record.offset, receipt.position or 0, float("inf"))
        own = own_resource(receipt.channel)
        if own is not None and is_about(receipt, wanted):
            yield (own, receipt.hull_id), (place, told_of_waiting(one))
            continue
        for part, why in one.changes:  # a company that a user brings
            if part.resource is Resource.COMPANIES and is_same(part.key, wanted):
                yield (part.resource, part.key), (place, Told("waiting", why))


def told_of_waiting(one: Waiting) -> Told:
    """What a message that is not final tells of its own profile, which may be final already."""
    receipt = one.receipt
    own = own_resource(receipt.channel)
    why = next((why for part, why in one.changes if part.resource is own), None)
    if why is not None:
        return Told("waiting", why)
    return told(receipt.channel, receipt.ending, receipt.reason, receipt.skips, receipt.changes)
