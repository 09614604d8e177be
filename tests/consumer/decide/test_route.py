from __future__ import annotations

from typing import Any

import pytest

from consumer.decide.message import AccountMessage, Invalid, Unsupported, UserMessage
from consumer.decide.read import lenient
from consumer.decide.route import route

USER = {"user": {"id": "u1"}}
ACCOUNT = {"account": {"id": "a1"}}
BOTH = USER | ACCOUNT


def routed(document: dict[str, Any], channel: str | None = None) -> object:
    message, faults = lenient(document)
    return route(message, channel, is_export=False, faults=faults)


@pytest.mark.parametrize(
    ("document", "channel", "kind", "hull_id"),
    [
        (USER, None, UserMessage, "u1"),
        (BOTH, None, UserMessage, "u1"),
        (ACCOUNT, None, AccountMessage, "a1"),
        ({**ACCOUNT, "user": {}}, None, AccountMessage, "a1"),
        (BOTH, "account:update", AccountMessage, "a1"),
        (BOTH, "user:update", UserMessage, "u1"),
        ({**BOTH, "channel": "account:update"}, "user:update", AccountMessage, "a1"),
        ({**ACCOUNT, "user": {}}, "user:update", AccountMessage, "a1"),
        ({**USER, "channel": ""}, "", UserMessage, "u1"),
        ({"user": {"id": 17}}, None, UserMessage, "17"),
    ],
    ids=str,
)
def test_the_channel_and_what_is_there_say_what_a_message_is_about(
    document: dict[str, Any], channel: str | None, kind: type, hull_id: str
) -> None:
    found = routed(document, channel)

    assert isinstance(found, UserMessage | AccountMessage)
    assert (type(found), found.hull_id) == (kind, hull_id)


@pytest.mark.parametrize(
    "channel", ["segment:update", "ship:update", "user:delete", "accounts_segment:delete"]
)
def test_other_channels_are_not_ours(channel: str) -> None:
    assert routed(BOTH, channel) == Unsupported(channel)


def test_the_name_of_a_channel_is_bounded() -> None:
    assert routed(BOTH, "x" * 5000) == Unsupported("x" * 100)


def test_a_channel_that_is_a_number_is_not_ours() -> None:
    assert routed({**USER, "channel": 5}) == Unsupported("5")


@pytest.mark.parametrize(
    ("document", "channel", "reason"),
    [
        ({"hello": "world"}, None, "neither user nor account: not a Hull message"),
        (
            {"user": {}, "account": None},
            "user:update",
            "neither user nor account: not a Hull message",
        ),
        ({"user": {"email": "ada@acme.example"}}, None, "user without an id"),
        ({"user": {"id": ""}}, None, "user without an id"),
        ({"user": {"id": None}, **ACCOUNT}, None, "user without an id"),
        ({"account": {"name": "Acme"}}, None, "account without an id"),
        (USER, "account:update", "account message without an account"),
    ],
    ids=str,
)
def test_what_is_about_nobody_is_invalid(
    document: dict[str, Any], channel: str | None, reason: str
) -> None:
    assert routed(document, channel) == Invalid(reason)
