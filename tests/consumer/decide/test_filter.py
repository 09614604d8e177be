from __future__ import annotations

from typing import Any

import pytest

from consumer.decide import filter as why_not
from consumer.decide import reasons
from consumer.decide.message import AccountMessage, UserMessage
from consumer.decide.read import lenient
from consumer.decide.route import route
from consumer.decide.rules import Rules
from consumer.decide.value import key_text
from schemas.connector import ConnectorSettings


def row(source: str, target: str) -> dict[str, str]:
    return {"hull_field_name": source, "service_field_name": target}


SETTINGS = ConnectorSettings.model_validate(
    {
        "contact_synchronized_segments": ["s1", "s2"],
        "contact_attributes_outbound": [row("email", "email"), row("traits_crm/title", "position")],
        "contact_custom_attributes_outbound": [
            row("account.billing/plan", "Plan"),
            row("traits_planhat/score", "Score"),
            row("account.planhat/phase", "Phase"),
        ],
        "account_synchronized_segments": ["c1"],
        "account_attributes_outbound": [row("name", "name"), row("planhat/tier", "phase")],
        "account_custom_attributes_outbound": [row("billing/plan", "Plan")],
        "account_licenses_attribute": "billing/licenses",
    }
)
RULES = Rules.compile(SETTINGS)


def user(**fields: Any) -> UserMessage:  # noqa: ANN401 - any JSON
    message, _ = lenient({"user": {"id": "u1"}, **fields})
    found = route(message, "user:update", is_export=False)
    assert isinstance(found, UserMessage)
    return found


def account(**fields: Any) -> AccountMessage:  # noqa: ANN401 - any JSON
    message, _ = lenient({"account": {"id": "a1"}, **fields})
    found = route(message, "account:update", is_export=False)
    assert isinstance(found, AccountMessage)
    return found


def segments(*ids: str) -> list[dict[str, str]]:
    return [{"id": one} for one in ids]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"segments": segments("s2")}, None),
        ({"segments": segments("other", "s1")}, None),
        ({"segments": segments("other")}, reasons.CONTACT_FILTER),
        ({"segments": segments("c1")}, reasons.CONTACT_FILTER),
        ({"segments": {}}, reasons.CONTACT_FILTER),
        ({}, reasons.CONTACT_FILTER),
        ({"is_export": True}, None),
        ({"changes": {"segments": {"left": segments("s1")}}}, reasons.CONTACT_FILTER),
        ({"changes": {"segments": {"entered": segments("s1")}}}, reasons.CONTACT_FILTER),
    ],
    ids=str,
)
def test_the_contact_filter_asks_which_segments_hold_now(
    fields: dict[str, Any], reason: str | None
) -> None:
    assert why_not.contact_filter(user(**fields), RULES) == reason


BOTH = f"{reasons.EXTERNAL_ID_REQUIRED} {reasons.ACCOUNT_FILTER}"


@pytest.mark.parametrize(
    ("external_id", "ids", "is_export", "reason"),
    [
        ("acme", ["c1"], False, None),
        ("acme", ["c2"], False, reasons.ACCOUNT_FILTER),
        (None, ["c1"], False, reasons.EXTERNAL_ID_REQUIRED),
        ("", ["c1"], False, reasons.EXTERNAL_ID_REQUIRED),
        (0, ["c1"], False, None),
        (None, [], False, BOTH),
        ("acme", [], True, None),
        (None, [], True, reasons.EXTERNAL_ID_REQUIRED),
    ],
)
def test_the_company_filter_tells_all_its_reasons(
    external_id: object,
    ids: list[str],
    is_export: bool,  # noqa: FBT001 - a column
    reason: str | None,
) -> None:
    message = account(
        account={"id": "a1", "external_id": external_id}, account_segments=segments(*ids)
    )

    found = why_not.company_filter(
        key_text(external_id), message.account_segments, RULES, is_export=is_export
    )

    assert found == reason


def test_an_external_id_is_required_only_where_it_is_set() -> None:
    lenient = Rules.compile(SETTINGS.model_copy(update={"account_require_externalid": False}))
    message = account(account_segments=segments("c1"))

    found = why_not.company_filter(None, message.account_segments, lenient, is_export=False)

    assert found is None


@pytest.mark.parametrize(
    "changes",
    [
        {"is_new": True},
        {"user": {"traits_crm/title": ["a", "b"]}},
        {"user": {"crm/title": ["a", "b"]}},
        {"user": {"crm": {"title": ["a", "b"]}}},
        {"user": {"x": [1, 2], "email": ["a", None]}},
        {"account": {"billing/plan": ["a", "b"]}},
        {"account": {"billing": {"plan": ["a", "b"]}}},
        {"account": {"id": [None, "a1"]}},
        {"account": {"id": ["a1", None]}},
        {"account": {"planhat/id": [None, "p1"]}},
        {"account": {"planhat": {"id": [None, "p1"]}}},
        {"account": {"external_id": [None, "acme"]}},
        {"account": {"external_id": ["acme", "acme-2"]}},
        {"account": {"external_id": [7, 8]}},
        {"account": {"planhat/id": ["p1", "p2"]}},
        {"account": {"domain": ["old.example", "new.example"]}},
        {"account": {"domain": [None, "new.example"]}},
        {"segments": {"entered": segments("other", "s2")}},
        {"account_segments": {"entered": segments("c1")}},
    ],
    ids=str,
)
def test_a_relevant_change_opens_the_gate_of_users(changes: dict[str, Any]) -> None:
    assert why_not.user_gate(user(changes=changes), RULES) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"is_new": False},
        {"user": {"theme": ["a", "b"]}},
        {"user": {"segment_ids[0]": [None, "s1"]}},
        {"user": {"billing/plan": ["a", "b"]}},
        {"user": {"planhat/id": [None, "p1"]}},
        {"user": {"planhat/score": [1, 2]}},
        {"user": {"planhat": {"score": [1, 2]}}},
        {"account": {"crm/title": ["a", "b"]}},
        {"account": {"planhat/phase": ["a", "b"]}},
        {"account": {"planhat/id": ["p1", None]}},
        {"account": {"external_id": ["acme", None]}},
        {"account": {"planhat/id": "p1"}},
        {"segments": {"left": segments("s1"), "entered": segments("other")}},
        {"account_segments": {"entered": segments("s1"), "left": segments("c1")}},
    ],
    ids=str,
)
def test_any_other_change_of_a_user_is_gated(changes: dict[str, Any]) -> None:
    assert why_not.user_gate(user(changes=changes), RULES) == reasons.NOTHING_CHANGED


@pytest.mark.parametrize(
    "changes",
    [
        {"is_new": True},
        {"account": {"name": ["a", "b"]}},
        {"account": {"billing/plan": ["a", "b"]}},
        {"account": {"billing/licenses[0]": [None, {"id": 1}]}},
        {"account": {"billing/licenses": [None, []]}},
        {"account": {"external_id": [None, "acme"]}},
        {"account": {"planhat/id": [None, "p1"], "name": ["a", "b"]}},
        {"account_segments": {"entered": segments("c1")}},
    ],
    ids=str,
)
def test_a_relevant_change_opens_the_gate_of_accounts(changes: dict[str, Any]) -> None:
    assert why_not.account_gate(account(changes=changes), RULES) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"is_new": False},
        {"account": {"domain": ["a", "b"]}},
        {"account": {"planhat/id": [None, "p1"]}},
        {"account": {"planhat/tier": ["a", "b"]}},
        {"account_segments": {"left": segments("c1"), "entered": segments("c2")}},
    ],
    ids=str,
)
def test_any_other_change_of_an_account_is_gated(changes: dict[str, Any]) -> None:
    assert why_not.account_gate(account(changes=changes), RULES) == reasons.NOTHING_CHANGED


@pytest.mark.parametrize("nothing", [None, {}, []], ids=str)
def test_a_message_without_changes_passes_the_gate(nothing: object) -> None:
    assert why_not.user_gate(user(changes=nothing), RULES) is None
    assert why_not.account_gate(account(changes=nothing), RULES) is None


def test_an_export_passes_the_gate_whatever_changed() -> None:
    changes = {"is_new": False}

    assert why_not.user_gate(user(changes=changes, is_export=True), RULES) is None
    assert why_not.account_gate(account(changes=changes, is_export=True), RULES) is None


@pytest.mark.parametrize(
    ("changes", "entered", "left"),
    [
        (None, False, False),
        ({"segments": {"entered": segments("x", "s2")}}, True, False),
        ({"segments": {"left": segments("s1")}}, False, True),
        ({"segments": {"entered": segments("c1"), "left": segments("x")}}, False, False),
        ({"account_segments": {"entered": segments("s1"), "left": segments("s1")}}, False, False),
    ],
    ids=str,
)
def test_who_enters_or_leaves_the_contact_filter_is_known_by_its_changes(
    changes: dict[str, Any] | None, *, entered: bool, left: bool
) -> None:
    found = user(changes=changes).changes

    assert (why_not.has_entered(found, RULES), why_not.has_left(found, RULES)) == (entered, left)


@pytest.mark.parametrize(
    "change",
    [
        *(None, "p1", ["p1"], [None, "p1", "p2"], ["p1", "p1"], ["p1", " p1 "], [None, None]),
        *([None, ""], ["p1", None], ["p1", ""], {"0": "p1"}),
    ],
    ids=str,
)
@pytest.mark.parametrize("key", ["planhat/id", "external_id", "domain"])
def test_a_key_of_the_account_that_is_not_there_or_the_same_opens_nothing(
    key: str, change: object
) -> None:
    changes = {"account": {key: change}}

    assert why_not.user_gate(user(changes=changes), RULES) == reasons.NOTHING_CHANGED
