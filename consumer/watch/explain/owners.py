"""Whether the owners that a company names are users of Planhat, as far as that is known. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consumer.decide import reasons
from consumer.decide.map import owner_fields
from consumer.lanes.part import Body
from consumer.watch.explain.explanation import Step
from consumer.watch.explain.naming import quoted

if TYPE_CHECKING:
    from consumer.watch.explain.known import Known

_REASONS = {"owner": reasons.INVALID_OWNER, "coOwner": reasons.INVALID_CO_OWNER}


@dataclass(frozen=True, slots=True)
class Checked:
    """The company as it is sent, why it is not, and what only Planhat can tell."""

    body: Body
    refused: str
    conditions: tuple[str, ...]
    steps: tuple[Step, ...]


def checked(company: Body, known: Known) -> Checked:
    """Look the owners up, or name the condition where Planhat's users are not known."""
    body = dict(company)
    refused: list[str] = []
    conditions: list[str] = []
    steps: list[Step] = []
    for field in owner_fields(company):
        value, reason = body[field], _REASONS[field]
        if known.owners is None:
            condition = f"the {field} {quoted(str(value))} is a user of Planhat"
            conditions.append(f"{condition}; else skipped: {reason}")
            steps.append(Step("Owner", True, f"if {condition}; else {reason}"))
            continue
        found = known.owners.find(value)
        if found is None:
            refused.append(reason)
            steps.append(Step("Owner", False, f"{reason} {quoted(str(value))}"))
        else:
            body[field] = found
            steps.append(Step("Owner", True, f"{field} {quoted(str(value))} is a user of Planhat"))
    return Checked(body, " ".join(refused), tuple(conditions), tuple(steps))
