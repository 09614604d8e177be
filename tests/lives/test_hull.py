"""The lives by themselves: they are lived as Hull would tell them."""

from __future__ import annotations

import json
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.lives.hull import Hull
from tests.lives.reading import merged_of

SEEDS = st.integers(0, 10_000)


def lived(seed: int, users: int = 20, accounts: int = 4, steps: int = 120) -> Hull:
    hull = Hull(Random(seed))
    hull.settle(users, accounts)
    hull.live(steps)
    return hull


def test_a_seed_lives_the_same_lives_again() -> None:
    assert lived(7).records() == lived(7).records()


@settings(max_examples=examples(50))
@given(SEEDS)
def test_versions_only_grow(seed: int) -> None:
    versions = [
        one["user"]["traits_version"] if "user" in one else one["account"]["version"]
        for one in lived(seed).messages
    ]

    # A record may come twice, at once.
    assert versions == sorted(versions)


@settings(max_examples=examples(50))
@given(SEEDS)
def test_nobody_speaks_after_it_was_merged_into_another(seed: int) -> None:
    gone: set[str] = set()
    for message in lived(seed).messages:
        if "user" in message:
            assert message["user"]["id"] not in gone
            gone |= merged_of(message)


@settings(max_examples=examples(50))
@given(SEEDS)
def test_who_is_known_by_its_address_alone_shares_it_with_nobody(seed: int) -> None:
    living = lived(seed).living

    for person in living:
        if person.external_id is None:
            assert [one for one in living if one.email == person.email] == [person]


@settings(max_examples=examples(50))
@given(SEEDS)
def test_a_record_is_keyed_by_the_hull_id_of_whom_it_tells(seed: int) -> None:
    hull = lived(seed)

    for (key, value), message in zip(hull.records(), hull.messages, strict=True):
        told = json.loads(value)
        assert told == message
        assert key.decode() == (told.get("user") or told["account"])["id"]


def test_all_that_may_happen_happens() -> None:
    hull = lived(1, users=200, accounts=20, steps=2000)
    users = [one for one in hull.messages if "user" in one]

    assert {len(merged_of(one)) for one in users} == {0, 1}
    assert any(one["changes"]["segments"].get("left") for one in users)
    assert any(one["changes"]["account"].get("id", ["", ""])[1] is None for one in users)
    moves = [one["changes"]["account"] for one in users]
    assert {"domain"} in [set(one) for one in moves]
    assert {"external_id"} in [set(one) for one in moves]
    assert {"external_id", "domain"} in [set(one) for one in moves]
    assert any(len(one.merged) > 1 for one in hull.living)
    assert any(each.merged for one in hull.living for each in one.merged)
