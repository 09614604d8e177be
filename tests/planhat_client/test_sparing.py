"""A part of the quota is used while nothing is late."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planhat_client.limiter import Gate, Limiter
from planhat_client.sparing import Sparing
from tests.planhat_client.test_limiter import call, most_in_a_minute

START = 1_000.0


def limiter(
    share: float = 0.5, freshness: float = 5.0, quota: float = 200, burst: float = 10
) -> Limiter:
    made = Limiter(quota, burst, Sparing(share, freshness))
    made.wait(START - 100)
    return made


def always_fresh(spared: Limiter, start: float, seconds: float) -> list[float]:
    """Call as often as one may whose changes have just come."""
    now, calls = start, []
    while now < start + seconds:
        wait = max(spared.wait(now), spared.sparing.wait(now, now))
        if wait == 0.0:
            call(spared, now)
            calls.append(now)
        now += wait
    return calls


def test_after_a_rest_a_burst_waits_for_nobody() -> None:
    assert always_fresh(limiter(), START, 0.1) == [START] * 10


def test_whoever_comes_after_the_burst_waits_for_others() -> None:
    spared = limiter()
    always_fresh(spared, START, 0.1)

    assert spared.sparing.wait(START, START) == pytest.approx(60 / 90, abs=1e-3)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
def test_no_more_than_the_share_goes_and_most_of_it_may(share: float) -> None:
    calls = always_fresh(limiter(share), START, 600.0)

    assert most_in_a_minute(calls) <= 200 * share
    assert len(calls) >= 0.5 * 10 * 200 * share


def test_who_is_late_does_not_wait() -> None:
    spared = limiter(freshness=5.0)
    always_fresh(spared, START, 30.0)

    assert spared.sparing.wait(START + 30, START + 25) == 0.0


def test_nobody_waits_longer_than_until_it_is_late() -> None:
    spared = limiter(share=0.01)
    always_fresh(spared, START, 30.0)

    assert spared.sparing.wait(START + 30, START + 27) == pytest.approx(2.0, abs=1e-3)


@pytest.mark.parametrize(("share", "freshness"), [(1.0, 5.0), (0.5, 0.0)])
def test_it_can_be_switched_off(share: float, freshness: float) -> None:
    spared = limiter(share, freshness)
    always_fresh(spared, START, 60.0)

    assert spared.sparing.wait(START + 60, START + 60) == 0.0


def test_calls_that_did_not_wait_count_too() -> None:
    spared = limiter()
    for _ in range(12):
        call(spared, START)

    assert spared.sparing.wait(START, START) == pytest.approx(3 * 60 / 90, abs=1e-3)


def test_a_rush_is_soon_forgotten() -> None:
    spared = limiter()
    for _ in range(200):
        call(spared, START)

    assert spared.sparing.wait(START + 8, START + 8) == 0.0


def test_members_share_what_is_spared() -> None:
    members = [limiter() for _ in range(3)]
    for member in members:
        member.share(1 / 3, START)

    calls = [at for member in members for at in always_fresh(member, START, 300.0)]

    assert most_in_a_minute(sorted(calls)) <= 100


def test_a_429_lowers_what_is_spared_too() -> None:
    spared = limiter()

    spared.throttled(START, 0.0)
    calls = always_fresh(spared, START, 59.0)

    assert len(calls) <= 70


def test_the_host_that_has_no_quota_is_not_spared() -> None:
    assert Gate().sparing.wait(START, START) == 0.0


@pytest.mark.parametrize("quota", [1.0, 2.0, 3.0, 200 / 12])
def test_a_small_quota_is_spared_and_never_shut(quota: float) -> None:
    spared = limiter(quota=quota, burst=1, freshness=300.0)

    calls = always_fresh(spared, START, 1200.0)

    assert quota * 0.25 * 20 - 1 <= len(calls) <= max(quota * 0.5 * 20, 1) + 1


def test_without_partitions_one_waits_until_one_is_late() -> None:
    spared = limiter()
    spared.share(0.0, START)
    call(spared, START)

    assert spared.sparing.wait(START, START) == pytest.approx(5.0, abs=1e-3)


@given(
    quota=st.floats(1, 300),
    burst=st.floats(1, 60),
    share=st.floats(0.01, 1),
    fraction=st.sampled_from([1.0, 0.5, 1 / 12, 0.0]),
    gaps=st.lists(st.floats(0, 30), max_size=30),
)
def test_whoever_waits_as_told_is_not_asked_to_wait_again(
    quota: float, burst: float, share: float, fraction: float, gaps: list[float]
) -> None:
    spared = limiter(share, 5.0, quota, burst)
    spared.share(fraction, START)
    now = START

    for gap in gaps:
        now += gap
        since, until = now, now + spared.sparing.wait(now, now)
        now = until
        assert until <= since + 5.001
        assert spared.sparing.wait(until, since) == 0.0
        spared.take(until)
