"""The limiter, with minutes that pass in no time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planhat_client.limiter import Limiter, Unlimited

START = 1_000.0


def drain(limiter: Limiter, start: float, seconds: float) -> list[float]:
    """Call as often as the limiter lets us."""
    now, calls = start, []
    while now < start + seconds:
        wait = limiter.wait(now)
        if wait == 0.0:
            limiter.take(now)
            calls.append(now)
        else:
            now += wait
    return calls


def most_in_a_minute(calls: list[float]) -> int:
    return max(
        (sum(start <= call < start + 60.0 for call in calls[at : at + 1000]))
        for at, start in enumerate(calls)
    )


def test_a_new_limiter_lets_only_two_calls_go_at_once() -> None:
    limiter = Limiter(200, 10)

    calls = drain(limiter, START, 0.1)

    assert calls == [START, START]


def test_a_rested_limiter_lets_a_burst_go_at_once() -> None:
    limiter = Limiter(200, 10)
    limiter.wait(START)

    calls = drain(limiter, START + 61, 0.1)

    assert calls == [START + 61] * 10


def test_after_a_burst_calls_go_evenly() -> None:
    limiter = Limiter(200, 10)
    limiter.wait(START)

    calls = drain(limiter, START + 61, 50.0)

    gaps = [later - earlier for earlier, later in pairwise(calls[10:])]
    assert max(gaps) < 0.35


@pytest.mark.parametrize(
    ("quota", "burst"),
    [(200, 10), (200, 50), (200, 1), (200, 500), (66.7, 3.3), (20, 10), (3, 3), (2, 1), (1, 1)],
)
def test_constant_demand_gets_nearly_all_of_the_quota_and_never_more(
    quota: float, burst: float
) -> None:
    limiter = Limiter(quota, burst)

    calls = drain(limiter, START, 660.0)

    settled = [call for call in calls if call >= START + 60]
    assert len(settled) / 10 >= 0.95 * int(quota) - 0.1
    assert most_in_a_minute(calls) <= quota


@pytest.mark.parametrize("share", [1 / 2, 1 / 3, 1 / 12])
def test_replicas_that_share_the_quota_use_nearly_all_of_it(share: float) -> None:
    limiter = Limiter(200, 10)
    limiter.share(share, START)

    calls = drain(limiter, START, 660.0)

    settled = [call for call in calls if call >= START + 60]
    assert 0.93 * 200 * share <= len(settled) / 10 <= 200 * share


@pytest.mark.parametrize("burst", [1, 10, 200])
def test_one_call_of_many_always_remains_so_that_no_header_says_there_is_none(burst: int) -> None:
    limiter = Limiter(200, burst)
    limiter.wait(START)

    assert most_in_a_minute(drain(limiter, START + 61, 300.0)) < 200


@pytest.mark.parametrize("burst", [10, 50, 200])
def test_calls_that_arrive_late_do_not_break_the_quota_either(burst: int) -> None:
    limiter = Limiter(200, burst)
    limiter.wait(START)

    sent = drain(limiter, START + 61, 130.0)

    # The first ones open connections, those after them find them open.
    arrived = sorted(call + (0.5 if at < burst else 0.0) for at, call in enumerate(sent))
    assert most_in_a_minute(arrived) <= 200


def test_a_late_loop_costs_nothing_of_the_quota() -> None:
    limiter = Limiter(200, 10)
    now, calls = START, 0

    while now < START + 660:
        while limiter.wait(now) == 0.0:
            limiter.take(now)
            calls += now >= START + 60
        now += 0.5

    assert calls / 10 >= 190


def test_a_share_that_shrinks_counts_the_calls_that_went_before() -> None:
    limiter = Limiter(200, 10)
    drain(limiter, START, 120.0)

    limiter.share(0.5, START + 120)
    calls = drain(limiter, START + 120, 60.0)

    assert calls[0] >= START + 145


def test_a_share_that_grows_starts_without_a_burst() -> None:
    limiter = Limiter(200, 10)
    limiter.share(0.5, START)
    drain(limiter, START + 60, 60.0)

    limiter.share(1.0, START + 200)
    calls = drain(limiter, START + 200, 10.0)

    assert calls[0] > START + 200
    assert len(calls) <= 32


def test_an_answer_429_closes_and_slows_down() -> None:
    limiter = Limiter(200, 10)

    limiter.throttled(START, retry_after=30.0)

    assert 30.0 <= limiter.wait(START) < 30.1
    assert limiter.limit == pytest.approx(140)


def test_answers_429_to_calls_in_flight_together_count_once() -> None:
    limiter = Limiter(200, 10)

    for late in range(10):
        limiter.throttled(START + late / 100, retry_after=0.0)

    assert limiter.limit == pytest.approx(140)


def test_quiet_minutes_raise_the_rate_up_to_the_setting() -> None:
    limiter = Limiter(200, 10)
    limiter.throttled(START, None)

    limits = [(limiter.wait(START + 60 * minute), round(limiter.limit))[1] for minute in range(6)]

    assert limits == [140, 154, 169, 186, 200, 200]


def test_the_slowest_rate_still_moves() -> None:
    limiter = Limiter(200, 10)
    for minute in range(50):
        limiter.throttled(START + minute * 10, None)

    assert limiter.limit == pytest.approx(10)


def test_a_closed_limiter_opens_when_it_was_told() -> None:
    limiter = Limiter(200, 10)

    limiter.close_until(START + 5)
    limiter.close_until(START + 3)

    assert limiter.wait(START + 4) == pytest.approx(1.0, abs=1e-3)
    assert limiter.wait(START + 5) == 0.0


def test_without_a_share_nothing_goes() -> None:
    limiter = Limiter(200, 10)

    limiter.share(0.0, START)
    limiter.take(START)
    limiter.take(START)

    assert limiter.wait(START) >= 60.0


def test_the_used_ratio_forgets_what_is_a_minute_old() -> None:
    limiter = Limiter(200, 10)
    limiter.take(START)
    limiter.take(START + 30)

    ratios = [limiter.used_ratio(START + later) for later in (30, 60, 90)]

    assert ratios == [0.01, 0.005, 0.0]


def test_the_gate_of_the_analytics_host_closes_only_when_told() -> None:
    gate = Unlimited()
    for _ in range(1000):
        gate.take(START)

    assert gate.wait(START) == 0.0

    gate.throttled(START, retry_after=2.0)

    assert 2.0 <= gate.wait(START) < 2.1
    assert gate.wait(START + 2.0) == 0.0


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("advance"), st.floats(0, 100)),
        st.tuples(st.just("advance"), st.floats(0, 1)),
        st.tuples(st.just("drain"), st.integers(1, 60)),
        st.tuples(st.just("share"), st.sampled_from([0.1, 0.25, 1 / 3, 0.5, 0.75, 1.0])),
        st.tuples(st.just("throttled"), st.sampled_from([None, 0.0, 1.0, 20.0])),
        st.tuples(st.just("close"), st.floats(0, 30)),
    ),
    max_size=40,
)


@given(
    quota=st.one_of(st.integers(1, 30), st.floats(1, 60)),
    burst=st.floats(1, 60),
    start=st.floats(0, 1e9),
    steps=STEPS,
)
def test_no_sixty_seconds_hold_more_calls_than_the_quota_whatever_happens(
    quota: float, burst: float, start: float, steps: list[tuple[str, float]]
) -> None:
    limiter = Limiter(quota, burst)
    now, calls = start, [start - 1000]

    for kind, value in steps:
        match kind:
            case "advance":
                now += value
            case "share":
                limiter.share(value, now)
            case "throttled":
                limiter.throttled(now, value)
            case "close":
                limiter.close_until(now + value)
            case _:
                found = drain(limiter, now, value)
                calls += found
                now = max(now, found[-1]) if found else now

    assert most_in_a_minute(calls) <= quota


@given(
    quota=st.floats(1, 300),
    burst=st.floats(1, 60),
    share=st.sampled_from([1.0, 0.5, 1 / 3, 0.01]),
    start=st.floats(0, 1e9),
    gaps=st.lists(st.floats(0, 30), max_size=30),
)
def test_whoever_waits_as_told_may_go(
    quota: float, burst: float, share: float, start: float, gaps: list[float]
) -> None:
    limiter = Limiter(quota, burst)
    limiter.share(share, start)
    now = start

    for gap in gaps:
        now += gap
        now += limiter.wait(now)
        assert limiter.wait(now) == 0.0
        limiter.take(now)
