"""Which item an entry of an answer means."""

from __future__ import annotations

import pytest

from planhat_client.keys import Index

A = {"_id": "id-a", "sourceId": "s-a", "externalId": "a", "email": "Ann@Example.com"}
B = {"externalId": "b", "email": "ben@example.com"}


@pytest.mark.parametrize(
    ("entry", "position"),
    [
        ({"_id": "id-a"}, 0),
        ({"sourceId": "s-a"}, 0),
        ({"externalId": "b"}, 1),
        ({"email": "ANN@example.com"}, 0),
        ({"externalId": "A"}, None),
        ({"externalId": ""}, None),
        ({"externalId": None}, None),
        ({"externalId": True}, None),
        ({"externalId": 1.0}, None),
        ({}, None),
    ],
    ids=str,
)
def test_a_key_means_the_item_that_has_it(entry: dict[str, object], position: int | None) -> None:
    assert Index([A, B]).find(entry) == position


def test_a_number_is_the_same_key_as_its_text() -> None:
    assert Index([{"externalId": 7}]).find({"externalId": "7"}) == 0
    assert Index([{"externalId": "7"}]).find({"externalId": 7}) == 0


@pytest.mark.parametrize(
    ("entry", "position"),
    [
        ({"_id": "new", "externalId": "b"}, 1),
        ({"_id": "new", "externalId": "a"}, None),
        ({"_id": "new", "sourceId": "s-a"}, None),
        ({"_id": "id-a", "externalId": "b"}, 0),
    ],
    ids=["an id it did not know", "of another id", "of another id too", "the weightier one"],
)
def test_a_weightier_key_that_says_otherwise_leaves_it_open(
    entry: dict[str, object], position: int | None
) -> None:
    assert Index([A, B]).find(entry) == position


def test_a_key_that_two_items_have_means_neither_and_the_next_key_decides() -> None:
    index = Index([A, {"externalId": "a", "email": "other@example.com"}])

    assert index.find({"externalId": "a"}) is None
    assert index.find({"externalId": "a", "email": "other@example.com"}) == 1
    assert index.named({"externalId": "a"}) == ({0, 1}, False)


def test_an_entry_that_holds_one_item_names_it_clearly() -> None:
    index = Index([A, B])

    assert index.named({"item": {"externalId": "b", "email": "ben@example.com"}}) == ({1}, True)
    assert index.named([{"why": "no"}, {"externalId": "b"}]) == ({1}, True)


@pytest.mark.parametrize(
    ("entry", "positions"),
    [
        ("b: no", {1}),
        ("record 'B' is refused!", {1}),
        ("ben@example.com.", {1}),
        ("a and b", {0, 1}),
        ("abc", set()),
        ({"message": ["b"]}, {1}),
        (7, set()),
    ],
    ids=str,
)
def test_words_of_a_text_name_items_but_never_clearly(entry: object, positions: set[int]) -> None:
    assert Index([A, B]).named(entry) == (positions, False)


def test_what_lies_too_deep_is_not_looked_for() -> None:
    deep: object = {"externalId": "b"}
    for _ in range(3):
        deep = [deep]
    index = Index([A, B])

    assert index.named(deep) == ({1}, True)
    assert index.named([deep]) == (set(), False)


def test_an_index_is_as_long_as_its_items() -> None:
    assert len(Index([A, B])) == 2
