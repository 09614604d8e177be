from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decide.message import (
    AccountMessage,
    Invalid,
    Messages,
    Routed,
    Tombstone,
    Unsupported,
    UserMessage,
)
from consumer.decide.parse import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.offsets.record import Header


USER = {"user": {"id": "u1", "email": "ada@acme.example"}}
ACCOUNT = {"account": {"id": "a1", "name": "Acme"}}
ADA = "ada@acme.example"

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


def messages(document: object, headers: Sequence[Header] = ()) -> tuple[Routed, ...]:
    found = parse(value(document), headers)
    assert isinstance(found, Messages)
    return found.messages


def message(document: object, headers: Sequence[Header] = ()) -> Routed:
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
        b'\xff{"user": {"id": "\\ud800"}}',
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
    ("wrong", "part", "fault"),
    [
        ({"events": [{"properties": ADA}]}, "events", "events.0.properties: should be an object"),
        ({"events": [ADA]}, "events", "events.0: should be an object"),
        ({"events": ADA}, "events", "events: should be a list"),
        ({"segments": [{"id": {"mail": ADA}}]}, "segments", "segments.0.id: should be text"),
        ({"segments": {"0": ADA}}, "segments", "segments: should be a list"),
        ({"account_segments": [7]}, "account_segments", "account_segments.0: should be an object"),
        ({"changes": {"user": ADA}}, "changes", "changes.user: should be an object"),
        ({"changes": ADA}, "changes", "changes: should be an object"),
        ({"is_export": ADA}, "is_export", "is_export: should be true or false"),
        ({"account": ADA}, "account", "account: should be an object"),
    ],
    ids=str,
)
def test_a_wrong_type_costs_its_part_and_is_named_by_place_without_its_value(
    wrong: dict[str, Any], part: str, fault: str
) -> None:
    found = message({**USER, **wrong})

    assert isinstance(found, UserMessage)
    assert (found.hull_id, found.faults) == ("u1", {part: fault})


def test_of_a_list_only_what_is_wrong_is_cut() -> None:
    segments = [{"id": "s1"}, {"id": None}, 7, {"id": "s2", "name": {}}]
    events: list[Any] = [
        None,
        {"event": "Signed in", "event_id": [], "properties": 7},
        {"event": {}},
    ]

    found = message({**USER, "segments": segments, "events": events})

    assert isinstance(found, UserMessage)
    assert [one.id for one in found.segments] == ["s1", "s2"]
    assert [(one.event, one.event_id, one.properties) for one in found.events] == [
        ("Signed in", None, {}),
        (None, None, {}),
    ]


@pytest.mark.parametrize(
    "unused",
    [
        {"message_id": {"at": 1}},
        {"message_id": 7, "update_id": [], "notification_id": {}},
        {"channel": ["user:update"]},
        {"messages": "none"},
        {"segments": [{"id": "s1", "name": 7, "stats": "x"}]},
        {"matchesFilter": "perhaps", "segments": [{"id": "s1"}], "user_segments": 7},
    ],
    ids=str,
)
def test_what_is_not_used_is_not_looked_at(unused: dict[str, Any]) -> None:
    found = message({**USER, **unused})

    assert isinstance(found, UserMessage)
    assert found.faults == {}


def test_an_envelope_may_have_anything_that_is_not_used() -> None:
    envelope = {"notification_id": [7], "channel": {}, "kraken": 7, "messages": [USER]}

    assert isinstance(message(envelope), UserMessage)


def test_an_envelope_that_does_not_say_if_it_is_an_export_costs_no_message() -> None:
    found = message({"is_export": "perhaps", "messages": [USER]})

    assert isinstance(found, UserMessage)
    assert found.faults == {"is_export": "is_export: should be true or false"}


def test_an_account_message_does_not_need_its_user() -> None:
    found = message({"channel": "account:update", "user": 7, **ACCOUNT})

    assert isinstance(found, AccountMessage)


@pytest.mark.parametrize(
    "wrong",
    [{"user": 7, **ACCOUNT}, {"user": 7}, {"channel": "account:update", "account": "Acme"}],
    ids=str,
)
def test_a_message_without_the_profile_that_it_is_about_is_none(wrong: dict[str, Any]) -> None:
    assert reason(wrong).endswith(": should be an object")


def test_half_an_emoji_costs_nothing() -> None:
    one = rb'{"user":{"id":"u1","cut \ud83d":"half \ude00"}}'

    found = parse(b'{"messages":[%s,{"user":{"id":"u2"}}]}' % one, ())

    assert isinstance(found, Messages)
    first, second = found.messages
    assert isinstance(first, UserMessage)
    assert first.user == {"id": "u1", "cut \ufffd": "half \ufffd"}
    assert isinstance(second, UserMessage)


def test_a_byte_order_mark_is_no_part_of_a_message() -> None:
    found = parse(b"\xef\xbb\xbf" + value(USER), ())

    assert isinstance(found, Messages)
    assert isinstance(found.messages[0], UserMessage)


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


@pytest.mark.parametrize("name", ["channel", "is_export", "traceparent"])
def test_a_header_without_a_value_says_nothing(name: str) -> None:
    told: list[Header] = [(name, None), ("channel", b"user:update")]

    assert message({"user": {"id": "u1"}}, told) == message({"user": {"id": "u1"}}, told[1:])


def test_a_header_that_is_no_text_raises_nothing() -> None:
    assert isinstance(message(USER, [("channel", b"\xff")]), Unsupported)


@given(st.binary())
def test_no_bytes_raise(broken: bytes) -> None:
    parse(broken, ())


@given(HULL_LIKE, st.lists(st.tuples(NAMES, st.binary()), max_size=2))
def test_no_json_raises(document: object, headers: Sequence[Header]) -> None:
    parse(value(document), headers)
