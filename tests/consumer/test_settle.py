"""What becomes of a profile that fails again and again, while others succeed or not."""

from __future__ import annotations

import json
from collections import Counter
from itertools import count, cycle
from typing import TYPE_CHECKING, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.given_up import CALM_SECONDS, REMEMBERED_SECONDS
from planhat_client.protocol import Delivered, Retry
from schemas.planhat import BulkResult
from tests.consumer.lanes import Bench, part
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.flight import Flight
    from planhat_client.protocol import Answer

Flown: TypeAlias = dict[str, list[int]]

BAD = "bad"
TICK = 0.25
NO = Retry("500 cannot read it", 500)


class Hopeless:
    """A lane in which `BAD` fails, and another profile changes with each tick of 0.25 s.

    `fails` says whether a request fails, by its items: key -> versions.
    """

    def __init__(self, fails: Callable[[Flown], bool], **policy: object) -> None:
        self.bench = Bench(**policy)
        self.fails = fails
        self.refusal: Callable[[], Answer] = lambda: NO
        self.flights: list[Flown] = []
        self.ends: list[tuple[int, str, str]] = []
        self.others = Counter[str]()
        self.version = 0

    def change(self, count: int = 1) -> None:
        for _ in range(count):
            self.version += 1
            self.bench.lane.add(part(BAD, self.version), self.bench.now)

    def tick(self, *, with_another: bool = True) -> None:
        bench = self.bench
        bench.now += TICK
        if with_another:
            bench.lane.add(part(f"good at {bench.now}", 1), bench.now)
        while (flight := bench.lane.take(bench.now)) is not None:
            bench.settler.settle(flight, self._answer(flight), bench.now)
        for end in bench.lane.ended:
            if end.part.key == BAD:
                version = end.part.body["custom"]["version"]
                self.ends.append((version, end.ending, end.reason))
            else:
                self.others[end.ending] += 1
        bench.lane.ended = []

    def until_ended(self, count: int, seconds: float = 300.0) -> None:
        latest = self.bench.now + seconds
        while len(self.ends) < count:
            assert self.bench.now < latest, f"{self.ends} after {seconds} s"
            self.tick()

    def rejected(self) -> list[int]:
        return [version for version, ending, _ in self.ends if ending == "rejected"]

    def tries(self) -> list[list[int]]:
        """The versions with which it was in a request, for each of them."""
        return [flight[BAD] for flight in self.flights if BAD in flight]

    def _answer(self, flight: Flight) -> Answer:
        items = [json.loads(item) for item in flight.items]
        flown: Flown = {}
        for item in items:
            flown.setdefault(item["externalId"], []).append(item["custom"]["version"])
        self.flights.append(flown)
        return self.refusal() if self.fails(flown) else Delivered(BulkResult(created=len(items)))


def bad(flown: Flown) -> bool:
    return BAD in flown


def given_up(**policy: object) -> Hopeless:
    """One change of it was given up a moment ago, and all others are well."""
    hopeless = Hopeless(bad, **policy)
    hopeless.change()
    hopeless.until_ended(1)
    for _ in range(int(CALM_SECONDS / TICK) + 1):
        hopeless.tick()
    hopeless.flights.clear()
    return hopeless


def test_the_further_changes_of_a_profile_that_was_given_up_end_together_and_soon() -> None:
    hopeless = given_up()
    began = hopeless.bench.now

    hopeless.change(20)
    hopeless.until_ended(21)

    assert hopeless.rejected() == list(range(1, 22))
    assert 2 <= len(hopeless.tries()) <= 3  # one, and more to tell it from a failing API
    assert hopeless.tries()[0] == [21]
    assert hopeless.bench.now - began <= 2.0


def test_the_reason_is_what_planhat_said_of_them() -> None:
    hopeless = given_up()

    hopeless.change(3)
    hopeless.until_ended(4)

    assert {reason for _, _, reason in hopeless.ends} == {"500 cannot read it"}


def test_the_change_that_is_given_up_first_is_told_from_those_it_waited_with() -> None:
    hopeless = Hopeless(lambda flown: flown.get(BAD) in ([2], [3], [4]))
    hopeless.change(4)

    hopeless.until_ended(4)

    assert [ending for _, ending, _ in hopeless.ends[:2]] == ["delivered", "rejected"]
    assert hopeless.rejected()[0] == 2


def test_a_profile_that_was_given_up_flies_alone() -> None:
    hopeless = given_up()

    hopeless.change()
    hopeless.until_ended(2)

    assert all(len(flown) == 1 for flown in hopeless.flights)
    assert "rejected" not in hopeless.others


def test_a_mended_change_is_delivered_with_all_that_waited_for_it() -> None:
    hopeless = given_up()
    hopeless.fails = lambda flown: flown.get(BAD, [4]) < [4]

    hopeless.change(3)
    hopeless.until_ended(4)

    assert hopeless.rejected() == [1]
    assert hopeless.tries() == [[4]]


def test_whoever_was_delivered_flies_with_the_others_again_and_has_all_its_tries() -> None:
    hopeless = given_up(attempts=5)
    hopeless.fails = lambda _: False
    hopeless.change()
    hopeless.until_ended(2)
    hopeless.flights.clear()

    hopeless.change()
    hopeless.tick()
    assert len(hopeless.flights[0]) == 2
    hopeless.fails = bad
    hopeless.flights.clear()
    hopeless.change()
    hopeless.until_ended(4)

    alone = [flown for flown in hopeless.flights if flown.keys() == {BAD}]
    assert len(alone) >= 5


def test_while_nobody_succeeds_nothing_of_it_is_given_up() -> None:
    hopeless = given_up()
    hopeless.fails = lambda _: True
    hopeless.change()

    for _ in range(4 * 3600):
        hopeless.tick()

    assert hopeless.rejected() == [1]


def test_while_nobody_else_is_there_nothing_of_it_is_given_up() -> None:
    hopeless = given_up()
    hopeless.change()

    for _ in range(4 * 3600):
        hopeless.tick(with_another=False)

    assert hopeless.rejected() == [1]


def test_long_after_it_was_given_up_it_has_all_its_tries() -> None:
    hopeless = given_up(attempts=5)
    hopeless.bench.now += REMEMBERED_SECONDS + 1

    hopeless.change()
    hopeless.until_ended(2)

    alone = [flown for flown in hopeless.flights if flown.keys() == {BAD}]
    assert len(alone) >= 5


def test_after_a_revoke_it_has_all_its_tries() -> None:
    hopeless = given_up()

    hopeless.bench.lane.clear()

    assert not hopeless.bench.lane.given_up.holds(BAD, hopeless.bench.now)


def test_the_failures_of_who_was_given_up_do_not_speak_against_the_api() -> None:
    hopeless = given_up()

    for _ in range(100):
        hopeless.change()
        hopeless.tick(with_another=False)
        hopeless.tick()

    assert hopeless.bench.lane.breaker_state == "closed"
    assert len(hopeless.rejected()) > 20


def test_activities_of_who_was_given_up_are_still_told_apart() -> None:
    hopeless = given_up(merges=False)
    hopeless.fails = lambda flown: any(version % 2 == 0 for version in flown.get(BAD, []))

    hopeless.change(8)
    hopeless.until_ended(9)

    assert set(hopeless.rejected()) == {1, 2, 4, 6, 8}


up = st.floats(30.0, 90.0)
down = st.floats(2.0, 60.0)


@settings(max_examples=examples(40), deadline=None)
@given(
    phases=st.lists(st.tuples(up, down), min_size=1, max_size=5),
    changes=st.lists(st.integers(0, 400), min_size=1, max_size=30),
    mended_from=st.integers(1, 31),
)
def test_an_outage_costs_a_mended_profile_nothing_and_the_others_neither(
    phases: list[tuple[float, float]], changes: list[int], mended_from: int
) -> None:
    ends_at, outages = 0.0, []
    for well, ill in phases:
        outages.append((ends_at + well, ends_at + well + ill))
        ends_at += well + ill

    def fails(flown: Flown) -> bool:
        now = hopeless.bench.now
        is_down = any(since <= now < until for since, until in outages)
        return is_down or any(version < mended_from for version in flown.get(BAD, []))

    hopeless = Hopeless(fails)
    arrivals = Counter(changes)
    for second in range(int(ends_at) + 1):
        hopeless.change(arrivals[second])
        for _ in range(4):
            hopeless.tick()
    hopeless.change(arrivals.total() - hopeless.version)
    hopeless.until_ended(len(changes))

    assert all(version < mended_from for version in hopeless.rejected())
    assert hopeless.others["rejected"] == 0


def test_the_reason_is_what_planhat_mostly_said_and_never_that_we_were_too_fast() -> None:
    answers = cycle(
        [
            Retry("429 Too Many Requests", 429),
            NO,
            Retry("503 Unavailable", 503),
            NO,
            Retry("network: reset"),
        ]
    )
    hopeless = Hopeless(bad)
    hopeless.refusal = lambda: next(answers)
    hopeless.change()

    hopeless.until_ended(1)

    assert [reason for _, _, reason in hopeless.ends] == [NO.reason]


def test_while_others_fail_too_who_was_given_up_has_all_its_tries() -> None:
    hopeless = given_up(attempts=5)
    hopeless.flights.clear()
    ticks = count(1)
    # One in eleven of the others' requests fails: the API is not quite well.
    hopeless.fails = lambda flown: BAD in flown or next(ticks) % 11 == 0

    for _ in range(int(CALM_SECONDS / TICK)):
        hopeless.tick()
    hopeless.flights.clear()
    hopeless.change()
    hopeless.until_ended(2, seconds=3600.0)

    assert len(hopeless.tries()) >= 5
