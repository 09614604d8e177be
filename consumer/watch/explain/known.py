"""What is known of Planhat while explaining, and what hangs on it: companies, owners. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consumer.decide import reasons
from consumer.decide.decision import Skip
from consumer.decide.map import owner_fields
from consumer.engine.directory import CompanyDirectory, Owners
from consumer.lanes.part import Body
from consumer.watch.explain.explanation import PlannedRequest, Step, quoted, upsert
from schemas.planhat import Resource

if TYPE_CHECKING:
    from consumer.decide.decision import Link, Payload, UserDecision


@dataclass(frozen=True, slots=True)
class Known:
    """The directories, if they were read (else conditions are named), and two settings."""

    companies: CompanyDirectory | None = None
    owners: Owners | None = None
    company_wait_seconds: float = 30.0
    single_activities: bool = False


NOTHING_KNOWN = Known()


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


NAME = "Company link"


@dataclass(frozen=True, slots=True)
class Linked:
    """What goes into `companyId`, None if the user is skipped, and what must be sent before."""

    company_id: str | None
    step: Step
    condition: str = ""
    before: tuple[PlannedRequest, ...] = ()


def linked(decision: UserDecision, link: Link, known: Known) -> Linked:
    """Follow the link, in the order of the rules."""
    if link.planhat_id is not None:
        return Linked(link.planhat_id, Step(NAME, True, "by planhat/id of the account"))
    if link.account_id is None and link.external_id is None:
        return Linked(None, Step(NAME, False, f"{reasons.NO_COMPANY_ID} The user has no account."))
    found = None if known.companies is None else known.companies.ids.get(link.external_id or "")
    if found is not None:
        detail = f"Planhat has the company {quoted(link.external_id or '')}"
        return Linked(found, Step(NAME, True, detail))
    former = link.former_external_id
    found = None if known.companies is None else known.companies.ids.get(former or "")
    if found is not None:
        detail = f"Planhat has its company by the external_id before, {quoted(former or '')}"
        return Linked(found, Step(NAME, True, detail))
    if decision.company_stub is not None:
        return _created(decision.company_stub, link.external_id, known)
    return _hoped_for(decision, link.external_id, known)


def _created(stub: Payload, name: str | None, known: Known) -> Linked:
    is_asked = known.companies is not None or name is None
    only_if = "" if is_asked else f"Planhat has no company {quoted(name or '')} yet"
    detail = "the account passes the Company Filter: its company is created before the user" + (
        f", if {only_if}" if only_if else ""
    )
    return Linked(
        _given(name),
        Step(NAME, True, detail),
        before=(upsert(Resource.COMPANIES, [stub.body], only_if),),
    )


def _hoped_for(decision: UserDecision, name: str | None, known: Known) -> Linked:
    why = decision.company.reason if isinstance(decision.company, Skip) else ""
    why_not = f"The company is not created for the user: {why}" if why else ""
    if name is None:
        detail = f"{reasons.NO_COMPANY_ID} The account has neither planhat/id nor external_id."
        return Linked(None, Step(NAME, False, f"{detail} {why_not}".strip()))
    wait = f"within {known.company_wait_seconds:g} s"
    if known.companies is not None:
        detail = (
            f"{reasons.NO_COMPANY_ID} Planhat has no company {quoted(name)}; the user is sent if it"
            f" appears {wait}. {why_not}"
        )
        return Linked(None, Step(NAME, False, detail.strip()))
    condition = (
        f"Planhat has the company {quoted(name)}, or it appears {wait}; else skipped:"
        f" {reasons.NO_COMPANY_ID}"
    )
    return Linked(_given(name), Step(NAME, True, f"by its external_id, if {condition}"), condition)


def _given(external_id: str | None) -> str:
    return f"<_id of the company {external_id}>" if external_id else "<_id of its company>"
