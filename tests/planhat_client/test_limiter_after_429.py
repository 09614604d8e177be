"""After a 429 one call asks whether Planhat is there again, and the others follow by and by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planhat_client.limiter import FIRST, Gate, Limiter

START = 1_000.0


class Air:
    """A gate, and the calls that are in flight through it."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.flights: list[int] = []
        gate.wait(START - 100)

    def fill(self, now: float, at_most: int = 1000) -> int:
        """Let calls go as long as they may; how many went."""
        went = 0
        while went < at_most and self.gate.wait(now) == 0.0:
            self.flights.append(self.gate.take(now))
            went += 1
        return went

    def land(self, count: int = 1, *, works: bool = True) -> None:
        for _ in range(count):
            self.gate.landed(self.flights.pop(0), works=works)

    def refuse(self, now: float, count: int = 1, retry_after: float | None = None) -> None:
        for _ in range(count):
            self.gate.throttled(now, retry_after, self.flights.pop(0))


@pytest.fixture(params=["main", "analytics"])
def air(request: pytest.FixtureRequest) -> Air:
    return Air(Gate() if request.param == "analytics" else Limiter(600_000, 9000))


def widen(air: Air, in_flight: int) -> None:
    """Let so many be in flight, as they are after many good answers."""
    air.fill(START)
    while len(air.flights) < in_flight:
        air.land()
        air.fill(START, 2)


def test_after_a_rest_a_few_go_and_with_each_good_answer_one_more(air: Air) -> None:
    begun = air.fill(START)
    air.land()

    assert begun == FIRST
    assert air.fill(START) == 2


def test_after_another_rest_it_is_a_few_again(air: Air) -> None:
    widen(air, 50)
    air.land(50)
    without = air.fill(START + 1)
    air.land(without)

    assert (without > 50, air.fill(START + 2.1)) == (True, FIRST)


def test_after_a_429_one_goes_and_nobody_else_until_it_is_answered(air: Air) -> None:
    widen(air, 400)
    air.refuse(START, 400)

    probes = air.fill(START + 1)

    assert probes == 1
    assert air.fill(START + 20) == 0


def test_the_probe_waits_for_no_answer_of_those_that_went_before(air: Air) -> None:
    widen(air, 400)
    air.refuse(START)

    assert air.fill(START + 1) == 1


def test_when_the_probe_was_answered_well_two_go_then_four(air: Air) -> None:
    air.fill(START, 1)
    air.refuse(START)
    air.fill(START + 1)

    went = []
    for _ in range(3):
        air.land(len(air.flights))
        went.append(air.fill(START + 1))

    assert went == [2, 4, 8]


def test_a_probe_that_failed_is_followed_by_another_one(air: Air) -> None:
    air.fill(START, 1)
    air.refuse(START)
    air.fill(START + 1)

    air.land(works=False)

    assert air.fill(START + 1) == 1


def test_a_good_answer_to_a_call_that_went_before_the_429_opens_nothing(air: Air) -> None:
    widen(air, 10)
    air.refuse(START)
    probe = air.fill(START + 1)

    air.land(9)

    assert (probe, air.fill(START + 1)) == (1, 0)


def test_a_429_of_a_call_that_went_before_another_closes_nothing_again(air: Air) -> None:
    widen(air, 10)
    air.refuse(START)
    air.fill(START + 1)

    air.refuse(START + 1, 9)
    air.land()

    assert air.fill(START + 1) == 2


def test_a_429_of_a_call_that_went_before_another_lowers_nothing_more() -> None:
    limiter = Limiter(6000, 60)
    air = Air(limiter)
    air.fill(START, 10)

    for later in range(10):
        air.refuse(START + 3 * later)

    assert limiter.limit == pytest.approx(4200)


def test_without_a_header_the_pauses_grow_up_to_a_bound(air: Air) -> None:
    now, pauses = START, []
    for _ in range(6):
        air.fill(now, 1)
        air.refuse(now)
        pauses.append(round(air.gate.wait(now)))
        now += pauses[-1]

    assert pauses == [1, 2, 4, 8, 15, 15]


def test_a_good_answer_makes_the_pauses_short_again(air: Air) -> None:
    now = START
    for _ in range(3):
        air.fill(now, 1)
        air.refuse(now)
        now += 10
    air.fill(now, 1)
    air.land()
    air.fill(now, 1)

    air.refuse(now)

    assert round(air.gate.wait(now)) == 1


def test_what_a_header_says_goes_before_the_growing_pause(air: Air) -> None:
    now = START
    for _ in range(3):
        air.fill(now, 1)
        air.refuse(now, retry_after=3.0)
        assert air.gate.wait(now) == pytest.approx(3.0, abs=0.01)
        now += 3


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("advance"), st.floats(0, 30)),
            st.tuples(st.just("fill"), st.integers(1, 30)),
            st.tuples(st.sampled_from(["land", "fail", "refuse", "refuse for 5 s"]), st.just(1)),
        ),
        max_size=60,
    )
)
def test_whatever_was_answered_it_opens_again(steps: list[tuple[str, float]]) -> None:
    air, now = Air(Gate()), START
    for kind, value in steps:
        if kind == "advance":
            now += value
        elif kind == "fill":
            air.fill(now, int(value))
        elif not air.flights:
            continue
        elif kind.startswith("refuse"):
            air.refuse(now, retry_after=5.0 if "5" in kind else None)
        else:
            air.land(works=kind == "land")

    air.land(len(air.flights))
    now += 16
    for _ in range(8):
        air.fill(now)
        air.land(len(air.flights))

    assert air.fill(now + 2) == FIRST
