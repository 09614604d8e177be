"""What of a message could not be used, while the rest is. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from consumer.decide.reasons import UNREADABLE
from consumer.watch.explain.explanation import Step
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.decide.decision import Decision
    from consumer.decide.message import Faults

_OF: Final = {
    Resource.ENDUSERS: "",
    Resource.COMPANIES: "",
    Resource.LICENSES: " of a licence",
    Resource.ACTIVITIES: " of an event",
}
_MOST: Final = 50


def left_out(faults: Faults, decision: Decision) -> Iterator[Step]:
    """One step for each field, and for each part that is of a wrong type."""
    is_lost = bool(decision.unreadable)
    for part, fault in faults.items():
        becomes = "the message goes to the dead letters" if is_lost else _read_as(part)
        yield Step("Left out", not is_lost, f"{fault}: {becomes}")
    counts = Counter(one for one in decision.left_out if one[2] != UNREADABLE)
    for (resource, field, reason), count in list(counts.items())[:_MOST]:
        times = f" ({count} times)" if count > 1 else ""
        yield Step(
            "Left out", True, f"{field}{_OF[resource]}: {reason}{times}{_instead(resource, field)}"
        )


def _read_as(part: str) -> str:
    return "read as not known, so the gate is open" if part == "changes" else "read without it"


def _instead(resource: Resource, field: str) -> str:
    if resource is Resource.ACTIVITIES and field == "date":
        return "; Planhat takes the moment at which it comes"
    return ""
