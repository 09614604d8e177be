"""A row of an extract in a record is what `backfill` makes of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decide.forms.rows import kind_of
from consumer.decide.message import AccountMessage, Invalid, Messages, UserMessage
from consumer.decide.parse import parse
from consumer.decide.reasons import BARE_ROW
from consumer.extract.export import Export, exports
from consumer.extract.row import Row
from schemas.hull import Segment

if TYPE_CHECKING:
    from consumer.decide.forms.rows import Kind
    from consumer.decide.message import Routed

USER: dict[str, Any] = {
    "id": "u1",
    "email": "ada@acme.example",
    "traits_crm/title": "Head",
    "segment_ids": ["s1", "s2"],
    "account_segment_ids": ["s9"],
    "account.id": "a1",
    "account.external_id": "acme-1",
}
ACCOUNT: dict[str, Any] = {
    "id": "a1",
    "external_id": "acme-1",
    "name": "Acme",
    "domain": "acme.example",
}


def read(document: object, channel: bytes = b"") -> Routed:
    found = parse(json.dumps(document).encode(), [("channel", channel)] if channel else ())
    assert isinstance(found, Messages)
    (message,) = found.messages
    return message


def test_a_row_of_a_user_is_an_export_with_its_account_and_segments() -> None:
    assert read(USER) == UserMessage(
        "u1",
        {"id": "u1", "email": "ada@acme.example", "traits_crm/title": "Head"},
        {"id": "a1", "external_id": "acme-1"},
        (Segment("s1"), Segment("s2")),
        (Segment("s9"),),
        (),
        None,
        is_export=True,
    )


def test_a_row_of_an_account_is_an_export_with_its_segments() -> None:
    row = {**ACCOUNT, "segment_ids": ["s9"]}

    assert read(row, b"account:update") == AccountMessage(
        "a1", ACCOUNT, (Segment("s9"),), None, is_export=True
    )


def test_an_account_may_lie_inside_a_user() -> None:
    found = read({"id": "u1", "account": {"id": "a1", "name": "Acme"}, "account.name": "Acme Ltd"})

    assert isinstance(found, UserMessage)
    assert (found.hull_id, found.account) == ("u1", {"id": "a1", "name": "Acme Ltd"})


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"email": None}, "users"),
        ({"first_name": "Ada"}, "users"),
        ({"account": None}, "users"),
        ({"account.external_id": "acme-1"}, "users"),
        ({"traits_plan": "Pro"}, "users"),
        ({"segment_ids": None, "account_segment_ids": []}, "users"),
        ({"account_segment_ids": ["s9"], "domain": "acme.example"}, "accounts"),
        ({"segment_ids": ["s1"]}, None),
        ({"domain": "acme.example", "name": "Acme", "external_id": "1"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_whose_a_row_is_must_be_certain(row: dict[str, Any], kind: Kind | None) -> None:
    assert kind_of({"id": "1", **row}, None) == kind


@pytest.mark.parametrize("channel", ["user:update", "account:update"])
def test_the_channel_says_whose_a_row_is(channel: str) -> None:
    by_header = read(ACCOUNT, channel.encode())
    (in_envelope,) = parse(
        json.dumps({"channel": channel, "messages": [ACCOUNT]}).encode()
    ).messages  # type: ignore[union-attr]

    expected = UserMessage if channel == "user:update" else AccountMessage
    assert type(by_header) is type(in_envelope) is expected


def test_a_channel_that_is_none_says_nothing() -> None:
    assert read({**ACCOUNT, "channel": ["account:update"]}) == Invalid(BARE_ROW)


def test_a_row_that_does_not_say_whose_it_is_is_rejected_with_the_remedy() -> None:
    assert read(ACCOUNT) == Invalid(BARE_ROW)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id": None, "email": "a@b.example"}, "user without an id"),
        ({"id": None, "email": "a@b.example", "account": {"id": "a1"}}, "user without an id"),
        ({"email": "a@b.example"}, "neither user nor account: not a Hull message"),
    ],
    ids=str,
)
def test_a_row_without_an_id_is_nobody(row: dict[str, Any], reason: str) -> None:
    assert read(row) == Invalid(reason)


def test_a_message_to_which_somebody_gave_an_id_is_one_all_the_same() -> None:
    user = {"id": "m1", "user": {"id": "u1"}, "segments": [{"id": "s1"}]}
    account = {"id": "m1", "user": {}, "account": {"id": "a1"}, "changes": {"is_new": True}}
    bare = {"id": "m1", "account": {"id": "a1"}, "account_segments": []}

    assert [read(one).hull_id for one in (user, account, bare)] == ["u1", "a1", "a1"]  # type: ignore[union-attr]


def test_rows_and_messages_may_share_an_envelope() -> None:
    envelope = {"messages": [{"user": {"id": "u2"}}, USER, {"id": "x"}]}

    found = parse(json.dumps(envelope).encode())

    assert isinstance(found, Messages)
    assert [type(one) for one in found.messages] == [UserMessage, UserMessage, Invalid]


VALUES = (
    st.none()
    | st.text(max_size=3)
    | st.lists(st.text(max_size=3), max_size=2)
    | st.just({"id": "a1"})
)
ROWS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"id": st.sampled_from(["u1", 7, None, "", {}])},
    optional={
        "email": VALUES,
        "name": VALUES,
        "segment_ids": VALUES,
        "account_segment_ids": VALUES,
        "account": VALUES,
        "account.id": VALUES,
        "account.name": VALUES,
        "traits_plan": VALUES,
    },
)


@given(ROWS, st.sampled_from(["users", "accounts"]))
def test_a_record_is_read_as_backfill_reads_its_row(row: dict[str, Any], of: Kind) -> None:
    (written,) = exports(Row(1, json.dumps(row).encode()), of)

    found = read(row, b"user:update" if of == "users" else b"account:update")

    if isinstance(written, Export):
        assert found == read(json.loads(written.value))
    else:
        assert found == Invalid(written.reason)
