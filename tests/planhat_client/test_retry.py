"""When to try again, and when to leave an API in peace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planhat_client.retry import Breaker, backoff


@pytest.mark.parametrize(
    ("attempt", "most"),
    [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (8, 30.0), (10_000, 30.0)],
)
def test_the_wait_doubles_up_to_a_cap(attempt: int, most: float) -> None:
    assert backoff(attempt, 1.0) == most


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_the_jitter_takes_any_part_of_the_wait_but_not_nothing(attempt: int, drawn: float) -> None:
    assert 0.05 <= backoff(attempt, drawn) <= max(0.05, backoff(attempt, 1.0))


def test_a_breaker_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(3)

    states = []
    for second in range(3):
        breaker.failed(float(second))
        states.append(breaker.is_open)

    assert states == [False, False, True]


def test_a_success_in_between_starts_the_count_anew() -> None:
    breaker = Breaker(2)

    breaker.failed(0.0)
    breaker.succeeded()
    breaker.failed(1.0)

    assert not breaker.is_open


def test_an_open_breaker_lets_a_probe_through_after_a_while() -> None:
    breaker = Breaker(1)

    breaker.failed(10.0)

    waits = [breaker.wait(now) for now in (10.0, 10.5, 11.0, 12.0)]
    assert waits == [1.0, 0.5, 0.0, 0.0]
    assert breaker.is_open


def test_probes_that_fail_come_ever_later_up_to_a_cap() -> None:
    breaker, now, waits = Breaker(1), 0.0, []

    for _ in range(8):
        breaker.failed(now)
        waits.append(breaker.wait(now))
        now += waits[-1]

    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_a_probe_that_succeeds_closes_the_breaker() -> None:
    breaker = Breaker(1)
    breaker.failed(0.0)
    breaker.failed(2.0)

    breaker.succeeded()

    assert (breaker.is_open, breaker.wait(2.0)) == (False, 0.0)
    breaker.failed(3.0)
    assert breaker.wait(3.0) == 1.0
