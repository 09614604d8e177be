from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.message import (
    AccountMessage,
    Invalid,
    Messages,
    Routed,
    Tombstone,
    Unsupported,
    UserMessage,
)
from consumer.parse import parse

USER = {"user": {"id": "u1", "email": "ada@acme.example"}}
ACCOUNT = {"account": {"id": "a1", "name": "Acme"}}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
NAMES = st.sampled_from(
    ["user", "account", "segments", "events", "changes", "messages", "channel", "is_export", "id"]
)
HULL_LIKE = st.recursive(
    JSON,
    lambda inner: st.dictionaries(NAMES, inner, max_size=6) | st.lists(inner, max_size=3),
    max_leaves=20,
)


def value(document: object) -> bytes:
    return json.dumps(document).encode()


def messages(
    document: object, headers: list[tuple[str, bytes]] | None = None
) -> tuple[Routed, ...]:
    found = parse(value(document), headers or ())
    assert isinstance(found, Messages)
    return found.messages


def message(document: object, headers: list[tuple[str, bytes]] | None = None) -> Routed:
    (found,) = messages(document, headers)
    return found


def reason(document: object) -> str:
    found = message(document)
    assert isinstance(found, Invalid)
    return found.reason


def test_a_record_without_a_value_is_a_tombstone() -> None:
    assert parse(None, ()) == Tombstone()


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"user": {"id": NaN}}',
        b'{"user": {"id": "\\ud800"}}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"user": {"id": ' + b"9" * 5_000 + b"}}",
        b'{"user": "\x00"}',
    ],
    ids=lambda broken: repr(broken[:20]),
)
def test_what_is_not_json_says_so(broken: bytes) -> None:
    found = parse(broken, ())

    assert isinstance(found, Invalid)
    assert found.reason.startswith("not JSON: ")
    assert len(found.reason) <= 200


@pytest.mark.parametrize("document", [None, 1, "ada@acme.example", [], [USER], True], ids=str)
def test_json_that_is_no_object_is_no_message(document: object) -> None:
    assert reason(document) == "not a Hull message: not a JSON object"


def test_the_last_of_two_equal_keys_counts() -> None:
    found = parse(b'{"user": {"id": "u1"}, "user": {"id": "u2"}}', ())

    assert isinstance(found, Messages)
    assert isinstance(found.messages[0], UserMessage)
    assert found.messages[0].hull_id == "u2"


def test_a_number_too_great_for_a_float_survives() -> None:
    found = parse(b'{"user": {"id": "u1", "n": 1e999, "m": ' + b"9" * 100 + b"}}", ())

    assert isinstance(found, Messages)


def test_a_value_of_a_megabyte_is_read() -> None:
    found = message({"user": {"id": "u1", "about": "x" * 1_000_000}})

    assert isinstance(found, UserMessage)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"events": [{"properties": "ada@acme.example"}]}, "events.0.properties: "),
        ({"segments": [{"id": {"mail": "ada@acme.example"}}]}, "segments.0.id: "),
        ({"changes": {"user": "ada@acme.example"}}, "changes.user: "),
        ({"is_export": "ada@acme.example"}, "is_export: "),
    ],
    ids=str,
)
def test_a_wrong_type_deep_inside_is_named_by_place_without_its_value(
    wrong: dict[str, Any], place: str
) -> None:
    found = reason({**USER, **wrong})

    assert found.startswith(place)
    assert "ada" not in found


def test_a_bad_message_in_an_envelope_costs_only_itself() -> None:
    found = messages({"channel": "user:update", "messages": [USER, {"user": 7}, None, USER]})

    assert [type(one) for one in found] == [UserMessage, Invalid, Invalid, UserMessage]


def test_an_envelope_says_that_its_messages_are_an_export() -> None:
    found = message({"channel": "user:update", "is_export": True, "messages": [USER]})

    assert isinstance(found, UserMessage)
    assert found.is_export


def test_an_empty_envelope_has_no_messages() -> None:
    assert messages({"channel": "user:update", "messages": []}) == ()


def test_an_envelope_of_another_channel_is_not_looked_into() -> None:
    foreign = Unsupported("ship:update")

    assert messages({"channel": "ship:update", "messages": [7, {}]}) == (foreign,) * 2
    assert messages({"channel": "ship:update", "messages": []}) == (foreign,)


@pytest.mark.parametrize("empty", [[], None], ids=str)
def test_a_message_with_an_empty_list_of_messages_is_a_message(empty: object) -> None:
    assert isinstance(message({**USER, "messages": empty}), UserMessage)


def test_a_message_of_another_channel_need_not_look_like_anything() -> None:
    odd = {"channel": "segment:update", "user": 7, "segments": "x"}

    assert message(odd) == Unsupported("segment:update")


def test_the_header_names_the_channel_if_nothing_else_does() -> None:
    headers = [("traceparent", b"00-1"), ("channel", b"account:update")]

    assert isinstance(message({**USER, **ACCOUNT}, headers), AccountMessage)
    assert isinstance(message({**USER, **ACCOUNT, "channel": "user:update"}, headers), UserMessage)
    assert message(USER, [("channel", b"ship:update")]) == Unsupported("ship:update")


@pytest.mark.parametrize(
    ("header", "is_export"), [(b"true", True), (b"True", True), (b"1", True), (b"false", False)]
)
def test_the_header_may_say_that_a_message_is_an_export(header: bytes, is_export: bool) -> None:  # noqa: FBT001 - a column
    found = message(USER, [("is_export", header)])

    assert isinstance(found, UserMessage)
    assert found.is_export is is_export


def test_a_header_that_is_no_text_raises_nothing() -> None:
    assert isinstance(message(USER, [("channel", b"\xff")]), Unsupported)


@given(st.binary())
def test_no_bytes_raise(broken: bytes) -> None:
    parse(broken, ())


@given(HULL_LIKE, st.lists(st.tuples(NAMES, st.binary()), max_size=2))
def test_no_json_raises(document: object, headers: list[tuple[str, bytes]]) -> None:
    parse(value(document), headers)
