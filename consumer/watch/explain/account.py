"""An account message explained. Pure: `consumer/decide/decide.py` decides, here is told why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.decide import filter as why_not
from consumer.decide import map as to
from consumer.decide import reasons
from consumer.decide.decide import decide
from consumer.decide.decision import AccountDecision, Payload, Skip
from consumer.decide.forms.segments import of_account
from consumer.decide.route import ACCOUNT_CHANNEL
from consumer.watch.explain.explanation import (
    FieldRead,
    MessageExplanation,
    Step,
    listed,
    quoted,
    upsert,
)
from consumer.watch.explain.known import checked
from consumer.watch.explain.opened_by import account_gate, filtered
from consumer.watch.explain.reading import company_fields, item_fields, left_out
from schemas.models import MODELS
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.decide.message import AccountMessage
    from consumer.decide.rules import Rules
    from consumer.lanes.part import Body
    from consumer.watch.explain.explanation import PlannedRequest, Verdict
    from consumer.watch.explain.known import Checked, Known

_MOST_TOLD = 50


def account(
    position: int, message: AccountMessage, rules: Rules, known: Known
) -> MessageExplanation:
    """Explain what becomes of the company and of what its lists hold."""
    decision = decide(message, rules)
    assert isinstance(decision, AccountDecision)  # noqa: S101 - an account message leads to no other
    owners = checked(decision.company.body if isinstance(decision.company, Payload) else {}, known)
    verdict, reason = _verdict(decision, owners)
    requests = _requests(decision, owners)
    return MessageExplanation(
        position,
        "account",
        verdict,
        reason,
        ACCOUNT_CHANNEL,
        message.hull_id,
        decision.external_id,
        None,
        message.is_export,
        bool(requests),
        "",
        owners.conditions,
        (
            *_rules(message, decision, rules),
            *owners.steps,
            *_lists(decision, owners),
            *left_out(message.faults, decision),
        ),
        tuple(_fields(message, decision, rules)),
        requests,
    )


def _verdict(decision: AccountDecision, owners: Checked) -> tuple[Verdict, str]:
    rejected = [*decision.unreadable, *[why for items in decision.lists for why in items.rejected]]
    if rejected:
        return "reject", "; ".join(rejected)
    if isinstance(decision.company, Skip):
        return "skip", decision.company.reason
    return ("skip", owners.refused) if owners.refused else ("send", "")


def _rules(message: AccountMessage, decision: AccountDecision, rules: Rules) -> Iterator[Step]:
    """The rules in their order, as far as the message came."""
    yield _external_id(decision, rules)
    yield from filtered(
        "Account Filter",
        reasons.ACCOUNT_FILTER,
        message.account_segments,
        rules.account_filter,
        is_export=message.is_export,
        listed_names=message.organisation.accounts if message.organisation else {},
    )
    external_id, segments = decision.external_id, message.account_segments
    if why_not.company_filter(external_id, segments, rules, is_export=message.is_export):
        return
    name = to.company(of_account(message, rules.company), rules).get("name")
    is_named = isinstance(name, str) and bool(name.strip())
    yield Step("Name", is_named, "present" if is_named else reasons.NO_COMPANY_NAME)
    if is_named:
        yield account_gate(message, rules)


def _external_id(decision: AccountDecision, rules: Rules) -> Step:
    if decision.external_id is not None:
        return Step("External id", True, quoted(decision.external_id))
    if rules.require_external_id:
        return Step("External id", False, reasons.EXTERNAL_ID_REQUIRED)
    detail = "none, and account_require_externalid is false: found by its name where that is unique"
    return Step("External id", True, detail)


def _lists(decision: AccountDecision, owners: Checked) -> Iterator[Step]:
    for items in decision.lists:
        title = MODELS[items.resource].plural.capitalize()
        if items.payloads and not owners.refused:
            names = [str(one.body.get("externalId")) for one in items.payloads]
            yield Step(title, True, f"sent after the company: {listed(names)}")
        for why in items.rejected[:_MOST_TOLD]:
            yield Step(title, False, f"{why}: the message goes to the dead letters")


def _fields(
    message: AccountMessage, decision: AccountDecision, rules: Rules
) -> Iterator[FieldRead]:
    yield from company_fields(message, rules)
    if isinstance(decision.company, Payload):
        for one in rules.lists:
            items = to.item_list(message.account, one) or []
            for position, item in enumerate(items[:_MOST_TOLD]):
                yield from item_fields(position, item, one, rules)


def _requests(decision: AccountDecision, owners: Checked) -> tuple[PlannedRequest, ...]:
    if isinstance(decision.company, Skip) or owners.refused:
        return ()
    only_if = "; ".join(owners.conditions)
    requests = [upsert(Resource.COMPANIES, [owners.body], only_if)]
    company_id = owners.body.get("_id") or _given(decision.external_id)
    for items in decision.lists:
        link = MODELS[items.resource].link
        bodies: list[Body] = [{**one.body, link: company_id} for one in items.payloads]
        requests += [upsert(items.resource, bodies, only_if)] if bodies else []
    return tuple(requests)


def _given(external_id: str | None) -> str:
    return f"<_id of the company {external_id}>" if external_id else "<_id of the company>"
