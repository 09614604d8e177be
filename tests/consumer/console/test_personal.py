"""What is shown of payloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.console.personal import Shown
from consumer.log.masking import masked_emails
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
        ("phone", 4912345, "***"),
        ("phone", None, None),
        ("externalId", "e-1", "e-1"),
        ("externalId", "jane@acme.com", "j***@a***.com"),
        ("companyId", "5d2f", "5d2f"),
        ("featured", True, True),
        ("custom", {"Street": "Elm 5", "Seats": 7, "Since": "2026-01-02T03:04:05Z"}, None),
    ],
)
def test_of_a_person_only_what_names_nobody(name: str, value: JsonValue, shown: JsonValue) -> None:
    if name == "custom":
        shown = {"Street": "E***", "Seats": 7, "Since": "2026-01-02T03:04:05Z"}

    assert SHOWN.payload(Resource.ENDUSERS, {name: value}) == {name: shown}


def test_of_a_company_all_but_addresses_and_telephones() -> None:
    body = {"name": "Acme", "phone": "+49 123", "custom": {"Contact": "jane@acme.com"}}

    assert SHOWN.payload(Resource.COMPANIES, body) == {
        "name": "Acme",
        "phone": "***",
        "custom": {"Contact": "j***@a***.com"},
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
