"""The index of a day."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumer.history.entries import BUCKETS, SIZE, Hit, add, found, home, no_entries, place_of

HITS = st.builds(
    Hit,
    st.integers(0, 86_399_999),
    st.integers(0, (1 << 24) - 1),
    st.integers(0, (1 << 24) - 1),
    st.integers(0, 255),
)


@given(st.text(), HITS)
def test_an_entry_is_read_as_it_was_written(name: str, hit: Hit) -> None:
    index = no_entries()
    bucket, mark = home(name)

    add(index, [name], hit)

    assert list(found(index[bucket], mark)) == [hit]


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), HITS), max_size=30))
def test_a_name_finds_its_entries_and_no_other(some: list[tuple[str, Hit]]) -> None:
    index = no_entries()
    for name, hit in some:
        add(index, [name], hit)

    for name in "abcdefgh":
        bucket, mark = home(name)
        assert list(found(index[bucket], mark)) == [hit for one, hit in some if one == name]


def test_what_looks_like_a_mark_inside_of_an_entry_is_none() -> None:
    mark = b"\x00\x00\x00\x01"
    entry = b"\xff\xff\xff\xff" + mark + bytes(SIZE - 8)

    assert list(found(entry, mark)) == []


def test_names_are_spread_over_all_buckets() -> None:
    assert len({home(f"user-{number}")[0] for number in range(20 * BUCKETS)}) > 0.99 * BUCKETS


def test_places_that_differ_in_one_thing_have_other_checksums() -> None:
    places = [("t", 0, 1, 0), ("t", 0, 1, 1), ("t", 1, 1, 0), ("t", 0, 2, 0), ("u", 0, 1, 0)]

    assert len({place_of(one) for one in places}) == len(places)
