"""What is read by hand is what the models would read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from consumer.plain_user import plain_user
from consumer.route import route
from schemas.hull import Message

if TYPE_CHECKING:
    from consumer.message import Routed

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, {}, [], "", "text", 5, 1.5, True, False, [None], [{}], {"id": "x"}, "true", "account:x"]
)
SEGMENT = st.fixed_dictionaries(
    {"id": st.sampled_from(["s1", "s2", 7, None, "s" * 200])},
    optional={"name": st.sampled_from(["Users", None, 5]), "type": ODD},
)
SEGMENTS = st.lists(SEGMENT, max_size=3) | ODD
EVENT = st.fixed_dictionaries(
    {}, optional={"event": ODD, "event_id": ODD, "created_at": ODD, "properties": ODD}
)
MOVES = st.fixed_dictionaries({}, optional={"entered": SEGMENTS, "left": SEGMENTS}) | ODD
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "is_new": ODD,
        "user": st.just({"email": [None, "a"]}) | ODD,
        "account": ODD,
        "segments": MOVES,
        "account_segments": MOVES,
    },
)
DOCUMENT = st.fixed_dictionaries(
    {},
    optional={
        "channel": st.sampled_from(["user:update", "account:update"]) | ODD,
        "user": st.fixed_dictionaries({"id": st.just("u1") | ODD}) | ODD,
        "account": st.just({"id": "a1"}) | ODD,
        "segments": SEGMENTS,
        "account_segments": SEGMENTS,
        "events": st.lists(EVENT, max_size=2) | ODD,
        "changes": CHANGES | ODD,
        "message_id": st.just("m1") | ODD,
        "is_export": ODD,
    },
)
CHANNELS = st.sampled_from([None, "", "user:update", "account:update"])


def by_the_models(
    document: dict[str, Any], channel: str | None, *, is_export: bool
) -> Routed | None:
    try:
        message = Message.model_validate(document)
    except ValidationError:
        return None
    return route(message, channel, is_export=is_export)


@given(DOCUMENT, CHANNELS, st.booleans())
@example({"channel": {}, "user": {"id": "u1"}}, None, False)
def test_a_plain_message_is_read_as_the_models_read_it(
    document: dict[str, Any],
    channel: str | None,
    is_export: bool,  # noqa: FBT001 - a drawn value
) -> None:
    found = plain_user(document, channel, is_export=is_export)

    assert found is None or found == by_the_models(document, channel, is_export=is_export)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"account": None, "segments": None, "events": None, "changes": None},
        {"changes": {"is_new": True, "segments": {"entered": [{"id": "s1"}]}}},
        {"events": [{"event": "Signed in", "created_at": 5}], "is_export": True},
    ],
    ids=["usual", "nothing is null", "entered a segment", "an export with an event"],
)
def test_the_usual_forms_are_plain(changed: dict[str, Any]) -> None:
    usual = {
        "channel": "user:update",
        "user": {"id": "u1", "email": "a@example.com"},
        "account": {},
        "segments": [{"id": "s1", "name": "Users", "type": "users_segment"}],
        "account_segments": [],
        "events": [],
        "changes": {"is_new": False, "user": {"email": [None, "a@example.com"]}},
        "message_id": "m1",
    }
    document = {**usual, **changed}

    found = plain_user(document, None, is_export=False)

    assert found is not None
    assert found == by_the_models(document, None, is_export=False)


@pytest.mark.parametrize(
    "changed",
    [{"segments": {}}, {"user": {}}, {"message_id": 5}, {"channel": "account:update"}],
    ids=["an object of segments", "no user", "a number as id", "another channel"],
)
def test_what_is_not_plain_is_left_to_the_models(changed: dict[str, Any]) -> None:
    assert plain_user({"user": {"id": "u1"}, **changed}, None, is_export=False) is None
