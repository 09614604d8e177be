"""The lists of all segments: which ids of a filter are in none of them."""

from __future__ import annotations

import pytest

from consumer.decide.forms.organisation import (
    ACCOUNTS,
    LOOK_SECONDS,
    USERS,
    GoneSegments,
    Organisation,
)

LISTED = Organisation([{"id": "s1", "name": "Trial"}], [{"id": " a1 ", "name": "Customers"}])


def watch() -> GoneSegments:
    return GoneSegments(frozenset({"s1", "s2"}), frozenset({"a1", "a2"}))


def test_an_id_that_no_list_has_is_news_once() -> None:
    segments = watch()

    segments.look(LISTED, 0.0)
    segments.look(LISTED, 2 * LOOK_SECONDS)

    assert segments.news() == [(USERS, "s2"), (ACCOUNTS, "a2")]
    assert segments.news() == []


@pytest.mark.parametrize("nothing", [None, [], {}, "x", [7], [{"id": 7}]], ids=repr)
def test_where_nothing_is_listed_nothing_is_gone(nothing: object) -> None:
    segments = watch()

    segments.look(None, 0.0)
    segments.look(Organisation(nothing, nothing), 0.0)

    assert segments.news() == []


def test_a_list_is_looked_at_now_and_then() -> None:
    segments = watch()
    segments.look(Organisation([{"id": "s1"}, {"id": "s2"}], ()), 0.0)

    segments.look(LISTED, LOOK_SECONDS - 1)
    early = segments.news()
    segments.look(LISTED, LOOK_SECONDS)

    assert early == []
    assert segments.news() == [(USERS, "s2"), (ACCOUNTS, "a2")]


def test_a_list_longer_than_anybody_has_is_not_read() -> None:
    found = Organisation([{"id": str(one)} for one in range(10_001)], ())

    assert found.users == {}
