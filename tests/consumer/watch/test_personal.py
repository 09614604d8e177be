"""What is shown of payloads."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decide.rules import Rules
from consumer.log.masking import masked_emails
from consumer.watch.personal import Shown
from schemas.connector import ConnectorSettings
from schemas.planhat import Resource

if TYPE_CHECKING:
    from pydantic import JsonValue

SHOWN = Shown(masked_emails, keeps_personal=False)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("name", "Jane Doe", "J***"),
        ("email", "jane@acme.com", "j***@a***.com"),
        ("otherEmails", ["jane@home.org"], ["j***@h***.org"]),
        ("custom", {"Twitter": "@janedoe"}, {"Twitter": "@***"}),
        ("custom", {"Both": "jane@acme.com,@jane"}, {"Both": "j***"}),
        ("phone", 4912345, "***"),
        ("phone", None, None),
        ("externalId", "e-1", "e-1"),
        ("externalId", "jane@acme.com", "j***@a***.com"),
        ("companyId", "5d2f", "5d2f"),
        ("featured", True, True),
        ("tags", ["champion", ""], ["c***", ""]),
        (
            "custom",
            {"Street": "Elm 5", "Plan": "Scale", "Seats": 7, "Since": "2026-01-02T03:04:05Z"},
            {"Street": "***", "Plan": "S***", "Seats": 7, "Since": "2026-01-02T03:04:05Z"},
        ),
    ],
)
def test_of_a_person_only_what_names_nobody(name: str, value: JsonValue, shown: JsonValue) -> None:
    assert SHOWN.payload(Resource.ENDUSERS, {name: value}) == {name: shown}


def test_the_ids_of_an_activity_are_all_in_clear() -> None:
    body: dict[str, Any] = {
        "action": "Signed in",
        "name": "Jane",
        "email": "jane@acme.com",
        **dict.fromkeys(("externalId", "id", "euExtId"), "u-1001"),
        **dict.fromkeys(("companyExternalId", "cId"), "acme-01"),
        "info": {"by": "u-1001", "note": "call Jane", "phone": {"home": 1}},
        "date": "2018-03-30T14:38:02Z",
    }

    assert SHOWN.payload(Resource.ACTIVITIES, body) == {
        **body,
        "name": "J***",
        "email": "j***@a***.com",
        "info": {"by": "u-1001", "note": "c***", "phone": {"home": "***"}},
    }


def test_of_a_company_all_but_addresses_and_telephones() -> None:
    body = {"name": "Acme", "phone": "+49 123", "custom": {"Contact": "jane@acme.com"}}

    assert SHOWN.payload(Resource.COMPANIES, body) == {
        "name": "Acme",
        "phone": "***",
        "custom": {"Contact": "j***@a***.com"},
    }


def test_of_a_message_each_value_is_shown_by_its_kind() -> None:
    message: JsonValue = {
        "configuration": {"secret": "s3cr3t", "id": "c1"},
        "user": {
            "id": "u1",
            "external_id": "e1",
            "name": "Ada",
            "traits_crm/mobile_phone": 491,
            "last_known_ip": "203.0.113.7",
            "email": "a@b.example",
            "planhat": {"id": "p1", "seen_by": "Bo"},
            "phone": None,
            "seats": 7,
            "made_by": "acme",
        },
        "account": {"external_id": "acme", "name": "Acme", "phone": "1"},
        "segments": [{"id": "s", "name": "Active"}],
        "changes": {"user": {"name": ["Al", "Ada"]}, "is_new": False},
        "events": [{"event": "Seen", "context": {"ip": "::1", "browser": "Firefox"}}],
    }

    assert SHOWN.message({"messages": [message, "no message of a@b.example", 5]}) == {
        "messages": [
            {
                "configuration": {"secret": "***", "id": "c1"},
                "user": {
                    "id": "u1",
                    "external_id": "e1",
                    "name": "A***",
                    "traits_crm/mobile_phone": "***",
                    "last_known_ip": "***",
                    "email": "a***@b***.example",
                    "planhat": {"id": "p1", "seen_by": "B***"},
                    "phone": None,
                    "seats": 7,
                    "made_by": "acme",
                },
                "account": {"external_id": "acme", "name": "Acme", "phone": "***"},
                "segments": [{"id": "s", "name": "Active"}],
                "changes": {"user": {"name": ["A***", "A***"]}, "is_new": False},
                "events": [{"event": "Seen", "context": {"ip": "***", "browser": "F***"}}],
            },
            "no message of a***@b***.example",
            5,
        ]
    }


def test_what_hull_calls_it_counts_under_its_name_in_planhat_too() -> None:
    rows = [
        *(("external_id", "User"), ("mobile_phone", "Reached by"), ("title", "Title")),
        *(("account.plan", "Plan"), ("account.plan", "Both"), ("name", "Both")),
    ]
    mapping = [{"hull_field_name": one, "service_field_name": name} for one, name in rows]
    settings = json.dumps({"contact_custom_attributes_outbound": mapping})
    rules = Rules.compile(ConnectorSettings.from_text(settings, "settings"))
    shown = Shown(masked_emails, keeps_personal=False, rules=rules)
    custom: JsonValue = {
        "User": "u-1",
        "Reached by": 491,
        "Title": "Head",
        "Plan": "Scale",
        "Both": "Jane",
    }

    assert shown.payload(Resource.ENDUSERS, {"custom": custom}) == {
        "custom": {
            "User": "u-1",
            "Reached by": "***",
            "Title": "H***",
            "Plan": "Scale",
            "Both": "J***",
        }
    }


def test_all_of_it_where_that_is_told() -> None:
    shown = Shown(lambda text: text, keeps_personal=True)

    assert shown.payload(Resource.ENDUSERS, {"name": "Jane"}) == {"name": "Jane"}


TEXT = st.text(st.characters(codec="utf-8"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
)


@given(st.dictionaries(TEXT, JSON, max_size=5), st.sampled_from(Resource))
def test_any_payload_can_be_written(body: dict[str, Any], resource: Resource) -> None:
    shown = SHOWN.payload(resource, body)

    assert orjson.dumps(shown)


def test_names_of_any_length_are_told_and_what_they_hide_is_hidden() -> None:
    long = "k" * 100_000
    body = {"custom": {long: {"Street": "Elm 5", f"{long} phone": 7, "Plan": "Scale"}}}
    begun = time.process_time()

    shown = SHOWN.payload(Resource.ENDUSERS, {**body, long: {str(n): 1 for n in range(50_000)}})

    assert time.process_time() - begun < 5  # a name was looked through for each value below it
    assert isinstance(shown, dict)
    assert shown["custom"] == {long: {"Street": "***", f"{long} phone": "***", "Plan": "S***"}}
