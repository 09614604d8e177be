from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.attribute import ABSENT, Attribute, canonical, changed_names


@pytest.mark.parametrize(
    "name", ["traits_crm/title", "crm/title", "crm.title", "traits_traits_crm/title"]
)
@pytest.mark.parametrize(
    "entity",
    [
        {"traits_crm/title": "Admiral"},
        {"crm/title": "Admiral"},
        {"crm": {"title": "Admiral"}},
        {"traits_traits_crm/title": "Admiral"},
    ],
    ids=str,
)
def test_a_grouped_attribute_is_read_from_any_spelling(name: str, entity: dict[str, Any]) -> None:
    assert Attribute(name).read(entity) == "Admiral"


@pytest.mark.parametrize("name", ["traits_coconut", "coconut"])
@pytest.mark.parametrize("entity", [{"traits_coconut": 0}, {"coconut": 0}], ids=str)
def test_an_ungrouped_attribute_is_read_from_any_spelling(
    name: str, entity: dict[str, Any]
) -> None:
    assert Attribute(name).read(entity) == 0


def test_the_name_as_given_comes_first() -> None:
    entity = {"email": "a@b.example", "traits_email": "c@d.example"}

    assert Attribute("email").read(entity) == "a@b.example"
    assert Attribute("traits_email").read(entity) == "c@d.example"


@pytest.mark.parametrize("entity", [{}, {"crm": None}, {"crm": "x"}, {"crm": {}}], ids=str)
def test_what_is_not_there_is_absent(entity: dict[str, Any]) -> None:
    assert Attribute("crm/title").read(entity) is ABSENT


def test_a_dotted_name_may_be_the_literal_one() -> None:
    assert Attribute("crm.title").read({"crm.title": "Admiral"}) == "Admiral"


def test_null_is_a_value() -> None:
    assert Attribute("crm/title").read({"crm/title": None}) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"traits_crm/tags": [[], ["a"]]},
        {"crm/tags[0]": [None, "a"]},
        {"traits_crm/tags[12]": [None, "a"]},
        {"crm": {"tags": [[], ["a"]]}},
        {"crm": {"tags[1]": [None, "a"]}},
        {"crm.tags[1]": [None, "a"]},
        {"crm/tags[0].name": [None, "a"]},
    ],
    ids=str,
)
def test_a_change_is_named_as_its_attribute(changes: dict[str, Any]) -> None:
    assert changed_names(changes) == {"crm/tags"}


@given(st.text(max_size=30))
def test_a_canonical_name_is_its_own(name: str) -> None:
    assert canonical(canonical(name)) == canonical(name)


@given(st.text("traits_/.ab", max_size=20), st.integers())
def test_an_attribute_is_read_by_each_of_its_spellings(name: str, value: int) -> None:
    attribute = Attribute(name)

    assert all(attribute.read({spelling: value}) == value for spelling in attribute.spellings)
