"""Users that lose their account, and come back to one."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.decide import reasons
from consumer.decide.decision import Link, Payload, Skip
from consumer.decide.rules import Rules
from schemas.models import ENDUSERS
from tests.consumer.decide.test_decide import (
    ARCHIVING,
    LEFT,
    RECORDS,
    RULES,
    SETTINGS,
    body,
    decided,
    user,
)

UNLINKING = Rules.compile(SETTINGS.model_copy(update={"on_user_unlinked": "archive"}))
BOTH = Rules.compile(
    SETTINGS.model_copy(update={"on_segment_left": "archive", "on_user_unlinked": "archive"})
)


def unlinked(record: dict[str, Any] = RECORDS[0], **changes: object) -> dict[str, Any]:
    """The record of a user whose account was unlinked."""
    account = {"id": ["a-old", None], "external_id": ["acme", None]}
    changed = {"is_new": False, "user": {}, "account": account, **changes}
    return {**record, "account": {}, "account_segments": [], "changes": changed}


def test_who_was_unlinked_is_skipped_with_that_reason_and_its_events_are_sent() -> None:
    found = decided(unlinked())

    assert found.enduser == Skip(reasons.UNLINKED)
    assert len(found.activities) == 1


def test_who_was_unlinked_is_archived_where_it_is_if_that_is_set() -> None:
    found = decided(unlinked(), rules=UNLINKING)

    keys = {name: value for name, value in body(user(1).enduser).items() if name in ENDUSERS.keys}
    assert found.enduser == Payload(found.hull_id, {**keys, "archived": True})
    assert (found.link, found.may_have_moved, found.company_stub) == (None, True, None)


@pytest.mark.parametrize(
    "changes",
    [
        None,
        {"is_new": False, "user": {"name": ["a", "b"]}},
        {"is_new": False, "account": {"id": [None, None]}},
        {"is_new": False, "account": {"id": "a-old"}},
        {"is_new": False, "account": {"external_id": ["acme", None]}},
    ],
    ids=str,
)
def test_who_has_no_account_and_did_not_lose_one_by_this_message_is_as_before(
    changes: dict[str, Any] | None,
) -> None:
    found = decided({**RECORDS[5], "account": {}, "changes": changes}, rules=UNLINKING)

    assert found.link == Link(None, None, None)
    assert found.company == Skip(reasons.NO_COMPANY_ID)


def test_who_moved_was_not_unlinked() -> None:
    record = {**unlinked(), "account": RECORDS[0]["account"]}

    assert "archived" not in body(decided(record, rules=UNLINKING).enduser)


def test_an_account_that_cannot_be_read_is_not_taken_for_unlinked() -> None:
    found = decided({**unlinked(), "account": ["a list"]}, rules=UNLINKING)

    assert found.link is not None
    assert found.unreadable


@pytest.mark.parametrize(
    ("rules", "is_archived"),
    [(RULES, False), (ARCHIVING, True), (UNLINKING, True), (BOTH, True)],
    ids=["neither", "left", "unlinked", "both"],
)
def test_who_left_and_was_unlinked_at_once_is_archived_by_either_setting(
    rules: Rules,
    is_archived: bool,  # noqa: FBT001 - a column
) -> None:
    found = decided(unlinked(LEFT, segments=LEFT["changes"]["segments"]), rules=rules)

    keys = {"email": "left@acme.example"}
    archived = Payload(found.hull_id, {**keys, "archived": True})
    assert found.enduser == (archived if is_archived else Skip(reasons.CONTACT_FILTER))
    assert (found.link, found.company_stub) == (None, None)


def test_who_was_outside_the_filter_before_it_was_unlinked_is_left_alone() -> None:
    assert decided(unlinked(RECORDS[3]), rules=BOTH).enduser == Skip(reasons.CONTACT_FILTER)


@pytest.mark.parametrize("rules", [ARCHIVING, UNLINKING, BOTH], ids=["left", "unlinked", "both"])
@pytest.mark.parametrize(
    "back",
    [
        {"account": {"id": [None, "a-1"]}},
        {"segments": {"entered": RECORDS[0]["segments"]}},
    ],
    ids=["linked", "entered"],
)
def test_who_comes_back_by_its_account_or_segment_is_taken_out_of_the_archive(
    rules: Rules, back: dict[str, Any]
) -> None:
    record = {**RECORDS[0], "changes": {"is_new": False, "user": {}, **back}}

    assert body(decided(record, rules=rules).enduser)["archived"] is False
    assert "archived" not in body(decided(record).enduser)
