"""What Planhat stores wrongly with 200: done here as well, and counted by field."""

from __future__ import annotations

from typing import Any

import pytest

from planhat_client.sandbox import Sandbox, SandboxOptions
from planhat_client.sandbox.models import COMPANIES, ENDUSERS
from schemas.dialect import Dialect
from tests.planhat_client.sandbox.test_dialect import put

FIELDS: tuple[dict[str, Any], ...] = (
    {"name": "Plan", "parent": "company", "type": "list", "listValues": ["Free", "Pro"]},
    {"name": "Areas", "parent": "company", "type": "multipicklist", "listValues": ["EU", "US"]},
    {"name": "Notes", "parent": "company", "type": "rich text"},
    {"name": "Seats", "parent": "company", "type": "number"},
    {"name": "Live", "parent": "Company", "type": "boolean"},
    {"name": "Since", "parent": "company", "type": "Date"},
    {"name": "Web", "parent": "company", "type": "url"},
    {"name": "Coach", "parent": "company", "type": "team member"},
    {"name": "Coaches", "parent": "company", "type": "team members"},
    {"name": "Score", "parent": "company", "type": "number", "isFormula": True},
    {"name": "Tier", "parent": "company", "type": "text", "isLocked": True},
    {"name": "Id-SF", "parent": "company", "type": "text"},
    {"name": "Odd", "parent": "company", "type": "new in Planhat"},
    {"name": "Role", "parent": "enduser", "type": "text", "isMandatory": True},
)
USER = "aa" * 12


def tenant(**learnt: Any) -> Sandbox:  # noqa: ANN401 - answers of a dialect
    users = ({"_id": USER, "email": "csm@x.io"},)
    return Sandbox(SandboxOptions(fields=FIELDS, users=users, dialect=Dialect(**learnt)))


def stored(sandbox: Sandbox, **custom: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is stored of custom fields, and what is counted."""
    put(sandbox, {"externalId": "a", "name": "A", "custom": custom})
    (record,) = sandbox.state.records["companies"]
    found = sandbox.report()["counters"]["fields"].get("companies", {})
    return record["custom"], {path: list(counts) for path, counts in found.items()}


@pytest.mark.parametrize(
    "custom",
    [
        {"Plan": "Pro"},
        {"Areas": ["EU", "US"]},
        {"Notes": "<p>one</p>\n<p>two</p>"},
        {"Notes": "one line"},
        {"Seats": 1.5},
        {"Live": False},
        {"Since": "2026-11-28"},
        {"Since": "2026-11-28T10:00:00Z"},
        {"Web": "https://x.io"},
        {"Coach": USER},
        {"Coaches": [USER]},
        {"Plan": ""},
        {"Odd": True},
        {"Odd": [5]},
    ],
    ids=str,
)
def test_what_fits_is_stored(custom: dict[str, Any]) -> None:
    assert stored(tenant(), **custom) == (custom, {})


@pytest.mark.parametrize(
    ("custom", "kept", "count"),
    [
        ({"plan": "Pro"}, {"plan": "Pro"}, "invisible"),
        ({"Plan": "Gold"}, {"Plan": "Gold"}, "bad_values"),
        ({"Areas": ["EU", "Asia"]}, {"Areas": ["EU", "Asia"]}, "bad_values"),
        ({"Notes": "one\ntwo"}, {"Notes": "onetwo"}, "line_breaks"),
        ({"Seats": "12"}, {"Seats": "12"}, "misfits"),
        ({"Seats": True}, {"Seats": True}, "misfits"),
        ({"Live": "yes"}, {"Live": "yes"}, "misfits"),
        ({"Since": "28 Nov"}, {"Since": "28 Nov"}, "misfits"),
        ({"Areas": "EU"}, {"Areas": "EU"}, "misfits"),
        ({"Web": 5}, {"Web": 5}, "misfits"),
        ({"Coach": "csm@x.io"}, {"Coach": "csm@x.io"}, "misfits"),
        ({"Coaches": [USER, {}]}, {"Coaches": [USER, {}]}, "misfits"),
        ({"Score": 5}, {}, "locked"),
        ({"Tier": "x"}, {}, "locked"),
        ({"Id-SF": "x"}, {}, "locked"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_answered_as_a_success(
    custom: dict[str, Any], kept: dict[str, Any], count: str
) -> None:
    (name,) = custom

    assert stored(tenant(), **custom) == (kept, {f"custom.{name}": [count]})


@pytest.mark.parametrize(
    ("question", "answer", "custom", "kept"),
    [
        ("unknown_custom", "ignored", {"plan": "Pro"}, {}),
        ("bad_list_value", "ignored", {"Plan": "Gold"}, {}),
        ("line_breaks", "kept", {"Notes": "one\ntwo"}, {"Notes": "one\ntwo"}),
    ],
)
def test_the_dialect_decides_what_is_kept(
    question: str, answer: str, custom: dict[str, Any], kept: dict[str, Any]
) -> None:
    assert stored(tenant(**{question: answer}), **custom)[0] == kept


@pytest.mark.parametrize(
    ("question", "custom", "message"),
    [
        ("unknown_custom", {"plan": "Pro"}, "custom.plan is no field"),
        ("bad_list_value", {"Plan": "Gold"}, "custom.Plan has no such value"),
    ],
)
def test_what_does_not_fit_may_be_refused(
    question: str, custom: dict[str, Any], message: str
) -> None:
    sandbox = tenant(**{question: "refused"}, error_entry="text")

    answer = put(sandbox, {"externalId": "a", "name": "A", "custom": custom})

    assert (answer[0], answer[1]["createdErrors"]) == (400, [message])


def test_a_standard_name_that_is_none_is_dropped() -> None:
    sandbox = tenant()

    put(sandbox, {"externalId": "a", "name": "A", "Web": "w"})

    (record,) = sandbox.state.records["companies"]
    assert record.keys() == {"_id", "externalId", "name"}
    assert sandbox.report()["counters"]["fields"]["companies"]["Web"] == {"unknown": 1}


def test_an_owner_that_is_no_user_is_counted_and_stored() -> None:
    sandbox = tenant()

    put(sandbox, {"externalId": "a", "name": "A", "owner": "csm@x.io", "coOwner": USER})

    (record,) = sandbox.state.records["companies"]
    assert record["owner"] == "csm@x.io"
    assert sandbox.report()["counters"]["fields"] == {"companies": {"owner": {"misfits": 1}}}


def test_a_new_record_needs_its_mandatory_fields() -> None:
    sandbox = tenant()
    put(sandbox, {"externalId": "a", "name": "A"})
    enduser = {"externalId": "u", "companyId": "extid-a"}

    _, without = put(sandbox, enduser, model=ENDUSERS)
    created, _ = put(sandbox, enduser | {"custom": {"Role": "Boss"}}, model=ENDUSERS)
    later, _ = put(sandbox, enduser | {"position": "x"}, model=ENDUSERS)

    assert without["createdErrors"][0]["error"] == "custom.Role is required"
    assert (created, later) == (200, 200)


def test_without_fields_nothing_is_known_to_be_wrong() -> None:
    sandbox = Sandbox(SandboxOptions())

    custom, counted = stored(sandbox, Plan="Gold", Notes="one\ntwo", Seats="12")

    assert custom == {"Plan": "Gold", "Notes": "one\ntwo", "Seats": "12"}
    assert counted == {}
    put(sandbox, {"externalId": "a", "whatever": 1}, model=COMPANIES)
    assert next(iter(sandbox.state.records["companies"]))["whatever"] == 1
