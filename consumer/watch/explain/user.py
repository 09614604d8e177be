"""A user message explained. Pure: `consumer/decide/decide.py` decides, here is told why."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from consumer.decide import reasons
from consumer.decide.decide import decide
from consumer.decide.decision import Payload, Skip, UserDecision
from consumer.decide.life.link import was_unlinked
from consumer.decide.life.told import named
from consumer.decide.route import USER_CHANNEL
from consumer.watch.explain.explanation import (
    MessageExplanation,
    PlannedRequest,
    Step,
    listed,
    quoted,
    tracks,
    upsert,
)
from consumer.watch.explain.known import Linked, linked
from consumer.watch.explain.opened_by import filtered, user_gate
from consumer.watch.explain.reading import enduser_fields, left_out
from consumer.watch.outcomes.standing import events_only
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.decide.message import UserMessage
    from consumer.decide.rules import Rules
    from consumer.watch.explain.explanation import Verdict
    from consumer.watch.explain.known import Known


_FATES = {
    "ignore": "its contact stays as it is",
    "archive": "then its contact is archived",
    "delete": "then its contact is deleted",
}
_IF_THERE = "Planhat has this contact; else skipped: " + reasons.UNLINKED


def user(position: int, message: UserMessage, rules: Rules, known: Known) -> MessageExplanation:
    """Explain what becomes of the user and of its events."""
    decision = decide(message, rules)
    assert isinstance(decision, UserDecision)  # noqa: S101 - a user message leads to no other
    steps, why, condition, own = _way(message, decision, rules, known)
    requests = (*own, *tracks(decision.activities, single=known.single_activities))
    verdict: Verdict = "reject" if decision.unreadable else "send" if requests else "skip"
    reason = "; ".join(decision.unreadable) or why
    return MessageExplanation(
        position,
        "user",
        verdict,
        reason,
        USER_CHANNEL,
        message.hull_id,
        decision.external_id,
        decision.email,
        message.is_export,
        bool(own),
        events_only(reason) if requests and not own else "",
        (condition,) if condition else (),
        (*steps, *_events(decision), *left_out(message.faults, decision)),
        tuple(enduser_fields(message, rules)),
        requests,
    )


def _way(
    message: UserMessage, decision: UserDecision, rules: Rules, known: Known
) -> tuple[tuple[Step, ...], str, str, tuple[PlannedRequest, ...]]:
    """How far the user itself came: steps, why no further, the condition, the requests."""
    steps = tuple(_rules(message, decision, rules))
    if isinstance(decision.enduser, Skip):
        return steps, decision.enduser.reason, "", ()
    if decision.link is None:
        condition = "" if "_id" in decision.enduser.body else _IF_THERE
        request = upsert(Resource.ENDUSERS, [decision.enduser.body], condition)
        return steps, "", condition, (request,)
    found = linked(decision, decision.link, known)
    if found.company_id is None:
        return (*steps, found.step), reasons.NO_COMPANY_ID, "", ()
    return (*steps, found.step), "", found.condition, _requests(decision.enduser, found)


def _requests(enduser: Payload, found: Linked) -> tuple[PlannedRequest, ...]:
    body = {**enduser.body, "companyId": found.company_id}
    return (*found.before, upsert(Resource.ENDUSERS, [body], found.condition))


def _rules(message: UserMessage, decision: UserDecision, rules: Rules) -> Iterator[Step]:
    """The rules before the company link, as far as the message came."""
    steps = list(
        filtered(
            "Contact Filter",
            reasons.CONTACT_FILTER,
            message.segments,
            rules.contact_filter,
            is_export=message.is_export,
            listed_names=message.organisation.users if message.organisation else {},
        )
    )
    yield from steps
    if not steps[0].passed:
        if isinstance(decision.enduser, Payload):
            setting = "on_segment_left" if rules.archives_left else "on_user_unlinked"
            yield Step("Left", True, f"it left the filter: {setting} is archive")
        return
    is_unknown = decision.enduser == Skip(reasons.NO_IDENTITY)
    yield Step("Identity", not is_unknown, _identity(message, is_unknown=is_unknown))
    if is_unknown:
        return
    yield user_gate(message, rules)
    if was_unlinked(message):
        archives = rules.archives_unlinked
        setting = f"on_user_unlinked is {'archive' if archives else 'keep'}"
        yield Step("Unlinked", archives, f"{reasons.UNLINKED} {setting}")
    if decision.merged:
        yield Step("Merged", True, _merged(decision, rules))
    if isinstance(decision.enduser, Payload) and decision.enduser.body.get("archived") is False:
        yield Step("Back", True, "taken out of the archive, if it is there")


def _merged(decision: UserDecision, rules: Rules) -> str:
    fate = _FATES[rules.on_user_merged]
    return f"{named(decision.merged)} becomes this user; {fate} (on_user_merged)"


def _identity(message: UserMessage, *, is_unknown: bool) -> str:
    if is_unknown:
        return f"{reasons.NO_IDENTITY} (After mapping: see the fields.)"
    return f"known by what is mapped to email or externalId, and by its Hull id {message.hull_id}"


def _events(decision: UserDecision) -> Iterator[Step]:
    if decision.activities:
        names = [str(activity.body["action"]) for activity in decision.activities]
        yield Step("Events", True, f"sent: {listed(names)}")
    by_reason: dict[str, Counter[str]] = {}
    for name, skip in decision.skipped_events:
        by_reason.setdefault(skip.reason, Counter())[name] += 1
    for reason, names_of in by_reason.items():
        told = listed([quoted(name) for name in names_of])
        yield Step("Events", False, f"{reason} {told}")
