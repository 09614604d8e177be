"""The limiter, with minutes that pass in no time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planhat_client.limiter import Gate, Limiter, _calls, _pace

START = 1_000.0


def call(gate: Gate, now: float) -> None:
    """One call, which is answered at once."""
    gate.landed(gate.take(now), works=True)


def drain(limiter: Limiter, start: float, seconds: float) -> list[float]:
    """Call as often as the limiter lets us; each call is answered at once."""
    now, calls = start, []
    while now < start + seconds:
        wait = limiter.wait(now)
        if wait == 0.0:
            call(limiter, now)
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
            call(limiter, now)
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

    limiter.close(START, 5)
    limiter.close(START, 3)

    assert limiter.wait(START + 4) == pytest.approx(1.0, abs=1e-3)
    assert limiter.wait(START + 5) == 0.0


@pytest.mark.parametrize("gate", [Limiter(200, 10), Gate()], ids=["main", "analytics"])
def test_a_long_wait_is_told_until_its_end(gate: Gate) -> None:
    gate.close(START, 59.0)
    short = gate.asked_wait(START)
    gate.throttled(START + 1, 600.0)

    waits = [gate.asked_wait(START + later) for later in (1, 600, 601)]

    assert short is None
    assert waits == [pytest.approx(600.0), pytest.approx(1.0), None]


def test_a_short_wait_after_a_long_one_is_short() -> None:
    limiter = Limiter(200, 10)
    limiter.close(START, 3600.0)

    limiter.close(START + 3600, 5.0)

    assert limiter.asked_wait(START + 3601) is None


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
    gate = Gate()
    for _ in range(1000):
        call(gate, START)

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
                limiter.close(now, value)
            case _:
                found = drain(limiter, now, value)
                calls += found
                now = max(now, found[-1]) if found else now

    assert most_in_a_minute(calls) <= quota
    # However often it was slowed down, and whatever its share was: it recovers.
    limiter.share(1.0, now)
    later = now + 40 * 60.0
    assert not limiter.is_lowered(later)
    assert len(drain(limiter, later + 61.0, 120.0)) >= 2 * 0.9 * int(quota) - 1


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
        call(limiter, now)


def test_after_a_429_the_whole_rate_comes_back_not_only_its_figure() -> None:
    limiter = Limiter(200, 10)
    limiter.wait(START)
    limiter.throttled(START, None)

    calls = drain(limiter, START + 600, 600.0)

    assert len(calls) / 10 >= 0.93 * 200


def test_a_rate_that_is_lowered_is_kept() -> None:
    limiter = Limiter(200, 10)
    limiter.wait(START)

    limiter.throttled(START + 100, None)
    calls = drain(limiter, START + 100, 60.0)

    assert 0.85 * 140 <= len(calls) <= 140


def test_after_a_429_there_is_no_burst() -> None:
    limiter = Limiter(200, 10)
    limiter.wait(START)

    limiter.throttled(START + 100, 0.0)

    assert len(drain(limiter, START + 100, 1.0)) <= 3


@pytest.mark.parametrize(("retry_after", "seconds"), [(None, 1.0), (0.0, 0.0), (7.0, 7.0)])
def test_after_a_429_nobody_goes_for_as_long_as_planhat_says_or_a_second(
    retry_after: float | None, seconds: float
) -> None:
    limiter, gate = Limiter(60_000, 1000), Gate()
    limiter.wait(START - 100)

    limiter.throttled(START, retry_after)
    gate.throttled(START, retry_after)

    assert limiter.wait(START) == pytest.approx(seconds, abs=0.01)
    assert gate.wait(START) == pytest.approx(seconds, abs=0.01)


def test_a_429_while_the_gate_is_closed_lowers_nothing_more_and_one_after_it_does() -> None:
    limiter = Limiter(200, 10)
    limiter.throttled(START, 30.0)

    limiter.throttled(START + 29.9, None)
    during = limiter.limit
    limiter.throttled(START + 31, None)

    assert during == pytest.approx(140)
    assert limiter.limit == pytest.approx(98)


def test_429s_a_second_apart_count_each() -> None:
    limiter = Limiter(200, 10)

    limiter.throttled(START, 0.0)
    limiter.throttled(START + 0.99, 0.0)
    together = limiter.limit
    limiter.throttled(START + 1.0, 0.0)

    assert [together, limiter.limit] == pytest.approx([140, 98])


def test_a_limiter_knows_whether_429s_hold_it_below_the_setting() -> None:
    limiter = Limiter(200, 10)
    limiter.share(0.5, START)
    before = limiter.is_lowered(START)
    limiter.throttled(START, None)

    told = [limiter.is_lowered(START + 60 * minute) for minute in range(6)]

    assert (before, told) == (False, [True, True, True, True, False, False])


def test_quiet_minutes_count_from_the_last_429() -> None:
    limiter = Limiter(200, 10)
    limiter.throttled(START, None)
    limiter.throttled(START + 50, None)
    lowest = limiter.limit

    told = [(limiter.wait(START + at), round(limiter.limit))[1] for at in (109, 110, 169, 230)]

    assert lowest == pytest.approx(98)
    assert told == [98, 108, 108, 130]


@pytest.mark.parametrize(("quota", "most"), [(99, 99), (100, 99), (99.9, 99), (1, 1), (1.9, 1)])
def test_of_a_hundred_calls_or_more_one_is_left(quota: float, most: int) -> None:
    limiter = Limiter(quota, 50)
    limiter.wait(START)

    calls = drain(limiter, START + 61, 600.0)

    assert most_in_a_minute(calls) == most


def test_less_than_a_call_a_minute_is_a_call_every_few_minutes() -> None:
    limiter = Limiter(0.5, 1)

    calls = drain(limiter, START, 1200.0)

    assert calls == pytest.approx([START + 120.0 * number for number in range(10)], abs=1e-3)


@pytest.mark.parametrize(("share", "burst"), [(1.0, 10), (0.5, 5), (0.25, 2), (0.01, 1)])
def test_the_burst_is_shared_as_the_quota_is(share: float, burst: int) -> None:
    limiter = Limiter(200, 10)
    limiter.share(share, START)

    calls = drain(limiter, START + 200, 0.1)

    assert len(calls) == burst


def test_without_a_share_nothing_is_used() -> None:
    limiter = Limiter(200, 10)
    limiter.take(START)

    limiter.share(0.0, START)

    assert (limiter.limit, limiter.used_ratio(START)) == (0.0, 0.0)


def test_a_clock_that_falls_back_a_little_frees_nothing() -> None:
    limiter = Limiter(60, 1)
    drain(limiter, START, 10.0)

    calls = drain(limiter, START + 5, 4.0)

    assert calls == []


def test_a_burst_that_comes_back_after_a_429_is_whole_a_minute_later() -> None:
    limiter = Limiter(200, 10)
    limiter.wait(START)
    limiter.throttled(START, None)

    first = drain(limiter, START + 600, 0.1)
    second = drain(limiter, START + 661, 0.1)

    assert (len(first), len(second)) == (7, 10)


@pytest.mark.parametrize(("limit", "calls"), [(99.0, 99), (99.9, 99), (100.0, 99), (200.0, 199)])
def test_the_last_of_a_hundred_calls_or_more_is_never_planned(limit: float, calls: int) -> None:
    assert _calls(limit) == calls


def test_who_gives_up_its_share_has_one_call_left() -> None:
    limiter = Limiter(200, 10)

    limiter.share(0.0, START)

    assert drain(limiter, START, 600.0) == [START]


def test_a_call_that_did_not_wait_is_waited_for_by_the_next() -> None:
    limiter = Limiter(60, 1)
    limiter.wait(START)

    for _ in range(3):
        limiter.take(START)

    assert limiter.wait(START) == pytest.approx(3.0, abs=1e-3)


@pytest.mark.parametrize(
    ("limit", "burst", "reserve", "capacity", "evenly"),
    [
        (60.0, 0.5, 0, 1, 60),
        (60.0, 1.0, 0, 1, 60),
        (60.0, 10.0, 9, 1, 51),
        (2.0, 10.0, 0, 1, 2),
        (3.0, 10.0, 1, 1, 2),
        (200.0, 4.0, 2, 2, 195),
        (200.0, 10.0, 7, 3, 189),
    ],
)
def test_a_burst_is_at_most_half_of_the_calls_and_what_is_left_goes_evenly(
    limit: float, burst: float, reserve: int, capacity: int, evenly: int
) -> None:
    pace = _pace(limit, burst)

    assert (pace.reserve, pace.capacity) == (reserve, capacity)
    assert pace.rate * 60 == pytest.approx(evenly)


def test_a_call_that_did_not_ask_fills_the_bucket_up_to_its_own_time_only() -> None:
    limiter = Limiter(60, 1)
    limiter.wait(START)
    limiter.take(START)

    limiter.take(START + 60)

    assert limiter.wait(START + 60) > 0


def test_the_bucket_is_used_up_before_the_reserve() -> None:
    limiter = Limiter(200, 10)
    limiter.wait(START)
    limiter.wait(START + 120)

    for _ in range(3):
        limiter.take(START + 120)

    assert not limiter._reserve_used


def test_an_end_that_was_never_told_does_not_close_the_gate_for_ever() -> None:
    gate = Gate()
    gate.throttled(START, 1.0)
    gate.take(START + 2)

    assert gate.wait(START + 600) > 0
    assert gate.wait(START + 603) == 0.0
