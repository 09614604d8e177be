"""How the account of a user changed, as Hull tells it."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.decide.life.link import (
    former_external_id,
    may_have_moved,
    was_linked,
    was_unlinked,
)
from tests.consumer.decide.test_filter import user

KEYED = {"id": "a1", "external_id": "acme"}


@pytest.mark.parametrize(
    ("changes", "moved"),
    [
        (None, False),
        ({"account": {"id": ["a0", "a1"]}}, True),
        ({"account": {"id": [None, "a1"]}}, True),
        ({"is_new": True, "account": {"id": [None, "a1"]}}, False),
        ({"account": {"name": ["x", "y"]}}, False),
        ({"account": {}}, False),
        ({"user": {"id": ["u0", "u1"]}}, False),
        ({"account": {"external_id": ["old", "acme"]}}, True),
        ({"account": {"external_id": [None, "acme"]}}, False),
        ({"account": {"planhat/id": ["p0", "p1"]}}, True),
        ({"account": {"planhat": {"id": ["p0", "p1"]}}}, True),
        ({"account": {"planhat/id": [None, "p1"]}}, False),
        ({"account": {"domain": ["a.example", "b.example"]}}, False),
        ({"account": {"domain": ["a.example", "b.example"], "external_id": [None, "x"]}}, True),
    ],
    ids=str,
)
def test_who_has_another_account_or_one_with_other_keys_may_have_moved(
    changes: dict[str, Any] | None, *, moved: bool
) -> None:
    assert may_have_moved(user(account=KEYED, changes=changes)) is moved


def test_an_account_without_an_external_id_is_another_if_its_domain_is() -> None:
    changes = {"account": {"domain": ["a.example", "b.example"]}}

    assert may_have_moved(user(account={"id": "a1"}, changes=changes))


@pytest.mark.parametrize(
    ("change", "linked", "unlinked"),
    [
        ([None, "a1"], True, False),
        (["a1", None], False, True),
        (["a1", ""], False, True),
        (["a0", "a1"], False, False),
        ([None, None], False, False),
        ("a1", False, False),
        (["a1"], False, False),
    ],
    ids=str,
)
def test_who_came_to_an_account_or_lost_it_is_told_by_its_id(
    change: object, *, linked: bool, unlinked: bool
) -> None:
    message = user(account={}, changes={"account": {"id": change}})

    assert (was_linked(message.changes), was_unlinked(message)) == (linked, unlinked)


@pytest.mark.parametrize(
    ("changes", "former"),
    [
        ({"external_id": ["old", "acme"]}, "old"),
        ({"external_id": [7, 8], "name": ["x", "y"]}, "7"),
        ({"external_id": ["acme", "acme"]}, None),
        ({"external_id": [None, "acme"]}, None),
        ({"external_id": ["old", None]}, None),
        ({"external_id": ["old", "acme"], "domain": ["a.example", "b.example"]}, None),
        ({"external_id": ["old", "acme"], "id": ["a0", "a1"]}, None),
        ({"name": ["x", "y"]}, None),
    ],
    ids=str,
)
def test_an_account_had_another_external_id_if_nothing_says_that_it_is_another(
    changes: dict[str, Any], former: str | None
) -> None:
    found = user(account=KEYED, changes={"account": changes})

    assert former_external_id(found.changes) == former
    assert former_external_id(user(changes={"is_new": True, "account": changes}).changes) is None
