"""What was learnt of a tenant, as a document."""

from __future__ import annotations

import json

import pytest

from schemas.dialect import Dialect
from schemas.settings_error import InvalidSettings


def test_nothing_is_known_of_an_empty_document() -> None:
    assert Dialect.from_json("{}").known() == {}


def test_a_document_comes_back_as_it_was_written() -> None:
    learnt = Dialect(unknown_id="ignored", activity_keys=("euExtId", "email"))

    assert Dialect.from_json(learnt.model_dump_json()) == learnt
    assert learnt.known() == {"unknown_id": "ignored", "activity_keys": ("euExtId", "email")}


def test_what_is_known_goes_over_what_is_assumed() -> None:
    assumed = Dialect(unknown_id="created", array="replaces")

    assert Dialect(unknown_id="refused").over(assumed) == Dialect(
        unknown_id="refused", array="replaces"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", "d.json: document: Invalid JSON"),
        ("[]", "d.json: document: Input should be an object"),
        ('{"unknownId": "refused"}', "d.json: unknownId: Extra inputs are not permitted"),
        ('{"array": "add"}', "d.json: array: Input should be 'replaces', 'adds' or 'unknown'"),
        ('{"activity_keys": ["x"]}', "d.json: activity_keys: Input should be"),
    ],
    ids=["no JSON", "no object", "unknown member", "no answer", "no name"],
)
def test_what_is_wrong_is_told_by_member(text: str, line: str) -> None:
    with pytest.raises(InvalidSettings) as raised:
        Dialect.from_json(text, "d.json")

    assert [one[: len(line)] for one in raised.value.lines] == [line]


def test_each_question_is_explained_and_may_be_unasked() -> None:
    schema = Dialect.model_json_schema()

    for found in schema["properties"].values():
        assert found["description"]
        assert found["default"] == "unknown"
        assert '"unknown"' in json.dumps(found.get("anyOf", found))
