"""What became of a profile, as JSON: what /api/outcomes answers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from consumer.watch.console.profiles import profiles, told_of, told_of_waiting
from consumer.watch.console.state import moment
from consumer.watch.personal import ids_of
from consumer.watch.standing import done, says
from consumer.watch.waiting import look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from consumer.watch.console.view import View
    from consumer.watch.outcome_block import Outcome
    from consumer.watch.personal import Shown
    from consumer.watch.steps import Steps
    from consumer.watch.waiting import Waiting
    from schemas.planhat import Resource

Item = TypeVar("Item")

_MOST: Final = 50
_MOST_JUDGED: Final = 500
"""By so many outcomes it is judged how a profile stands; fewer are told."""
_LATEST: Final = 12
"""As many as the page shows."""


def answer(view: View, query: str, shown: Shown, now: float) -> Steps[dict[str, Any]]:
    """Tell what waits of a profile and what became of it; of all profiles if none is named.

    `now` in seconds of the loop's clock.
    """
    since = view.outcomes.since
    found: dict[str, Any] = {
        "query": shown.text(query),
        "since": None if since is None else moment(since),
        "unread": sum(view.lag(name) or 0 for name in view.assignment.owned),
        "profiles": [],
        "waiting": [],
    }
    if not query.strip():
        latest = view.outcomes.latest(_LATEST)
        return {**found, "outcomes": [_outcome(one, shown) for one in latest]}
    dying = [one for ticket in view.assignment.backlog.open for one in ticket.rejected]
    held = yield from look(query, view.dispatch, view.planner, dying, now)
    waits = yield from _each(held[:_MOST], lambda one: _waiting(one, shown, now))
    ended = yield from view.outcomes.search(query, _MOST_JUDGED)
    told = yield from _each(ended[:_MOST], lambda one: _outcome(one, shown))

    def is_known(resource: Resource, hull_id: str) -> bool:
        return view.dispatch.lanes[resource].memory.knows(hull_id)

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
    told = told_of(one)
    bodies = [change[-1] for change in one.changes]
    ids = ids_of(bodies, one.hull_id, one.external_id)
    return {
        "at": moment(one.at),
        "ending": one.ending,
        "profile": told.fate,
        "says": shown.text(says(one.channel, one.ending, one.reason, told)),
        "reason": shown.text(one.reason),
        "hull_id": shown.text(one.hull_id),
        "external_id": _optional(one.external_id, shown),
        "email": _optional(one.email, shown),
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
    receipt = one.receipt
    record = receipt.ticket.record
    bodies = [part.body for part, _ in one.changes]
    ids = ids_of(bodies, receipt.hull_id, receipt.external_id)
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
        "hull_id": shown.text(receipt.hull_id),
        "external_id": _optional(receipt.external_id, shown),
        "email": _optional(receipt.email, shown),
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


def _optional(text: str | None, shown: Shown) -> str | None:
    return None if text is None else shown.text(text)
