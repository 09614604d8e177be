from __future__ import annotations

from typing import Any

import pytest

from consumer.decide.custom.faults import Fault, faults, keyed
from consumer.decide.rules import Rules
from schemas.connector import ConnectorSettings
from schemas.planhat import Resource
from tests.consumer.tenant_fields import custom, table


def rules(**settings: Any) -> Rules:  # noqa: ANN401 - as pasted
    return Rules.compile(ConnectorSettings.model_validate(settings))


CONTACTS = rules(
    contact_attributes_outbound=table(("email", "email")),
    contact_custom_attributes_outbound=table(("crm/plan", "Plan"), ("account.tier", "Tier")),
)
PLAN, TIER = custom("Plan"), custom("Tier")


def test_a_mapping_to_fields_that_are_there_has_no_fault() -> None:
    assert list(faults(CONTACTS, keyed([PLAN, TIER]))) == []


def test_a_missing_field_is_told_with_its_row_and_the_nearest_name() -> None:
    (found,) = faults(CONTACTS, keyed([custom("plan "), TIER, custom("Planet")]))

    assert found == Fault(
        "missing",
        Resource.ENDUSERS,
        "Plan",
        "contact_custom_attributes_outbound[0] (crm/plan -> Plan)",
        "plan ",
    )
    assert str(found) == (
        "contact_custom_attributes_outbound[0] (crm/plan -> Plan): Planhat has no enduser field"
        " Plan, so nobody sees what is sent; did you mean plan ? Else create it in Planhat, or"
        " remove the row"
    )


def test_a_row_of_the_account_is_named_as_it_was_mapped() -> None:
    (found,) = faults(CONTACTS, keyed([PLAN]))

    assert found.row == "contact_custom_attributes_outbound[1] (account.tier -> Tier)"
    assert "; create it" in str(found)


def test_a_field_of_another_model_is_missing() -> None:
    found = list(faults(CONTACTS, keyed([custom("Plan", model="company"), TIER])))

    assert [(one.kind, one.field) for one in found] == [("missing", "Plan")]


@pytest.mark.parametrize(
    ("told", "kind", "words"),
    [
        ({"isLocked": True}, "locked", "is locked"),
        ({"isFormula": True}, "formula", "by a formula"),
        ({"isFormula": True, "isLocked": True}, "formula", "by a formula"),
    ],
)
def test_what_planhat_does_not_take_is_told(told: dict[str, Any], kind: str, words: str) -> None:
    (found,) = faults(CONTACTS, keyed([custom("Plan", **told), TIER]))

    assert found.kind == kind
    assert words in str(found)


def test_a_mandatory_field_without_a_row_is_told() -> None:
    fields = [PLAN, TIER, custom("Region", isMandatory=True), custom("Plan", isMandatory=True)]

    (found,) = faults(CONTACTS, keyed(fields))

    assert (found.kind, found.field, found.row) == ("mandatory", "Region", "")
    assert "Region is mandatory in Planhat and not mapped" in str(found)


def test_a_model_without_custom_rows_is_not_looked_at() -> None:
    fields = keyed([PLAN, TIER, custom("Region", model="company", isMandatory=True)])

    assert list(faults(CONTACTS, fields)) == []


def test_rows_of_licences_count_only_where_licences_are_sent() -> None:
    rows = {"account_licenses_custom_attributes_outbound": table(("seats", "Seats"))}
    unsent, sent = rules(**rows), rules(account_licenses_attribute="licences", **rows)

    assert list(faults(unsent, {})) == []
    assert [str(one).split(" ")[0] for one in faults(sent, {})] == [
        "account_licenses_custom_attributes_outbound[0]"
    ]


def test_of_two_fields_of_one_name_the_first_counts() -> None:
    fields = keyed([PLAN, custom("Plan", isLocked=True), TIER])

    assert list(faults(CONTACTS, fields)) == []


def test_names_of_any_length_are_told_shortly() -> None:
    long = rules(contact_custom_attributes_outbound=table(("a" * 5000, "b" * 5000)))

    (found,) = faults(long, {})

    assert len(str(found)) < 500
