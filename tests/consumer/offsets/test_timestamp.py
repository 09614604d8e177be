"""Whatever a producer writes as a timestamp, calendars and clocks can use it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.offsets.record import seconds


@pytest.mark.parametrize(
    ("milliseconds", "found"),
    [
        (-1, 0.0),
        (-(10**17), 0.0),
        (0, 0.0),
        (1500, 1.5),
        (253_402_300_799_000, 253_402_300_799.0),
        (253_402_300_799_001, 253_402_300_799.0),
        (10**17, 253_402_300_799.0),
    ],
)
def test_it_lies_within_1970_and_9999(milliseconds: int, found: float) -> None:
    assert seconds(milliseconds) == found


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_any_of_them_is_a_moment(milliseconds: int) -> None:
    assert 1970 <= datetime.fromtimestamp(seconds(milliseconds), UTC).year <= 9999
