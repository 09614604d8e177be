"""Whether a profile is in Planhat, and if not, why: the one place that decides and words it. Pure.

A message is about one profile, a contact or a company. What hangs on it, events and licences, is
judged apart and proves nothing of the profile itself: Planhat answers 200 to an event of a contact
that it does not know, and drops it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from consumer.decide import reasons
from consumer.offsets.ticket import UNATTRIBUTED
from schemas.models import MODELS, PROFILES
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from consumer.offsets.ticket import Change, Ending
    from consumer.watch.outcomes.block import ShownChange

Fate = Literal["delivered", "skipped", "rejected", "waiting"]
State = Literal["in_planhat", "not_updated", "not_in_planhat", "waiting", "unknown"]

DROPS_EVENTS: Final = "Planhat drops events of a contact that it does not know."

_OWN: Final = {f"{profile}:update": resource for resource, profile in PROFILES.items()}
_TELLS_NOTHING: Final = frozenset(
    {reasons.NOTHING_CHANGED, reasons.STALE_REPLAY, reasons.NOT_REPLAYED}
)
"""Who is skipped for one of these may well be in Planhat from before."""

_OF_OTHERS: Final = frozenset({reasons.SURVIVOR_NOT_SENT})
"""Said of contacts that were to end after this one was delivered."""

_IN_PLANHAT: Final = "In Planhat"


@dataclass(frozen=True, slots=True)
class Told:
    """What one message tells of its own profile.

    `fate` is None if it tells nothing; `reason` says of who was delivered what became of it beside
    its fields. `at` (seconds since 1970) is when it was final; `is_created`
    if the profile came into being by it. `has_sent_events` if events of it were delivered.
    """

    fate: Fate | None
    reason: str = ""
    at: float | None = None
    is_created: bool = False
    has_sent_events: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How a profile stands.

    `since` is from when on it is known to be in Planhat, `is_exact` if it was created then: else it
    may be there for longer. `reason` says why it is not there, or why the last change is not.
    """

    state: State
    title: str
    detail: str = ""
    reason: str = ""
    since: float | None = None
    is_exact: bool = False


def own_resource(channel: str) -> Resource | None:
    """What the profile of a message is in Planhat; None if the message is about none."""
    return _OWN.get(channel)


def told(
    channel: str,
    ending: Ending,
    reason: str,
    skips: Iterable[tuple[Resource, str]],
    changes: Sequence[Change | ShownChange],
    at: float | None = None,
) -> Told:
    """Judge one message by what is remembered of it.

    What was refused is always remembered, what was delivered not: so what is in neither was
    delivered. Only where a message was rejected and no change is known, nothing can be told.
    """
    own = _OWN.get(channel)
    if own is None:
        return Told(None, reason)
    has_sent = _has_sent_events(own, ending, changes)
    skipped = next((why for what, why in skips if what is own and why not in _OF_OTHERS), None)
    if skipped is not None:
        return Told("skipped", skipped, at, has_sent_events=has_sent)
    for resource, _, its_ending, why, done, _ in changes:
        if resource is own:
            return Told(its_ending, why, at, done == "created", has_sent_events=has_sent)
    if ending == "skipped" or (ending == "rejected" and not changes):
        return Told(None, reason, at)
    return Told("delivered", "", at, has_sent_events=has_sent)


def says(channel: str, ending: Ending, reason: str, one: Told) -> str:
    """Say in a sentence what became of a message, the profile first."""
    name = MODELS[_OWN[channel]].word if channel in _OWN else ""
    match one.fate, ending:
        case "delivered", "rejected":
            return f"Planhat accepted the {name}, but not everything that belongs to it: {reason}"
        case "delivered", _:
            return f"Planhat accepted it: {one.reason}." if one.reason else "Planhat accepted it."
        case "skipped", "delivered":
            what = "events were" if one.has_sent_events else "company was"
            return f"Only its {what} sent, the contact itself was not: {one.reason}"
        case _:
            return reason


def events_only(reason: str) -> str:
    """Foretell that events go without their contact, and what that means."""
    return (
        f"Only its events are sent, the contact itself is not: {reason.rstrip('.')}. {DROPS_EVENTS}"
    )


_DONE: Final[dict[str | None, str]] = {
    None: "sent",
    UNATTRIBUTED: "sent, but Planhat may have dropped it: it may not know the contact",
    "archived": "archived because its user was merged into this one",
    "deleted": "deleted because its user was merged into this one",
    "gone": "not in Planhat any more: its user was merged into this one",
}


def done(change: str | None) -> str:
    """Say what was done with a change that was delivered."""
    return _DONE.get(change, change or "")


def standing(messages: Sequence[Told], *, is_known: bool) -> Standing:
    """Judge a profile by its messages, the newest last; `is_known` if Planhat is to have it."""
    delivered = [one for one in messages if one.fate == "delivered"]
    is_there = is_known or bool(delivered)
    first = next((one for one in delivered if one.at is not None), Told(None))
    since, is_exact = first.at, first.is_created
    waiting = next((one for one in messages if one.fate == "waiting"), None)
    if waiting is not None:
        title = _IN_PLANHAT if is_there else "On its way"
        moving = "A change is on its way. " if is_there else ""
        detail = f"{moving}Waiting: {waiting.reason.rstrip('.')}."
        return Standing("waiting", title, detail, waiting.reason, since, is_exact)
    last = next((one for one in reversed(messages) if one.fate is not None), Told(None))
    if not is_there:
        return _absent(messages, last)
    if last.fate in {"skipped", "rejected"}:
        how = "not sent" if last.fate == "skipped" else "rejected and is in the dead letters"
        detail = f"Its last change was {how}: {last.reason}"
        return Standing("not_updated", _IN_PLANHAT, detail, last.reason, since, is_exact)
    detail = f"Its last change: {last.reason}." if last.reason else ""
    return Standing("in_planhat", _IN_PLANHAT, detail, "", since, is_exact)


def _absent(messages: Sequence[Told], last: Told) -> Standing:
    """Nothing of the profile itself was delivered, as far as is remembered."""
    telling = next((one for one in reversed(messages) if _is_telling(one)), None)
    apart = (
        f" Its events were sent. {DROPS_EVENTS}" if any(m.has_sent_events for m in messages) else ""
    )
    if telling is None:
        detail = f"{_why(last)}{apart}".strip()
        return Standing("unknown", "Not known whether it is in Planhat", detail, last.reason)
    detail = f"{_why(telling)}{apart}".strip()
    return Standing("not_in_planhat", "Not in Planhat", detail, telling.reason)


def _is_telling(one: Told) -> bool:
    return one.fate == "rejected" or (one.fate == "skipped" and one.reason not in _TELLS_NOTHING)


def _why(one: Told) -> str:
    if one.fate == "rejected":
        return f"Rejected, it is in the dead letters: {one.reason}"
    return one.reason


def _has_sent_events(
    own: Resource, ending: Ending, changes: Sequence[Change | ShownChange]
) -> bool:
    if own is not Resource.ENDUSERS:
        return False
    if not changes:
        return ending == "delivered"
    return any(one[0] is Resource.ACTIVITIES and one[2] == "delivered" for one in changes)
