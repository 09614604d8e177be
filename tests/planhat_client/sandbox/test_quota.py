"""When a call is too much, and what the headers say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from planhat_client.sandbox import QuotaOptions
from planhat_client.sandbox.quota import Quota


def test_a_call_beyond_the_quota_is_turned_away_until_the_first_is_a_window_old() -> None:
    quota = Quota(QuotaOptions(calls_per_window=2))

    assert [quota.arrive(at) for at in (0, 10, 20, 59.9, 60, 61)] == [
        True,
        True,
        False,
        False,
        True,
        False,
    ]
    assert quota.report()["throttled"] == 3


def test_more_than_so_many_a_second_is_too_much() -> None:
    quota = Quota(QuotaOptions(calls_per_window=0, calls_per_second=2))

    assert [quota.arrive(at) for at in (0, 0.1, 0.2, 1.05)] == [True, True, False, True]


def test_more_than_so_many_at_once_is_too_much() -> None:
    quota = Quota(QuotaOptions(parallel=1))
    quota.parallel = 2

    assert not quota.arrive(0)


def test_headers_come_in_the_old_spelling() -> None:
    quota = Quota(QuotaOptions(calls_per_window=200))
    quota.arrive(0)

    assert quota.headers(0) == {"X-Rate-Limit-Limit": "200", "X-Rate-Limit-Remaining": "199"}


def test_headers_come_in_the_other_spelling_with_the_seconds_left() -> None:
    quota = Quota(QuotaOptions(calls_per_window=1, headers="x-ratelimit", retry_after=True))
    quota.arrive(0)

    assert quota.headers(15, is_throttled=True) == {
        "X-RateLimit-Limit": "1",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "45.000",
        "Retry-After": "46",
    }


def test_no_limit_has_no_headers() -> None:
    assert Quota(QuotaOptions(calls_per_window=0)).headers(0) == {}


@given(st.lists(st.floats(0, 30), max_size=60))
def test_in_no_window_are_more_calls_let_in_than_the_quota(gaps: list[float]) -> None:
    quota = Quota(QuotaOptions(calls_per_window=5, calls_per_second=0))
    now = 0.0
    let_in = []
    for gap in gaps:
        now += gap
        if quota.arrive(now):
            let_in.append(now)

    assert all(late - early >= 60 for early, late in zip(let_in, let_in[5:], strict=False))
    assert quota.max_let_in <= 5
