from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.hull import ABSENT, Attribute, Event, Message, Notification, canonical, changed_names

NOTHING: list[object] = [None, {}, []]
SEGMENTS = [{"id": "s1", "name": "Active users", "stats": {}}]


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


@pytest.mark.parametrize("nothing", NOTHING, ids=str)
@pytest.mark.parametrize(
    "field", ["user", "account", "segments", "account_segments", "events", "changes"]
)
def test_null_and_empty_are_the_same_as_absent(field: str, nothing: object) -> None:
    assert Message.model_validate({field: nothing}) == Message()


@pytest.mark.parametrize("nothing", NOTHING, ids=str)
@pytest.mark.parametrize("field", ["user", "account", "segments", "account_segments"])
def test_nothing_inside_changes_is_the_same_as_absent(field: str, nothing: object) -> None:
    message = Message.model_validate({"changes": {"is_new": True, field: nothing}})

    assert message == Message.model_validate({"changes": {"is_new": True}})


def test_segments_that_were_entered_and_left_are_read() -> None:
    changes = {"segments": {"entered": SEGMENTS, "left": None}}

    found = Message.model_validate({"changes": changes}).changes

    assert found is not None
    assert found.segments is not None
    assert [segment.id for segment in found.segments.entered] == ["s1"]
    assert found.segments.left == ()


def test_unknown_fields_are_ignored() -> None:
    assert Message.model_validate({"update_id": "x", "matchesFilter": True}) == Message()


def test_ids_may_be_numbers() -> None:
    assert Message.model_validate({"segments": [{"id": 17}]}).segments[0].id == "17"


@pytest.mark.parametrize("created_at", ["2018-03-30 14:38:02 UTC", 1531000000, None, {"odd": 1}])
def test_no_date_makes_an_event_unreadable(created_at: object) -> None:
    assert Event.model_validate({"event": "Signed in", "created_at": created_at}).properties == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": "Ada"},
        {"account": [1]},
        {"segments": {"0": {"id": "s1"}}},
        {"segments": [{"name": "no id"}]},
        {"events": ["Signed in"]},
        {"changes": {"is_new": "perhaps"}},
    ],
    ids=str,
)
def test_a_wrong_type_is_refused_without_its_value(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        Message.model_validate(wrong)

    assert "input_value" not in str(error.value)


@pytest.mark.parametrize(
    "unused",
    [
        {"message_id": {"at": 1}},
        {"notification_id": []},
        {"channel": ["user:update"]},
        {"segments": [{"id": "s1", "name": {"en": "Users"}, "stats": 7}]},
        {"events": [{"event_id": {}, "context": 5}]},
    ],
    ids=str,
)
def test_what_is_not_used_may_be_of_any_type(unused: dict[str, Any]) -> None:
    Message.model_validate(unused)
    Notification.model_validate({**unused, "messages": []})


def test_an_envelope_leaves_its_messages_unread() -> None:
    envelope = Notification.model_validate({"channel": "user:update", "messages": [7, {}, None]})

    assert envelope.messages == [7, {}, None]
