from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decide.message import MOST, Messages, UserMessage
from consumer.decide.parse import parse
from consumer.receive.envelope import Incoming, NoNotification, read, split, too_large

USER = {"user": {"id": "u1", "email": "a@example.com"}, "account": {}, "segments": []}
ACCOUNT = {"account": {"id": "a1"}, "account_segments": {}}


def body(messages: Any, **rest: Any) -> bytes:  # noqa: ANN401 - any JSON
    found = {"notification_id": "n1", "channel": "user:update", "messages": messages}
    return json.dumps({**found, **rest}).encode()


def records(text: bytes) -> list[Incoming]:
    return split(read(text))[0]


def test_each_message_is_a_record_with_the_hull_id_as_key() -> None:
    found = records(body([USER, ACCOUNT]))

    assert [one.key for one in found] == [b"u1", b"a1"]
    assert [json.loads(one.value) for one in found] == [USER, ACCOUNT]


def test_a_message_keeps_its_bytes() -> None:
    text = b'{"user": {"id":"u1", "n": 1.10, "big": 12345678901234567890}, "account": {}}'

    (found,) = records(b'{"channel":"user:update","messages":[ ' + text + b" ]}")

    assert found.value == text


def test_what_the_envelope_says_travels_in_headers() -> None:
    (found,) = records(body([USER], is_export=True, configuration={"secret": "s"}))

    assert dict(found.headers) == {
        "channel": b"user:update",
        "notification_id": b"n1",
        "is_export": b"true",
    }
    parsed = parse(found.value, found.headers)
    assert isinstance(parsed, Messages)
    (message,) = parsed.messages
    assert isinstance(message, UserMessage)
    assert message.is_export


def test_an_envelope_that_is_no_export_says_nothing_of_it() -> None:
    (found,) = records(body([USER], is_export=False))

    assert "is_export" not in dict(found.headers)


def test_messages_of_one_profile_keep_their_order() -> None:
    versions = [{**USER, "message_id": str(at)} for at in range(5)]

    found = records(body(versions))

    assert [json.loads(one.value)["message_id"] for one in found] == ["0", "1", "2", "3", "4"]


def test_a_segment_whose_name_only_the_envelope_knows_keeps_it() -> None:
    nameless = {**USER, "segments": [{"id": "s1"}]}
    lists = {"segments": [{"id": "s1", "name": "One"}], "accounts_segments": []}

    named, other = records(body([nameless, USER], **lists))

    assert json.loads(named.value) == {**lists, "messages": [nameless]}
    assert json.loads(other.value) == USER
    parsed = parse(named.value, named.headers)
    assert isinstance(parsed, Messages)
    (message,) = parsed.messages
    assert isinstance(message, UserMessage)
    assert message.organisation is not None
    assert message.organisation.users == {"s1": "One"}


def test_what_can_t_be_read_costs_itself_and_is_kept() -> None:
    found = records(body([5, USER, {"user": {"email": "x"}}]))

    assert [(one.key, one.fault) for one in found] == [
        (None, "not a Hull message: not a JSON object"),
        (b"u1", ""),
        (None, "user without an id"),
    ]
    assert found[0].value == b"5"


@pytest.mark.parametrize("channel", ["ship:update", "segment:update", "user:delete"])
def test_other_channels_are_not_written(channel: str) -> None:
    assert split(read(body([{"ship": {}}, {}], channel=channel))) == ([], 2)


def test_a_message_by_itself_is_taken() -> None:
    (found,) = records(json.dumps(USER).encode())

    assert (found.key, json.loads(found.value)) == (b"u1", USER)


@pytest.mark.parametrize("messages", [[], None])
def test_an_envelope_may_be_empty(messages: Any) -> None:  # noqa: ANN401 - any JSON
    assert records(body(messages)) == []


def test_a_mark_at_the_front_and_half_a_character_do_no_harm() -> None:
    text = b'\xef\xbb\xbf{"messages": [{"user": {"id": "u1", "name": "\\ud83d"}}]}'

    (found,) = records(text)

    assert found.key == b"u1"


def test_the_secret_is_read() -> None:
    assert read(body([], configuration={"secret": "s3cret"})).secret == "s3cret"
    assert read(body([], configuration=[7])).secret == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "not an object"),
        (b"{}", "no messages in it"),
        (b'{"messages": {}}', "its messages are no list"),
        (b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not JSON"),
        (b'{"messages": [' + b"1," * MOST + b"1]}", "more than 10,000 messages"),
    ],
)
def test_what_is_no_notification_is_said(text: bytes, why: str) -> None:
    with pytest.raises(NoNotification, match=f"^{why}$"):
        read(text)


def test_what_kafka_does_not_take_is_told_under_its_key() -> None:
    (record,) = records(body([USER]))

    found = too_large(record)

    assert found.key == b"u1"
    assert json.loads(found.value) == {"too_large": len(record.value)}
    parsed = parse(found.value, found.headers)
    assert not (isinstance(parsed, Messages) and isinstance(parsed.messages[0], UserMessage))


@given(st.binary(max_size=300))
def test_noise_raises_nothing_else(noise: bytes) -> None:
    with suppress(NoNotification):
        split(read(noise))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["user", "account", "id", "channel", "messages"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_the_messages_are_none_is_lost(messages: Any) -> None:  # noqa: ANN401 - any JSON
    count = len(messages) if isinstance(messages, list) else 0
    try:
        found, foreign = split(read(body(messages)))
    except NoNotification:
        assert messages is not None
        assert not isinstance(messages, list)
    else:
        assert len(found) + foreign == count
