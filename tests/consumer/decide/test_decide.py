"""The twelve telling records, decided as a person would from the rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from consumer.decide import reasons
from consumer.decide.decide import decide
from consumer.decide.decision import AccountDecision, Link, Payload, Skip, UserDecision
from consumer.decide.message import AccountMessage, Invalid, Messages, Unsupported, UserMessage
from consumer.decide.parse import parse
from consumer.decide.rules import Rules
from schemas.connector import ConnectorSettings
from schemas.planhat import Resource

DATA = Path(__file__).parents[2] / "data"
SETTINGS = ConnectorSettings.from_text((DATA / "connector.yaml").read_text(), "connector.yaml")
RULES = Rules.compile(SETTINGS)
RECORDS = [json.loads(line)["record"] for line in (DATA / "records.jsonl").read_text().splitlines()]


def decided(record: dict[str, Any], position: int = 0, rules: Rules = RULES) -> Any:  # noqa: ANN401 - a test matches on it
    parsed = parse(json.dumps(record).encode())
    assert isinstance(parsed, Messages)
    message = parsed.messages[position]
    return decide(message, rules) if isinstance(message, UserMessage | AccountMessage) else message


def user(number: int, position: int = 0) -> UserDecision:
    found = decided(RECORDS[number - 1], position)
    assert isinstance(found, UserDecision)
    return found


def account(number: int) -> AccountDecision:
    found = decided(RECORDS[number - 1])
    assert isinstance(found, AccountDecision)
    return found


def body(payload: Payload | Skip) -> dict[str, Any]:
    assert isinstance(payload, Payload)
    return payload.body


def test_a_new_user_is_sent_with_false_and_zero_as_data() -> None:
    assert body(user(1).enduser) == {
        "name": "Ada Byron",
        "email": "ada.byron+test@acme.example",
        "externalId": "u-1001",
        "position": "Head of Analytics",
        "tags": ["champion", "beta"],
        "featured": False,
        "custom": {
            "Logins (30 days)": 0,
            "Last login": "2019-07-09T22:10:05.120Z",
            "Plan": "Scale",
        },
    }


def test_the_company_of_a_new_user_may_be_created() -> None:
    assert body(user(1).company)["externalId"] == "acme-01"
    assert user(1).company_stub == Payload(
        "5d25f6ce0f6b1168e1010001", {"externalId": "acme-01", "name": "Acme Ltd"}
    )


def test_a_tracked_event_becomes_an_activity_and_another_is_skipped() -> None:
    (activity,) = user(1).activities

    assert activity.body["action"] == "Signed in"
    assert activity.body["date"] == "2018-03-30T14:38:02Z"
    assert activity.body["companyExternalId"] == "acme-01"
    assert user(1).skipped_events == (("Page viewed", Skip(reasons.TRACKING_FILTER)),)


def test_an_unmapped_change_is_gated() -> None:
    assert user(2).enduser == Skip(reasons.NOTHING_CHANGED)


def test_a_move_is_sent_to_the_company_that_planhat_knows() -> None:
    link = user(3).link
    assert link is not None
    assert link.planhat_id == "5d81eb28aeeafc7a74d8f999"
    assert body(user(3).enduser)["tags"] == []
    assert isinstance(user(3).company, Skip)


@pytest.mark.parametrize("number", [4, 5])
def test_who_is_in_no_segment_of_the_filter_is_not_sent(number: int) -> None:
    assert user(number).enduser == Skip(reasons.CONTACT_FILTER)
    assert user(number).activities == ()


def test_a_gated_user_keeps_its_tracked_events() -> None:
    assert user(6).enduser == Skip(reasons.NOTHING_CHANGED)
    (activity,) = user(6).activities
    assert activity.body["email"] == "solo@example.org"


def test_an_export_passes_the_filter_but_needs_an_identity() -> None:
    assert body(user(7, 0).enduser)["externalId"] == "u-1006"
    assert user(7, 1).enduser == Skip(reasons.NO_IDENTITY)


def test_an_account_is_sent_with_its_licences() -> None:
    assert body(account(8).company)["owner"] == "5b0000000000000000000bad"
    (licence,) = account(8).lists[0].payloads
    assert licence.body["fromDate"] == "2019-12-11T09:46:08Z"
    assert licence.body["custom"] == {"Seats": 42}


def test_both_reasons_of_an_account_are_told() -> None:
    both = f"{reasons.EXTERNAL_ID_REQUIRED} {reasons.ACCOUNT_FILTER}"
    assert account(9).company == Skip(both)


def test_our_own_write_back_is_never_sent_back() -> None:
    assert account(10).company == Skip(reasons.NOTHING_CHANGED)


def test_a_foreign_channel_is_skipped_and_what_is_no_message_is_rejected() -> None:
    assert decided(RECORDS[10]) == Unsupported("ship:update")
    assert isinstance(decided(RECORDS[11]), Invalid)


def test_an_empty_filter_sends_nobody() -> None:
    nobody = Rules.compile(SETTINGS.model_copy(update={"contact_synchronized_segments": ()}))

    assert decided(RECORDS[0], rules=nobody).enduser == Skip(reasons.CONTACT_FILTER)


@pytest.mark.parametrize(
    "changes",
    [
        {"is_new": True},
        {"user": {"crm/title": ["a", "b"]}},
        {"user": {"traits_crm/tags[0]": [None, "x"]}},
        {"user": {"crm": {"title": ["a", "b"]}}},
        {"account": {"billing/plan": ["a", "b"]}},
        {"account": {"id": ["1", "2"]}},
        {"account": {"planhat/id": [None, "1"]}},
        {"segments": {"entered": [{"id": "5d2f0c1e8f0b7a0001a1b002"}]}},
        {"account_segments": {"entered": [{"id": "5d2f0c1e8f0b7a0001a1c001"}]}},
    ],
    ids=str,
)
def test_what_matters_opens_the_gate(changes: dict[str, Any]) -> None:
    assert isinstance(decided({**RECORDS[0], "changes": changes}).enduser, Payload)


@pytest.mark.parametrize(
    "changes",
    [
        {"is_new": False},
        {"user": {"product/theme": ["a", "b"]}},
        {"user": {"planhat/id": [None, "1"]}},
        {"account": {"billing/seats": [1, 2]}},
        {"segments": {"entered": [{"id": "another"}], "left": [{"id": "x"}]}},
    ],
    ids=str,
)
def test_what_does_not_matter_is_gated(changes: dict[str, Any]) -> None:
    gated = decided({**RECORDS[0], "changes": changes}).enduser

    assert gated == Skip(reasons.NOTHING_CHANGED)


@pytest.mark.parametrize("nothing", [None, {}, []], ids=str)
def test_no_changes_say_nothing_so_the_user_is_sent(nothing: object) -> None:
    assert isinstance(decided({**RECORDS[0], "changes": nothing}).enduser, Payload)


@pytest.mark.parametrize("missing", ["currency", "start_date", "id", "mrr"])
def test_a_licence_without_a_required_field_names_it(missing: str) -> None:
    record = json.loads(json.dumps(RECORDS[7]))
    del record["account"]["billing/licenses"][0][missing]

    found = decided(record)

    names = {"currency": "_currency", "start_date": "fromDate", "id": "externalId", "mrr": "mrr"}
    assert found.lists[0].payloads == []
    assert found.lists[0].rejected == [f"licence 0: {names[missing]} is missing"]


ARCHIVING = Rules.compile(SETTINGS.model_copy(update={"on_segment_left": "archive"}))
LEFT = RECORDS[4]


def test_who_left_is_archived_where_it_is_set_by_identity_alone() -> None:
    found = decided(LEFT, rules=ARCHIVING)

    assert found.enduser == Payload(
        "5d25f6ce0f6b1168e1020004", {"email": "left@acme.example", "archived": True}
    )


BY_SOURCE = Rules.compile(
    ConnectorSettings.model_validate(
        {
            "on_segment_left": "archive",
            "contact_synchronized_segments": ["s"],
            "contact_attributes_outbound": [
                {"hull_field_name": name, "service_field_name": target}
                for name, target in (
                    ("external_id", "externalId"),
                    ("crm_id", "sourceId"),
                    ("email", "email"),
                    ("name", "name"),
                )
            ],
        }
    )
)


@pytest.mark.parametrize(
    ("attributes", "sent"),
    [
        ({"external_id": "u"}, {"externalId": "u"}),
        ({"external_id": "u", "crm_id": 7}, {"externalId": "u", "sourceId": "7"}),
        ({"email": "a@b.example", "crm_id": "7"}, {"email": "a@b.example", "sourceId": "7"}),
        ({"crm_id": "7"}, None),
        (
            {"external_id": "u", "traits_planhat/id": "5e" + "0" * 22},
            {"externalId": "u", "_id": "5e" + "0" * 22},
        ),
    ],
    ids=str,
)
def test_who_left_is_archived_by_all_its_keys_if_planhat_takes_them(
    attributes: dict[str, Any], sent: dict[str, Any] | None
) -> None:
    record = {
        "user": {"id": "h", "name": "Ann", **attributes},
        "changes": {"segments": {"left": [{"id": "s"}]}},
    }

    found = decided(record, rules=BY_SOURCE).enduser

    skipped = Skip(reasons.CONTACT_FILTER)
    assert found == (Payload("h", {**sent, "archived": True}) if sent else skipped)


def test_nothing_is_created_and_no_event_sent_for_who_left() -> None:
    events = [{"event": "Signed in", "event_id": "e1"}]

    found = decided({**LEFT, "events": events}, rules=ARCHIVING)

    assert isinstance(found.company, Skip)
    assert (found.company_stub, found.activities) == (None, ())


def test_who_was_never_in_the_filter_is_not_archived() -> None:
    assert decided(RECORDS[3], rules=ARCHIVING).enduser == Skip(reasons.CONTACT_FILTER)


def test_who_enters_is_taken_out_of_the_archive() -> None:
    assert body(decided(RECORDS[0], rules=ARCHIVING).enduser)["archived"] is False
    assert "archived" not in body(decided(RECORDS[2], rules=ARCHIVING).enduser)


def test_an_export_of_a_user_does_not_create_a_company_outside_the_filter() -> None:
    assert user(7).company == Skip(reasons.ACCOUNT_FILTER)


def test_a_user_without_an_account_has_no_company_to_link() -> None:
    found = decided({**RECORDS[0], "account": None})

    assert found.company == Skip(reasons.NO_COMPANY_ID)
    assert found.link == Link(None, None, None)


@pytest.mark.parametrize("name", [None, "", "  ", ...], ids=repr)
def test_an_account_without_a_name_is_not_sent(name: object) -> None:
    record = json.loads(json.dumps(RECORDS[7]))
    record["account"].pop("name")
    record["account"] |= {} if name is ... else {"name": name}

    found = decided(record)

    assert found.company == Skip(reasons.NO_COMPANY_NAME)
    assert found.lists == []


def test_an_event_twice_in_a_message_is_sent_once_but_events_without_an_id_all() -> None:
    once = {"event": "Signed in", "event_id": "e1"}
    nameless = {"event": "Signed in", "event_id": ""}
    record = {**RECORDS[0], "events": [once, once, nameless, nameless, {"event": "Signed in"}]}

    found = decided(record)

    first, *others = [activity.event_id for activity in found.activities]
    assert first is not None
    assert others == [None, None, None]
    assert found.skipped_events == (("Signed in", Skip(reasons.EVENT_REPEATED)),)


def test_one_id_of_several_events_of_a_message_is_no_repeat() -> None:
    first = {"event": "Signed in", "event_id": "991", "created_at": "2026-01-01T00:00:00Z"}
    later, other = (
        {**first, "created_at": "2026-01-02T00:00:00Z"},
        {**first, "event": "Report exported"},
    )

    found = decided({**RECORDS[0], "events": [first, later, other, dict(first)]})

    assert len(found.activities) == 3
    assert found.skipped_events == (("Signed in", Skip(reasons.EVENT_REPEATED)),)


def test_an_event_of_somebody_whom_planhat_can_not_know_is_skipped_with_the_reason() -> None:
    nobody = {**RECORDS[0]["user"], "external_id": None, "email": None}

    found = decided({**RECORDS[0], "user": nobody, "events": [{"event": "Signed in"}]})

    assert found.activities == ()
    assert found.skipped_events == (("Signed in", Skip(reasons.NO_IDENTITY)),)


def test_events_keep_their_order() -> None:
    names = ["Report exported", "Signed in", "Plan upgraded", "Signed in"]

    found = decided({**RECORDS[0], "events": [{"event": name} for name in names]})

    assert [activity.body["action"] for activity in found.activities] == names


ODD_SEGMENTS = [{"id": None}, {"id": "5d2f0c1e8f0b7a0001a1b001"}]


def test_an_event_without_a_name_costs_itself_alone() -> None:
    events = [{"event": ["Signed in"]}, {"event": None}, {"event": "Signed in"}]

    found = decided({**RECORDS[0], "events": events})

    assert isinstance(found.enduser, Payload)
    assert [one.body["action"] for one in found.activities] == ["Signed in"]
    assert found.skipped_events == (("", Skip(reasons.EVENT_NAMELESS)),) * 2


def test_what_is_of_a_wrong_type_is_left_out_and_told() -> None:
    events = [7, {"event": "Signed in", "created_at": "the other day", "properties": "x"}]
    account = {**RECORDS[0]["account"], "traits_x": 1}
    user = {**RECORDS[0]["user"], "traits_crm/tags": {"0": "a"}, "traits_crm/title": ["a", "b"]}

    found = decided({**RECORDS[0], "user": user, "account": account, "events": events})

    assert isinstance(found.enduser, Payload)
    assert found.unreadable == ()
    assert set(found.left_out) == {
        (Resource.ENDUSERS, "events", reasons.UNREADABLE),
        (Resource.ENDUSERS, "tags", reasons.NOT_A_LIST),
        (Resource.ENDUSERS, "position", reasons.NOT_A_TEXT),
        (Resource.ACTIVITIES, "date", reasons.NOT_A_DATE),
    }
    assert "date" not in found.activities[0].body


def test_what_is_left_out_of_licences_alone_is_told() -> None:
    record = json.loads(json.dumps(RECORDS[7]))
    record["account"]["billing/licenses"][0]["end_date"] = "some day"

    found = decided(record)

    assert isinstance(found.company, Payload)
    assert found.left_out == ((Resource.LICENSES, "toDate", reasons.NOT_A_DATE),)


def test_what_cannot_be_read_of_an_account_alone_is_told() -> None:
    found = decided({**RECORDS[7], "changes": "x"})

    assert isinstance(found.company, Payload)
    assert found.left_out == ((Resource.COMPANIES, "changes", reasons.UNREADABLE),)


def test_nothing_is_told_of_who_is_gated() -> None:
    user = {**RECORDS[0]["user"], "traits_crm/tags": {"0": "a"}}

    found = decided({**RECORDS[0], "user": user, "changes": {"is_new": False}})

    assert (found.enduser, found.left_out) == (Skip(reasons.NOTHING_CHANGED), ())


def test_a_key_of_a_wrong_type_is_told_of_who_is_skipped_for_it() -> None:
    found = decided({**RECORDS[0], "user": {"id": "u1", "email": ["a@b.c"]}})

    assert found.enduser == Skip(reasons.NO_IDENTITY)
    assert found.left_out == ((Resource.ENDUSERS, "email", reasons.NOT_A_KEY),)


def test_a_segment_that_cannot_be_read_costs_only_who_may_be_in_it() -> None:
    inside = decided({**RECORDS[0], "segments": ODD_SEGMENTS})
    outside = decided({**RECORDS[0], "segments": ODD_SEGMENTS[:1]})
    export = decided({**RECORDS[0], "segments": "x", "is_export": True})

    assert isinstance(inside.enduser, Payload)
    assert inside.unreadable == ()
    assert outside.enduser == Skip(reasons.CONTACT_FILTER)
    assert outside.unreadable == ("segments.0.id: should be text",)
    assert isinstance(export.enduser, Payload)


def test_changes_that_cannot_be_read_open_the_gate() -> None:
    found = decided({**RECORDS[0], "changes": {"is_new": False, "user": "x"}})

    assert isinstance(found.enduser, Payload)
    assert found.unreadable == ()


def test_who_may_have_left_is_not_forgotten_where_it_would_be_archived() -> None:
    found = decided({**LEFT, "changes": {"segments": "x"}}, rules=ARCHIVING)

    assert found.unreadable == ("changes.segments: should be an object",)


def test_an_account_that_cannot_be_read_costs_the_user_but_not_its_events() -> None:
    events = [{"event": "Signed in"}]
    found = decided({**RECORDS[0], "account": "Acme", "events": events})
    gated = decided({**RECORDS[0], "account": "Acme", "changes": {"is_new": False}})

    assert found.unreadable == ("account: should be an object",)
    assert len(found.activities) == 1
    assert gated.unreadable == ()


def test_an_account_whose_segments_cannot_be_read_is_for_the_dead_letters() -> None:
    inside, outside = RECORDS[7], {**RECORDS[7], "account_segments": ["x"]}

    assert isinstance(decided(inside).company, Payload)
    assert decided(outside).company == Skip(reasons.ACCOUNT_FILTER)
    assert decided(outside).unreadable == ("account_segments.0: should be an object",)


def test_blanks_around_a_segment_or_the_name_of_an_event_do_not_matter() -> None:
    segments = [{"id": " 5d2f0c1e8f0b7a0001a1b001 "}]
    found = decided({**RECORDS[0], "segments": segments, "events": [{"event": "Signed in "}]})

    assert isinstance(found.enduser, Payload)
    assert found.activities[0].body["action"] == "Signed in"


def test_two_spellings_of_a_key_are_one() -> None:
    user = {"id": " u1", "email": " Ada@acme.example\n", "external_id": "u-1 "}
    account = {"id": "a1 ", "external_id": "\tacme", "planhat/id": " p1 ", "name": "Acme"}

    found = decided({**RECORDS[0], "user": user, "account": account, "events": []})

    assert (found.hull_id, found.external_id, found.email) == ("u1", "u-1", "Ada@acme.example")
    assert found.link == Link("p1", "acme", "a1")
    assert (body(found.enduser)["email"], body(found.enduser)["externalId"]) == (
        "Ada@acme.example",
        "u-1",
    )
