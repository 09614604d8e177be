from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from consumer.decide import reasons
from consumer.decide.custom.faults import keyed
from consumer.decide.custom.fit import Fitting
from consumer.decide.rules import Field, Rules
from schemas.attribute import ABSENT, Absent
from schemas.connector import ConnectorSettings
from tests.consumer.tenant_fields import custom, table

if TYPE_CHECKING:
    from pydantic import JsonValue

RULES = Rules.compile(
    ConnectorSettings.model_validate(
        {
            "contact_attributes_outbound": table(("email", "email")),
            "contact_custom_attributes_outbound": table(
                ("plan", "Plan"), ("old", "Old"), ("account.score", "Score")
            ),
            "account_licenses_attribute": "licences",
            "account_licenses_custom_attributes_outbound": table(("seats", "Seats")),
        }
    )
)
FIELDS = keyed([custom("Plan"), custom("Score", isFormula=True)])


def targets(rules: Rules) -> list[str]:
    return [field.target for field in rules.contact.fields]


def test_rows_are_kept_where_they_are_only_warned_of() -> None:
    found = Fitting(FIELDS, None, skips_faulty=False).rules(RULES)

    assert targets(found) == ["email", "Plan", "Old", "Score"]


def test_rows_that_nobody_would_see_are_skipped_with_the_reason() -> None:
    found = Fitting(FIELDS, None, skips_faulty=True).rules(RULES)

    assert targets(found) == ["email", "Plan"]
    assert [(field.target, field.wrong) for field in found.contact.skipped] == [
        ("Old", "Planhat has no such field"),
        ("Score", "Planhat computes the field"),
    ]
    assert [len(listed.mapping.fields) for listed in found.lists] == [0]


def test_what_is_skipped_opens_no_gate() -> None:
    found = Fitting(FIELDS, None, skips_faulty=True).rules(RULES)

    assert found.contact.own == {"email", "plan"}
    assert not found.contact.account


def field_of(kind: str, attribute: str = "x", settings: Any = None, **told: Any) -> Field:  # noqa: ANN401 - as told
    """The only row, of a custom field of that type."""
    rows = {"contact_custom_attributes_outbound": table((attribute, "F")), **(settings or {})}
    rules = Rules.compile(ConnectorSettings.model_validate(rows))
    users = {"u1": "u1", "ada@planhat.com": "u1"}
    fitting = Fitting(keyed([custom("F", kind, **told)]), users, skips_faulty=False)
    (field,) = fitting.rules(rules).contact.fields
    return field


OFFERED: dict[str, Any] = {"listValues": ["Gold", "Silver", "silver"]}
ONLY_OFFERED = {"unknown_list_values": "skip"}


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        ("Text", 7, "7"),
        ("Text", True, "true"),
        ("rich text", "a < b", "<p>a &lt; b</p>"),
        ("Number", "7.50", 7.5),
        ("number", "many", ABSENT),
        ("Date", "2018-03-30 14:38:02 UTC", "2018-03-30T14:38:02Z"),
        ("date", "soon", ABSENT),
        ("Day", "2018-03-30T23:30:00-02:00", "2018-03-31"),
        ("day", "2018-03-30", "2018-03-30"),
        ("checkbox", "yes", True),
        ("boolean", "perhaps", ABSENT),
        ("Email", " ada@example.com ", "ada@example.com"),
        ("phone", 4930123456, "4930123456"),
        ("URL", ["https://example.com"], "https://example.com"),
        ("url", ["a", "b"], ABSENT),
        ("Team member", " Ada@Planhat.com", "u1"),
        ("Team member", "eve@planhat.com", ABSENT),
        ("Team members", ["u1", "ada@planhat.com", "eve@planhat.com"], ["u1"]),
        ("enduser", {"a": 1}, '{"a":1}'),
        ("enduser", 7, 7),
        ("text", "", ""),
        ("number", "", None),
        ("list", None, None),
        ("multipicklist", None, None),
        ("team member", "", None),
    ],
)
def test_a_value_is_written_as_its_field_wants_it(
    kind: str,
    value: JsonValue,
    written: JsonValue | Absent,
) -> None:
    assert field_of(kind).convert(value) == written


@pytest.mark.parametrize(
    ("kind", "value", "sent", "only_offered"),
    [
        ("list", "Gold", "Gold", "Gold"),
        ("list", " gold ", "Gold", "Gold"),
        ("list", "silver", "silver", "silver"),
        ("list", "SILVER", "silver", "silver"),
        ("list", "Bronze", "Bronze", ABSENT),
        ("list", ["Gold", "Silver"], ABSENT, ABSENT),
        ("multipicklist", ["gold", "Bronze", "Gold"], ["Gold", "Bronze"], ["Gold"]),
        ("multipicklist", "gold", ["Gold"], ["Gold"]),
        ("multipicklist", ["Bronze"], ["Bronze"], ABSENT),
        ("multipicklist", [], [], []),
    ],
)
def test_values_of_lists_take_the_spelling_that_is_offered(
    kind: str,
    value: JsonValue,
    sent: JsonValue | Absent,
    only_offered: JsonValue | Absent,
) -> None:
    found = [
        field_of(kind, settings=settings, **OFFERED).convert(value)
        for settings in ({}, ONLY_OFFERED)
    ]

    assert found == [sent, only_offered]


def test_a_list_that_offers_nothing_is_not_checked() -> None:
    assert field_of("list", settings=ONLY_OFFERED).convert("Bronze") == "Bronze"


def test_who_planhat_s_users_are_may_be_unknown() -> None:
    rules = Rules.compile(
        ConnectorSettings.model_validate({"contact_custom_attributes_outbound": table(("x", "F"))})
    )
    fitting = Fitting(keyed([custom("F", "team member")]), None, skips_faulty=False)
    (field,) = fitting.rules(rules).contact.fields

    assert field.convert("5f1e0c1e8f0b7a0001a1b001") == "5f1e0c1e8f0b7a0001a1b001"
    assert field.convert("ada@planhat.com") is ABSENT


@pytest.mark.parametrize("attribute", ["created_at", "renewal_date"])
def test_the_type_wins_over_the_name(attribute: str) -> None:
    text, unknown = field_of("text", attribute), field_of("rating", attribute)

    assert text.convert("2018-03-30 14:38:02 UTC") == "2018-03-30 14:38:02 UTC"
    assert unknown.convert("2018-03-30 14:38:02 UTC") == "2018-03-30T14:38:02Z"


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("number", reasons.NOT_A_NUMBER),
        ("day", reasons.NOT_A_DATE),
        ("list", reasons.NOT_OFFERED),
        ("team member", reasons.NOT_A_MEMBER),
    ],
)
def test_why_a_value_is_left_out_is_said_in_the_words_of_its_type(kind: str, wrong: str) -> None:
    assert field_of(kind).wrong == wrong


def test_of_a_list_it_is_told_that_some_is_lost() -> None:
    some: list[JsonValue] = [["Gold", "Bronze"], ["gold", ""], "Gold", None]
    picked = field_of("multipicklist", settings=ONLY_OFFERED, **OFFERED).picked

    assert picked is not None
    assert [picked.loses(one) for one in some] == [True, False, False, False]
