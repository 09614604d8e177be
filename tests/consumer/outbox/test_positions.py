"""Positions of messages as text for a header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decide.message import MOST
from consumer.outbox.replay import ranges, read_ranges


@pytest.mark.parametrize(
    ("positions", "text"),
    [
        ([0], "0"),
        ([3, 0, 7, 8, 9, 10, 11, 12], "0,3,7-12"),
        ([1, 0], "0-1"),
        (range(MOST), "0-9999"),
        ([], ""),
    ],
    ids=["one", "runs and single ones", "two side by side", "all", "none"],
)
def test_they_are_written_as_ranges(positions: list[int], text: str) -> None:
    assert ranges(positions) == text


@given(st.frozensets(st.integers(0, MOST - 1), min_size=1, max_size=300))
def test_what_is_written_is_read(positions: frozenset[int]) -> None:
    assert read_ranges(ranges(positions).encode()) == positions


def test_the_longest_that_there_can_be_is_read() -> None:
    longest = range(1, MOST, 2)

    text = ranges(longest).encode()

    assert (len(text), read_ranges(text)) == (24_444, frozenset(longest))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"x",
        b"-1",
        b"1-",
        b"3-1",
        b"3,1",
        b"1,1",
        b"1,,2",
        b"0-10000",
        b"10000",
        b"0-99999999999999999999",
        b" 1",
        b"\xff",
        b"1-2-3",
        b"0," * 20_000 + b"1",
    ],
)
def test_anything_else_is_none(text: bytes) -> None:
    assert read_ranges(text) is None


@given(st.binary(max_size=40) | st.text("0123456789,-", max_size=40).map(str.encode))
def test_whatever_is_read_holds_what_there_can_be(text: bytes) -> None:
    found = read_ranges(text)

    assert found is None or (found and min(found) >= 0 and max(found) < MOST)
