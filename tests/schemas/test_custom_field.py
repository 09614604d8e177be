"""Rows of `GET /customfields`, as tenants spell them."""

import pytest
from pydantic import ValidationError

from schemas.custom_field import CustomField, FieldType
from schemas.planhat import Resource


def test_a_row_is_read_whole() -> None:
    field = CustomField.model_validate(
        {
            "_id": "6a0000000000000000000001",
            "parent": "company",
            "name": "Tier",
            "type": "list",
            "listValues": ["Gold", "Silver"],
            "isLocked": True,
            "isFormula": False,
            "isMandatory": True,
            "isHidden": True,
        }
    )
    assert (field.parent, field.name, field.type) == (Resource.COMPANIES, "Tier", FieldType.LIST)
    assert field.list_values == ("Gold", "Silver")
    assert (field.is_locked, field.is_formula, field.is_mandatory, field.is_hidden) == (
        True,
        False,
        True,
        True,
    )


@pytest.mark.parametrize(
    ("spelling", "meant"),
    [
        ("rich text", FieldType.RICH_TEXT),
        ("Rich Text", FieldType.RICH_TEXT),
        ("richtext", FieldType.RICH_TEXT),
        ("rich_text", FieldType.RICH_TEXT),
        ("team member", FieldType.TEAM_MEMBER),
        ("teamMember", FieldType.TEAM_MEMBER),
        ("team members", FieldType.TEAM_MEMBERS),
        ("multi picklist", FieldType.MULTIPICKLIST),
        ("sparkline", FieldType.UNKNOWN),
        (None, FieldType.UNKNOWN),
        (7, FieldType.UNKNOWN),
    ],
)
def test_a_type_is_known_by_its_letters(spelling: object, meant: FieldType) -> None:
    assert CustomField.model_validate({"name": "x", "type": spelling}).type is meant


@pytest.mark.parametrize(
    ("spelling", "meant"),
    [
        ("company", Resource.COMPANIES),
        ("Companies", Resource.COMPANIES),
        ("enduser", Resource.ENDUSERS),
        ("endusers", Resource.ENDUSERS),
        ("license", Resource.LICENSES),
        ("Licence", Resource.LICENSES),
        ("asset", None),
        (None, None),
        (["company"], None),
    ],
)
def test_a_model_is_known_in_singular_and_plural(spelling: object, meant: Resource | None) -> None:
    assert CustomField.model_validate({"name": "x", "parent": spelling}).parent is meant


@pytest.mark.parametrize("row", [{}, {"name": ""}, {"name": None}, {"name": 7}, [], "x", None])
def test_a_row_without_a_name_is_no_field(row: object) -> None:
    with pytest.raises(ValidationError):
        CustomField.model_validate(row)


def test_values_of_a_list_may_be_objects() -> None:
    row = {"name": "x", "listValues": [{"value": "a"}, {"name": "b"}, "c", 4, None, True, {"q": 1}]}
    assert CustomField.model_validate(row).list_values == ("a", "b", "c", "4")


def test_what_is_no_list_of_values_offers_none() -> None:
    assert CustomField.model_validate({"name": "x", "listValues": "a,b"}).list_values == ()


@pytest.mark.parametrize(
    ("row", "keeps"),
    [
        ({"name": "Tier", "isLocked": True}, True),
        ({"name": "Stage-SF"}, True),
        ({"name": "Tier"}, False),
    ],
)
def test_a_locked_field_and_one_of_salesforce_keep_their_values(
    row: dict[str, object], *, keeps: bool
) -> None:
    assert CustomField.model_validate(row).keeps_its_value is keeps
