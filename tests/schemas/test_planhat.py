"""What Planhat sends back, as leniently as it must be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from pydantic import ValidationError

from schemas.planhat import BulkResult, LeanCompany, PlanhatUser, Resource
from tests.planhat_client.odd_json import ODD_JSON


def test_resources_are_named_as_in_planhats_paths() -> None:
    assert [str(each) for each in Resource] == ["companies", "endusers", "licenses", "activities"]


def test_a_whole_result_is_read() -> None:
    result = BulkResult.model_validate(
        {
            "created": 1,
            "createdErrors": ["a"],
            "insertsKeys": [{"_id": "1"}],
            "updated": 2,
            "updatedErrors": ["b"],
            "updatesKeys": [{"_id": "2"}],
            "nonupdates": 3,
            "modified": ["2"],
            "upsertedIds": ["1"],
            "permissionErrors": ["c"],
            "validationErrors": ["d"],
        }
    )

    assert result.succeeded == 6
    assert result.errors == ("a", "b", "c", "d")
    assert result.inserted == ({"_id": "1"},)
    assert result.changed == ({"_id": "2"},)
    assert result.is_counted


def test_a_result_of_nothing_counts_nothing() -> None:
    result = BulkResult.model_validate({})

    assert (result.succeeded, result.errors, result.is_counted) == (0, (), False)


@pytest.mark.parametrize(
    ("value", "count"),
    [(2, 2), (2.0, 2), (-1, 0), (True, 0), ("2", 0), (None, 0), ([], 0), (1.5, 0)],
)
def test_a_count_is_a_whole_number_or_none_at_all(value: object, count: int) -> None:
    assert BulkResult.model_validate({"created": value}).created == count


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        (["a"], ("a",)),
        ("a", ("a",)),
        ({"item": 1}, ({"item": 1},)),
        ([], ()),
        ({}, ()),
        ("", ()),
        (None, ()),
        (False, ()),
        ([None], (None,)),
    ],
)
def test_errors_may_be_a_list_or_one_entry(value: object, entries: tuple[object, ...]) -> None:
    assert BulkResult.model_validate({"updatedErrors": value}).errors == entries


@pytest.mark.parametrize("name", ["errors", "error"])
def test_errors_under_another_name_are_not_overlooked(name: str) -> None:
    result = BulkResult.model_validate({name: ["x"]})

    assert (result.errors, result.listed_errors) == (("x",), ())


@given(ODD_JSON)
def test_any_object_is_a_result(document: object) -> None:
    if isinstance(document, dict):
        BulkResult.model_validate(document)


@pytest.mark.parametrize(
    ("row", "external_id"),
    [
        ({"_id": "1", "externalId": "a"}, "a"),
        ({"_id": "1", "externalId": ""}, None),
        ({"_id": "1", "externalId": None}, None),
        ({"_id": "1", "externalId": 7}, "7"),
        ({"_id": "1", "externalId": []}, None),
        ({"_id": "1"}, None),
    ],
)
def test_a_company_may_have_no_external_id(row: object, external_id: str | None) -> None:
    assert LeanCompany.model_validate(row).external_id == external_id


@pytest.mark.parametrize("row", [{}, {"_id": None}, {"_id": 7}, "row", None, []])
def test_a_row_without_an_id_is_none(row: object) -> None:
    with pytest.raises(ValidationError):
        LeanCompany.model_validate(row)
    with pytest.raises(ValidationError):
        PlanhatUser.model_validate(row)
