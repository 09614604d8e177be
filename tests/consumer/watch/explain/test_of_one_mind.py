"""What an explanation says is what the service decides, for every message."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from consumer.decide import filter as why_not
from consumer.decide import map as to
from consumer.decide.decide import decide
from consumer.decide.decision import Payload, Skip, UserDecision
from consumer.decide.forms.segments import of_account
from consumer.decide.message import AccountMessage, Messages, UserMessage
from consumer.decide.parse import parse
from consumer.watch.explain import explain
from consumer.watch.explain.explanation import to_json
from consumer.watch.explain.opened_by import account_gate, user_gate
from consumer.watch.explain.reading import company_fields, enduser_fields
from tests.consumer.watch.explain.hull_messages import MORE, RULES, encoded, messages, records
from tests.examples import examples

if TYPE_CHECKING:
    from typing import Any

    from consumer.decide.rules import Rules
    from consumer.lanes.part import Body
    from consumer.watch.explain.explanation import FieldRead

BOTH = [RULES, MORE]
MANY = settings(suppress_health_check=list(HealthCheck), deadline=None)


def parsed(document: Any) -> UserMessage | AccountMessage | None:  # noqa: ANN401 - whatever is drawn
    found = parse(encoded(document))
    assert isinstance(found, Messages)
    (message,) = found.messages
    return message if isinstance(message, UserMessage | AccountMessage) else None


def written(rows: list[FieldRead]) -> Body:
    body: Body = {}
    custom: Body = {}
    for row in rows:
        if row.is_sent:
            is_custom = row.target.startswith("custom.")
            (custom if is_custom else body)[row.target.removeprefix("custom.")] = row.written
    return {**body, "custom": custom} if custom else body


@pytest.mark.parametrize("rules", BOTH, ids=["usual", "more"])
@MANY
@given(document=messages)
def test_the_gate_is_told_open_where_it_is(rules: Rules, document: Any) -> None:  # noqa: ANN401 - whatever is drawn
    match parsed(document):
        case UserMessage() as message:
            is_open = why_not.user_gate(message, rules) is None
            assert user_gate(message, rules).passed is is_open
        case AccountMessage() as message:
            is_open = why_not.account_gate(message, rules) is None
            assert account_gate(message, rules).passed is is_open
        case None:
            pass


@pytest.mark.parametrize("rules", BOTH, ids=["usual", "more"])
@MANY
@given(document=messages)
def test_the_fields_add_up_to_what_is_mapped(rules: Rules, document: Any) -> None:  # noqa: ANN401 - whatever is drawn
    match parsed(document):
        case UserMessage() as message:
            assert written([*enduser_fields(message, rules)]) == to.enduser(message, rules)
        case AccountMessage() as message:
            mapped = to.company(of_account(message, rules.company), rules)
            assert written([*company_fields(message, rules)]) == mapped
        case None:
            pass


@pytest.mark.parametrize("rules", BOTH, ids=["usual", "more"])
@MANY
@given(document=messages)
def test_a_step_stops_where_the_decision_skips(rules: Rules, document: Any) -> None:  # noqa: ANN401 - whatever is drawn
    message = parsed(document)
    if message is None:
        return
    decision = decide(message, rules)
    (told,) = explain(encoded(document), (), rules)
    main = decision.enduser if isinstance(decision, UserDecision) else decision.company

    stops = [step for step in told.steps if not step.passed and step.name != "Events"]

    if isinstance(main, Skip):
        assert told.reason == ("; ".join(decision.unreadable) or main.reason)
        assert all(
            part in " ".join(step.detail for step in stops) for part in main.reason.split(". ")
        )
    else:
        assert isinstance(main, Payload)
        assert told.requests or stops


@pytest.mark.parametrize("rules", BOTH, ids=["usual", "more"])
@MANY
@given(document=messages)
def test_what_goes_to_the_dead_letters_and_what_is_left_out_is_told(
    rules: Rules,
    document: Any,  # noqa: ANN401 - whatever is drawn
) -> None:
    message = parsed(document)
    if message is None:
        return
    decision = decide(message, rules)
    (told,) = explain(encoded(document), (), rules)
    lists = () if isinstance(decision, UserDecision) else decision.lists
    rejected = [why for items in lists for why in items.rejected]

    steps = [step.detail for step in told.steps if step.name == "Left out"]

    assert (told.verdict == "reject") is bool(decision.unreadable or rejected)
    assert all(fault in told.reason for fault in decision.unreadable)
    assert all(any(fault in step for step in steps) for fault in message.faults.values())
    for _, field, reason in decision.left_out:
        is_part = field in message.faults
        assert any((field in step) and (is_part or reason in step) for step in steps)


def survives(value: bytes) -> None:
    told = explain(value, (), RULES)

    assert json.dumps(to_json(told))
    assert all(one.verdict in {"send", "skip", "reject"} for one in told)
    assert all(one.requests == () for one in told if one.verdict == "skip")
    for one in told:
        assert bool(one.summary) is (bool(one.requests) and not one.sends_profile)


@settings(MANY, max_examples=examples(300))
@given(records)
def test_whatever_comes_is_explained(value: bytes) -> None:
    survives(value)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # half a minute of CPU, and minutes where others need it too
@settings(MANY, max_examples=examples(10_000))
@given(records)
def test_ten_thousand_of_whatever_are_explained(value: bytes) -> None:
    survives(value)
