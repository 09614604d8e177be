"""The schemas allow what the service accepts, and tell an editor what there is."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
import yaml

from consumer.cli.schema import schema_text
from schemas.connector import ConnectorSettings
from tests.consumer.cli.commands import CONNECTOR, ROOT
from tests.consumer.watch.explain.hull_messages import RECORDS

SETTINGS: dict[str, Any] = json.loads(schema_text("settings"))
RECORD: dict[str, Any] = json.loads(schema_text("record"))
GOOD: dict[str, Any] = yaml.safe_load(CONNECTOR.read_text("utf-8"))
PAGE = (ROOT / "docs" / "configuration.md").read_text("utf-8")


def is_valid(document: object, schema: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(document))


@pytest.mark.parametrize("schema", [SETTINGS, RECORD], ids=["settings", "record"])
def test_a_schema_is_one(schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)


def test_each_setting_is_described() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", PAGE.split("## Connector settings")[1], re.MULTILINE))

    assert named <= SETTINGS["properties"].keys()
    assert ConnectorSettings.model_fields.keys() <= SETTINGS["properties"].keys()
    assert all(one["description"] for one in SETTINGS["properties"].values())


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"tenant_id": None, "contact_events": None, "api_prefix": ""},
        {"personal_acccess_token": "t"},
        {"contact_synchronized_segments": [123]},
        {
            "contact_attributes_outbound": [
                {},
                None,
                {"hull_field_name": "email", "service_field_name": ""},
            ]
        },
        {
            "contact_attributes_outbound": [
                {"hull_field_name": "name", "service_field_name": "Full name"}
            ]
        },
        {
            "account_attributes_outbound": [
                {"hull_field_name": "name", "service_field_name": "Name (*)"}
            ]
        },
        {
            "account_licenses_custom_attributes_outbound": [
                {"hull_field_name": "x", "service_field_name": "X", "overwrite": one}
                for one in ("if_set", "always", "", None)
            ]
        },
        {"on_segment_left": "archive", "send_null_values": True, "fetch_interval_users": 5},
    ],
    ids=lambda changed: ", ".join(changed) or "the samples",
)
def test_what_the_service_accepts_is_allowed(changed: dict[str, Any]) -> None:
    document = GOOD | changed

    ConnectorSettings.from_text(json.dumps(document), "test")
    assert is_valid(document, SETTINGS)


@pytest.mark.parametrize(
    "changed",
    [
        {"contact_segments": []},
        {
            "contact_attributes_outbound": [
                {"hull_field_name": "x", "service_field_name": "name", "overwrite": "never"}
            ]
        },
        {"contact_attributes_outbound": [{"hull_field_name": "x", "service_field_name": "nope"}]},
        {"contact_attributes_outbound": [{"hull_name": "x"}]},
        {"contact_synchronized_segments": "one"},
        {"on_segment_left": "delete"},
    ],
    ids=str,
)
def test_what_the_service_refuses_is_not_allowed(changed: dict[str, Any]) -> None:
    assert not is_valid(GOOD | changed, SETTINGS)


def test_the_choices_of_a_table_are_planhats_fields_and_the_old_labels() -> None:
    table = SETTINGS["properties"]["contact_attributes_outbound"]["anyOf"][0]
    choices = table["items"]["properties"]["service_field_name"]["enum"]

    assert {"email", "externalId", "position", "Full name", "Last Name"} <= set(choices)


@pytest.mark.parametrize("number", range(1, 13))
def test_the_sample_records_are_allowed(number: int) -> None:
    assert is_valid(RECORDS[number - 1], RECORD)


@pytest.mark.parametrize(
    "record",
    [{"user": "x"}, {"messages": 5, "user": 7}, {"user": {}, "segments": [5]}, []],
    ids=str,
)
def test_what_is_no_record_is_not_allowed(record: object) -> None:
    assert not is_valid(record, RECORD)
