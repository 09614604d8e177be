from __future__ import annotations

from consumer.decide.custom.faults import keyed
from consumer.decide.custom.fit import fitted
from consumer.decide.rules import Rules
from schemas.connector import ConnectorSettings
from tests.consumer.tenant_fields import custom, table

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
    found = fitted(RULES, FIELDS, skips_faulty=False)

    assert targets(found) == ["email", "Plan", "Old", "Score"]


def test_rows_that_nobody_would_see_are_skipped_with_the_reason() -> None:
    found = fitted(RULES, FIELDS, skips_faulty=True)

    assert targets(found) == ["email", "Plan"]
    assert [(field.target, field.wrong) for field in found.contact.skipped] == [
        ("Old", "Planhat has no such field"),
        ("Score", "Planhat computes the field"),
    ]
    assert [len(listed.mapping.fields) for listed in found.lists] == [0]


def test_what_is_skipped_opens_no_gate() -> None:
    found = fitted(RULES, FIELDS, skips_faulty=True)

    assert found.contact.own == {"email", "plan"}
    assert not found.contact.account
