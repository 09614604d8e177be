"""The twelve telling records, explained as a person would from the rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from consumer.decide import reasons
from consumer.decide.rules import Rules
from consumer.engine.directory import CompanyDirectory, Owners
from consumer.engine.tenant import Tenant
from consumer.watch.explain import explain
from consumer.watch.explain.explanation import to_json
from consumer.watch.explain.known import Known
from schemas.connector import ConnectorSettings
from schemas.planhat import LeanCompany, PlanhatUser
from tests.consumer.tenant_fields import custom, table
from tests.consumer.watch.explain.hull_messages import RECORDS, RULES

if TYPE_CHECKING:
    from consumer.watch.explain.explanation import MessageExplanation

READ = CompanyDirectory()
READ.read([LeanCompany(_id="c1", name="Acme Ltd", externalId="acme-01")], 0.0)
OWNERS = Owners()
OWNERS.read([PlanhatUser(_id="5b00000000000000000000aa", email="o@own.example")], 0.0)


def explained(number: int, position: int = 0, known: Known | None = None) -> MessageExplanation:
    value = json.dumps(RECORDS[number - 1]).encode()
    return explain(value, (), RULES, known or Known())[position]


def stopped(message: MessageExplanation) -> list[str]:
    return [step.name for step in message.steps if not step.passed]


def calls(message: MessageExplanation) -> list[str]:
    return [f"{one.method} {one.path}" for one in message.requests]


@pytest.mark.parametrize(
    ("number", "position", "verdict", "reason", "stopped_at"),
    [
        (1, 0, "send", "", ["Events"]),
        (2, 0, "skip", reasons.NOTHING_CHANGED, ["Gate"]),
        (3, 0, "send", "", []),
        (4, 0, "skip", reasons.CONTACT_FILTER, ["Contact Filter"]),
        (5, 0, "skip", reasons.CONTACT_FILTER, ["Contact Filter"]),
        (6, 0, "send", reasons.NOTHING_CHANGED, ["Gate"]),
        (7, 0, "send", "", []),
        (7, 1, "skip", reasons.NO_IDENTITY, ["Identity"]),
        (8, 0, "send", "", []),
        (
            9,
            0,
            "skip",
            f"{reasons.EXTERNAL_ID_REQUIRED} {reasons.ACCOUNT_FILTER}",
            ["External id", "Account Filter"],
        ),
        (10, 0, "skip", reasons.NOTHING_CHANGED, ["Gate"]),
        (11, 0, "skip", reasons.UNSUPPORTED_CHANNEL, ["Channel"]),
        (12, 0, "reject", "neither user nor account: not a Hull message", ["Message"]),
    ],
)
def test_each_record_has_its_verdict_and_the_rule_that_stopped_it(
    number: int, position: int, verdict: str, reason: str, stopped_at: list[str]
) -> None:
    found = explained(number, position)

    assert (found.verdict, found.reason, stopped(found)) == (verdict, reason, stopped_at)


def test_a_new_user_brings_its_company_then_itself_then_its_events() -> None:
    found = explained(1)

    assert calls(found) == ["PUT /companies", "PUT /endusers", "POST /analytics/bulk/***"]
    assert found.requests[0].only_if == "Planhat has no company 'acme-01' yet"
    assert found.requests[0].body == [{"externalId": "acme-01", "name": "Acme Ltd"}]
    assert body(found, 1)["companyId"] == "<_id of the company acme-01>"
    assert body(found, 2)["action"] == "Signed in"


def body(message: MessageExplanation, number: int) -> dict[str, Any]:
    bodies = message.requests[number].body
    assert isinstance(bodies, list)
    (only,) = bodies
    assert isinstance(only, dict)
    return only


def test_events_that_go_without_their_contact_are_told_so_with_the_reason() -> None:
    record = {**RECORDS[0], "account": {}, "account_segments": []}

    (found,) = explain(json.dumps(record).encode(), (), RULES)

    assert (found.verdict, found.sends_profile) == ("send", False)
    assert found.reason == reasons.NO_COMPANY_ID
    assert found.summary == (
        "Only its events are sent, the contact itself is not: No company id present."
        " Planhat drops events of a contact that it does not know."
    )


def test_only_where_events_go_alone_there_is_a_summary() -> None:
    told = [explained(number) for number in (1, 2, 6, 8, 9)]

    assert [one.sends_profile for one in told] == [True, False, False, True, False]
    assert [bool(one.summary) for one in told] == [False, False, True, False, False]


def test_single_activities_go_one_by_one() -> None:
    assert calls(explained(6, known=Known(single_activities=True))) == ["POST /analytics/***"]


def test_a_known_company_is_named_and_not_created() -> None:
    found = explained(1, known=Known(companies=READ))

    assert calls(found)[0] == "PUT /endusers"
    assert body(found, 0)["companyId"] == "c1"


def test_an_owner_that_nobody_knows_is_a_condition() -> None:
    found = explained(8)

    (condition,) = found.conditions
    assert condition == (
        "the owner '5b0000000000000000000bad' is a user of Planhat; else skipped: Invalid Owner ID."
    )
    assert calls(found) == ["PUT /companies", "PUT /licenses"]


def test_an_owner_that_planhat_does_not_have_stops_the_company() -> None:
    found = explained(8, known=Known(companies=READ, owners=OWNERS))

    assert (found.verdict, found.reason) == ("skip", reasons.INVALID_OWNER)
    assert (calls(found), stopped(found)) == ([], ["Owner"])


def test_a_company_that_may_not_be_created_is_waited_for() -> None:
    (condition,) = explained(7).conditions

    assert condition == (
        "Planhat has the company 'acme-01', or it appears within 30 s; else skipped:"
        " No company id present."
    )


def test_a_company_that_planhat_does_not_have_skips_the_user() -> None:
    found = explained(7, known=Known(companies=CompanyDirectory()))

    assert (found.verdict, found.reason) == ("skip", reasons.NO_COMPANY_ID)


@pytest.mark.parametrize(
    ("number", "attribute", "found_as", "written"),
    [
        (1, "traits_crm/title", "traits_crm/title", "Head of Analytics"),
        (2, "traits_crm/title", "crm/title", "Head of Analytics"),
        (3, "traits_crm/title", "crm.title", "Admiral"),
        (3, "account.billing/plan", "account.billing.plan", "Free"),
        (1, "account.billing/plan", "account.billing/plan", "Scale"),
        (1, "traits_is_champion", "traits_is_champion", False),
    ],
)
def test_a_field_says_under_which_spelling_it_was_read(
    number: int, attribute: str, found_as: str, written: object
) -> None:
    (row,) = [one for one in explained(number).fields if one.attribute == attribute]

    assert (row.found_as, row.is_sent, row.written) == (found_as, True, written)


def test_a_field_says_why_it_is_not_sent() -> None:
    notes = {row.target: row.note for row in explained(7, 1).fields if not row.is_sent}

    assert notes == {
        "email": "can't be sent",
        "externalId": "can't be sent",
        "phone": "not in the message",
    }


def test_a_field_that_would_be_cleared_says_why_it_is_kept() -> None:
    settings = ConnectorSettings.model_validate(
        {
            "contact_attributes_outbound": [
                {**row, "overwrite": "if_set"}
                for row in table(("email", "email"), ("name", "name"))
            ],
            "send_null_values": True,
        }
    )
    value = json.dumps({"user": {"id": "u1", "email": "a@b.example", "name": " "}}).encode()

    (found,) = explain(value, (), Rules.compile(settings))

    assert [(row.target, row.note) for row in found.fields if not row.is_sent] == [
        ("name", "empty, and overwrite is if_set: Planhat keeps its own")
    ]


def test_the_gate_names_what_changed_in_vain() -> None:
    (gate,) = [step for step in explained(2).steps if step.name == "Gate"]

    assert gate.detail == "No mapped attribute changed. Changed: product/theme."


def test_a_licence_without_its_fields_rejects_the_message() -> None:
    record = json.loads(json.dumps(RECORDS[7]))
    record["account"]["billing/licenses"].append({"id": "L-2"})

    (found,) = explain(json.dumps(record).encode(), (), RULES)

    assert (found.verdict, found.reason) == ("reject", "licence 1: _currency is missing")
    assert calls(found) == ["PUT /companies", "PUT /licenses"]


def test_a_row_of_an_extract_is_told_to_be_one() -> None:
    row = {"id": "u1", "email": "a@b.example", "account.external_id": "acme-01"}

    (found,) = explain(json.dumps(row).encode(), (), RULES)

    assert found.is_export
    assert found.verdict == "send"
    assert [step.name for step in found.steps][:2] == ["Row", "Contact Filter"]


def test_the_envelope_names_segments_and_tells_what_is_none_any_more() -> None:
    envelope = {
        "segments": [{"id": "s1", "name": "Trial"}, {"id": "s2", "name": "Churned"}],
        "messages": [{"user": {"id": "u1", "email": "a@b.example"}, "segments": [{"id": "s2"}]}],
    }
    rules = Rules.compile(
        ConnectorSettings.model_validate({"contact_synchronized_segments": ["s1", "s9"]})
    )

    (found,) = explain(json.dumps(envelope).encode(), (), rules)

    assert [step.detail for step in found.steps] == [
        f"{reasons.CONTACT_FILTER} Its segments: Churned (s2). The filter: Trial (s1).",
        "it names what is no segment (any more): s9",
    ]


def test_segments_that_are_mapped_are_told_as_rows() -> None:
    settings = ConnectorSettings.model_validate(
        {
            "contact_synchronized_segments": ["s1"],
            "contact_attributes_outbound": table(("email", "email"), ("segments", "tags")),
            "contact_custom_attributes_outbound": table(
                ("account.segments", "Segments"), ("account.segment_ids", "Ids")
            ),
        }
    )
    message = {
        "user": {"id": "u1", "email": "a@b.example"},
        "segments": [{"id": "s1", "name": "Trial"}],
        "account_segments": [{"id": "a1"}],
        "changes": {"is_new": False, "segments": {"left": [{"id": "s2", "name": "Churned"}]}},
    }

    (found,) = explain(json.dumps(message).encode(), (), Rules.compile(settings))

    assert [step.detail for step in found.steps if step.name == "Gate"] == [
        "left the segment Churned (s2)"
    ]
    assert [(row.attribute, row.found_as, row.written, row.note) for row in found.fields[1:]] == [
        ("segments", "segments", ["Trial"], ""),
        ("account.segments", None, None, f"left out: {reasons.SEGMENT_WITHOUT_NAME}"),
        ("account.segment_ids", "account.segment_ids", ["a1"], ""),
    ]


def test_headers_count() -> None:
    record = {name: value for name, value in RECORDS[3].items() if name != "changes"}

    (found,) = explain(json.dumps(record).encode(), (("is_export", b"true"),), RULES)

    assert (found.is_export, found.steps[0].detail) == (True, "an export passes")


def test_a_tombstone_is_skipped() -> None:
    (found,) = explain(None, (), RULES)

    assert (found.kind, found.verdict, found.reason) == ("tombstone", "skip", "tombstone")


def test_an_explanation_is_plain_json() -> None:
    value = json.dumps(RECORDS[0]).encode()

    told = json.loads(json.dumps(to_json(explain(value, (), RULES))))

    assert told["messages"][0]["verdict"] == "send"
    assert told["messages"][0]["requests"][1]["path"] == "/endusers"
    assert told["messages"][0]["fields"][0].keys() == {
        *("model", "target", "attribute", "found_as", "value", "is_sent", "written", "note"),
    }


def test_rows_that_do_not_fit_the_tenant_s_fields_are_told_as_the_service_takes_them() -> None:
    rules = Rules.compile(
        ConnectorSettings.model_validate(
            {
                "contact_synchronized_segments": ["s"],
                "contact_attributes_outbound": table(("email", "email")),
                "contact_custom_attributes_outbound": table(
                    ("plan", "Plann"), ("plans", "Plans"), ("seats", "Seats")
                ),
                "unknown_list_values": "skip",
            }
        )
    )
    tenant = Tenant(rules, "skip")
    plans = custom("Plans", "multipicklist", listValues=["Gold"])
    tenant.read([plans, custom("Seats", "number")], 0.0)
    user = {"id": "u", "email": "a@b.com", "plan": "x", "plans": ["gold", "Tin"], "seats": "many"}
    record = {"user": user, "account": {"id": "a", "planhat/id": "c"}, "segments": [{"id": "s"}]}

    (found,) = explain(json.dumps(record).encode(), (), tenant.in_force.rules)

    assert [(row.target, row.is_sent, row.note) for row in found.fields[1:]] == [
        ("custom.Plans", True, "left out in part: no value that the list offers"),
        ("custom.Seats", False, "left out: no number that can be written"),
        ("custom.Plann", False, "not sent: Planhat has no such field"),
    ]
    assert body(found, 0)["custom"] == {"Plans": ["Gold"]}
