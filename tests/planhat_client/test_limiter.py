from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planhat_client.limiter import Limiter

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.floats(0, 90)),
        st.tuples(st.just("go"), st.just(0.0)),
        st.tuples(st.just("throttled"), st.floats(0, 30)),
        st.tuples(st.just("share"), st.floats(0.1, 1)),
    ),
    max_size=300,
)


@given(st.integers(1, 300), st.integers(1, 50), STEPS)
def test_in_no_minute_do_more_calls_go_than_the_quota(
    quota: int, burst: int, steps: list[tuple[str, float]]
) -> None:
    limiter, now, calls = Limiter(quota, burst), 0.0, []
    for kind, value in steps:
        match kind:
            case "wait":
                now += value
            case "throttled":
                limiter.throttled(now, value)
            case "share":
                limiter.share(value, now)
            case _:
                now += limiter.wait(now)
                if limiter.wait(now) == 0:
                    limiter.take(now)
                    calls.append(now)

    for first in calls:
        assert sum(first <= at < first + 60 for at in calls) <= quota


@pytest.mark.parametrize(("quota", "burst"), [(200, 10), (60, 1), (1000, 50)])
def test_a_steady_load_uses_the_quota(quota: int, burst: int) -> None:
    limiter, now, calls = Limiter(quota, burst), 0.0, 0
    while now < 600:
        wait = limiter.wait(now)
        if wait > 0:
            now += wait
            continue
        limiter.take(now)
        calls += 1

    assert calls >= 0.95 * (quota - burst) * 10


def test_after_waiting_as_told_a_call_may_go() -> None:
    limiter, now = Limiter(200, 10), 0.0
    for _ in range(500):
        now += limiter.wait(now)
        assert limiter.wait(now) <= 1e-6
        limiter.take(now)


def test_a_throttled_limiter_closes_goes_slower_and_recovers() -> None:
    limiter = Limiter(200, 10)
    limiter.wait(0.0)

    limiter.throttled(0.0, 5.0)

    assert limiter.wait(0.0) >= 5.0
    assert limiter.limit == pytest.approx(140)
    limiter.wait(60 * 10)
    assert limiter.limit == pytest.approx(200)
