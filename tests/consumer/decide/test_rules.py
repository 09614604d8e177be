from __future__ import annotations

from typing import Any

import pytest

from consumer.decide import value
from consumer.decide.rules import Rules
from schemas.connector import ConnectorSettings


def rules(**settings: Any) -> Rules:  # noqa: ANN401 - as pasted
    return Rules.compile(ConnectorSettings.model_validate(settings))


def row(source: str, target: str) -> dict[str, str]:
    return {"hull_field_name": source, "service_field_name": target}


def test_settings_without_anything_make_rules_that_send_nobody() -> None:
    found = rules()

    assert found.contact_filter == frozenset()
    assert found.account_filter == frozenset()
    assert found.require_external_id


def test_an_attribute_of_the_account_is_known_by_its_prefix() -> None:
    table = [row("account.billing/plan", "Plan"), row("traits_account/plan", "Own plan")]

    found = rules(contact_custom_attributes_outbound=table).contact

    assert [(field.attribute.name, field.of_account) for field in found.fields] == [
        ("billing/plan", True),
        ("traits_account/plan", False),
    ]
    assert found.account == {"billing/plan"}
    assert found.own == {"account/plan"}


@pytest.mark.parametrize("spelling", ["traits_crm/title", "crm/title", "crm.title"])
def test_an_attribute_is_watched_by_one_name_in_any_spelling(spelling: str) -> None:
    found = rules(contact_attributes_outbound=[row(spelling, "position")])

    assert found.contact.own == {"crm/title"}


def test_a_mapped_company_id_is_left_to_the_link() -> None:
    found = rules(contact_attributes_outbound=[row("account.external_id", "Company id (*)")])

    assert found.contact.fields == ()


@pytest.mark.parametrize(
    ("target", "needed"), [("owner", True), ("coOwner", True), ("phase", False)]
)
def test_owners_are_needed_where_they_are_mapped(target: str, needed: bool) -> None:  # noqa: FBT001 - a column
    assert rules(account_attributes_outbound=[row("x", target)]).needs_owners is needed


@pytest.mark.parametrize(("setting", "archives"), [("ignore", False), ("archive", True)])
def test_who_leaves_is_archived_only_where_it_is_set(setting: str, archives: bool) -> None:  # noqa: FBT001 - a column
    assert rules(on_segment_left=setting).archives_left is archives


def test_archived_is_ours_where_either_setting_says_so() -> None:
    assert not rules().archives
    assert rules(on_user_unlinked="archive").archives
    assert rules(on_segment_left="archive").archives


@pytest.mark.parametrize(
    ("name", "is_date"),
    [
        ("created_at", True),
        ("traits_renewal_date", True),
        ("crm/last_seen_at", True),
        ("attitude", False),
        ("dateline", False),
        ("at", False),
    ],
)
def test_a_custom_field_is_a_date_by_its_name(name: str, *, is_date: bool) -> None:
    found = rules(contact_custom_attributes_outbound=[row(name, "X")])

    (field,) = found.contact.fields
    assert (field.convert is value.date) is is_date
