import json
from typing import Any

import pytest
from hypothesis import given

from consumer.decide.forms.rows import Kind
from consumer.decide.message import AccountMessage, Messages, UserMessage
from consumer.decide.parse import parse
from consumer.extract.export import BARE, Bad, Export, exports
from consumer.extract.row import Row
from tests.consumer.watch.explain.hull_messages import RECORDS, records


def only(document: object, of: Kind | None = None) -> tuple[str, Any]:
    (found,) = exports(Row(1, json.dumps(document).encode()), of)
    assert isinstance(found, Export), found
    return found.key.decode(), json.loads(found.value)


def reasons(value: bytes, of: Kind | None = None) -> list[str]:
    return [one.reason for one in exports(Row(1, value), of) if isinstance(one, Bad)]


def test_a_user_of_an_extract_becomes_an_export_message() -> None:
    row = {"id": "u1", "email": "a@b.example", "segment_ids": ["s1"], "account": {"id": "a1"}}

    assert only(row, "users") == (
        "u1",
        {
            "channel": "user:update",
            "is_export": True,
            "user": {"id": "u1", "email": "a@b.example"},
            "account": {"id": "a1"},
            "segments": [{"id": "s1"}],
        },
    )


def test_an_account_of_an_extract_becomes_an_export_message() -> None:
    assert only({"id": "a1", "name": "Acme", "segment_ids": ["s2"]}, "accounts") == (
        "a1",
        {
            "channel": "account:update",
            "is_export": True,
            "account": {"id": "a1", "name": "Acme"},
            "account_segments": [{"id": "s2"}],
        },
    )


def test_an_account_may_lie_flat_in_a_user() -> None:
    row = {"id": "u1", "account.id": "a1", "account.external_id": "acme-1"}

    _, value = only(row, "users")

    assert value["user"] == {"id": "u1"}
    assert value["account"] == {"id": "a1", "external_id": "acme-1"}


def test_a_message_loses_what_changed_and_what_happened() -> None:
    key, value = only(RECORDS[0])

    assert key == RECORDS[0]["user"]["id"]
    assert value["is_export"] is True
    assert not value.keys() & {"changes", "events"}
    assert value["user"] == RECORDS[0]["user"]


@pytest.mark.parametrize("of", ["users", "accounts", None])
def test_a_message_of_an_account_is_one_whatever_the_other_rows_are(of: Kind | None) -> None:
    message = {"account": {"id": "a1"}, "account_segments": [], "changes": {}, "events": []}

    assert only(message, of)[0] == "a1"


def test_each_message_of_an_envelope_is_a_record() -> None:
    found = list(exports(Row(1, json.dumps(RECORDS[6]).encode()), None))

    assert [one.key for one in found if isinstance(one, Export)] == [
        message["user"]["id"].encode() for message in RECORDS[6]["messages"]
    ]


@pytest.mark.parametrize(
    ("value", "of", "reason"),
    [
        (b'{"id": "u1"}', None, BARE),
        (b'{"email": "a@b.example"}', "users", "user without an id"),
        (b'{"name": "Acme"}', "accounts", "account without an id"),
        # Not an account message: what else the row holds is of a user, whose id is missing.
        (b'{"email": "a@b.example", "account": {"id": "a1"}}', "users", "user without an id"),
        (b'{"id": null, "account": {"id": "a1"}}', "users", "user without an id"),
        (b'{"id": null, "name": "Acme"}', "accounts", "account without an id"),
        (b"[1]", None, "not an object"),
        (b"{bad", None, "not JSON: key must be a string at line 1 column 2"),
        (
            b'{"channel": "ship:update", "user": {"id": "1"}}',
            None,
            "not of users nor of accounts: ship:update",
        ),
        (
            b'{"messages": [{"user": 7}]}',
            None,
            "user: should be an object",
        ),
    ],
    ids=repr,
)
def test_what_cannot_be_used_says_why(value: bytes, of: Kind | None, reason: str) -> None:
    assert reasons(value, of) == [reason]


@given(records)
def test_what_is_written_is_what_the_service_reads(value: bytes) -> None:
    for of in ("users", "accounts", None):
        for found in exports(Row(1, value), of):
            if isinstance(found, Export):
                parsed = parse(found.value)
                assert isinstance(parsed, Messages)
                (message,) = parsed.messages
                assert isinstance(message, UserMessage | AccountMessage)
                assert (message.is_export, message.hull_id.encode()) == (True, found.key)


@pytest.mark.parametrize(
    "value",
    [
        b'\xef\xbb\xbf{"id": "u1", "name": "Ada"}',
        rb'{"id": "u1", "name": "cut \ud83d"}',
        b'{"user": {"id": "u1"}, "segments": "x", "message_id": {}}',
    ],
    ids=["a byte order mark", "half an emoji", "what an export does not need"],
)
def test_what_the_service_reads_is_written(value: bytes) -> None:
    (found,) = exports(Row(1, value), "users")

    assert isinstance(found, Export)
    assert found.key == b"u1"
