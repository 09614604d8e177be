"""The lane against a Planhat that remembers: arbitrary arrivals, answers, faults and revokes."""

from __future__ import annotations

import json
from collections import Counter
from itertools import cycle
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from planhat_client.protocol import Delivered, Halt, Partial, Reject, Retry
from schemas.planhat import BulkResult
from tests.consumer.lanes import Bench, part
from tests.examples import examples

if TYPE_CHECKING:
    from consumer.flight import Flight
    from consumer.part import Part
    from planhat_client.protocol import Answer

KEYS = ("a", "b", "c", "d", "e")
EMAILS = ("", "@one", "@two")


def keys_of(flight: Flight | None) -> list[str]:
    assert flight is not None
    return [json.loads(item)["externalId"] for item in flight.items]


def test_changes_of_one_profile_fly_as_one_and_the_newest_wins() -> None:
    bench = Bench()
    for version in (1, 2, 3):
        bench.lane.add(part("a", version), 0.0)

    flight = bench.fly()

    assert [json.loads(item)["custom"]["version"] for item in flight.items] == [3]
    bench.settler.settle(flight, Delivered(BulkResult(updated=1)), 0.0)
    assert bench.ended() == [("a", "delivered")] * 3


def test_a_profile_in_flight_is_left_out_of_the_next_batch() -> None:
    bench = Bench()
    bench.lane.add(part("a", 1), 0.0)
    bench.lane.take(0.0)

    bench.lane.add(part("a", 2), 0.0)
    bench.lane.add(part("b", 1), 0.0)

    assert keys_of(bench.lane.take(0.0)) == ["b"]


def test_two_profiles_with_one_identity_never_share_a_batch_nor_the_air() -> None:
    bench = Bench()
    bench.lane.add(part("a", 1, ("@one",)), 0.0)
    bench.lane.add(part("b", 1, ("@one",)), 0.0)

    first = bench.fly()

    assert keys_of(first) == ["a"]
    assert bench.lane.take(0.0) is None
    bench.settler.settle(first, Delivered(BulkResult(created=1)), 0.0)
    assert keys_of(bench.lane.take(0.0)) == ["b"]


def test_a_bad_item_costs_itself_and_few_calls() -> None:
    bench = Bench()
    for number in range(64):
        bench.lane.add(part(f"k{number}", 1), 0.0)
    calls = 0

    while (flight := bench.lane.take(0.0)) is not None:
        calls += 1
        is_bad = "k17" in keys_of(flight)
        good = Delivered(BulkResult(created=len(flight.items)))
        bench.settler.settle(flight, Reject("no", 422) if is_bad else good, 0.0)

    ended = Counter(bench.ended())
    assert [key for key, ending in ended if ending == "rejected"] == ["k17"]
    assert calls <= 2 * 6 + 1


def test_a_change_that_is_refused_does_not_take_its_neighbours_in_the_same_profile_along() -> None:
    bench = Bench()
    for version in range(1, 9):
        bench.lane.add(part("a", version), 0.0)
    delivered = []

    while (flight := bench.lane.take(0.0)) is not None:
        version = json.loads(flight.items[0])["custom"]["version"]
        flown = list(flight.profiles[0].parts)[: flight.profiles[0].flying]
        versions = [one.body["custom"]["version"] for one in flown]
        if 5 in versions:
            bench.settler.settle(flight, Reject("five", 400), 0.0)
        else:
            delivered.append(version)
            bench.settler.settle(flight, Delivered(BulkResult(updated=1)), 0.0)

    endings = Counter(ending for _, ending in bench.ended())
    assert endings == {"delivered": 7, "rejected": 1}
    assert delivered == sorted(delivered)


def test_an_item_that_fails_alone_while_others_succeed_is_given_up() -> None:
    bench = Bench(attempts=3)
    bench.lane.add(part("bad", 1), 0.0)
    now, good = 0.0, 0
    for _ in range(200):
        now += 1.0
        bench.lane.add(part(f"good{good}", 1), now)
        good += 1
        while (flight := bench.lane.take(now)) is not None:
            is_bad = "bad" in keys_of(flight)
            good_answer = Delivered(BulkResult(created=len(flight.items)))
            answer: Answer = Retry("500", 500) if is_bad else good_answer
            bench.settler.settle(flight, answer, now)

    ended = bench.ended()
    assert ("bad", "rejected") in ended
    assert Counter(ending for _, ending in ended)["delivered"] == good


def test_who_is_given_up_is_told_what_planhat_said_not_how_the_last_try_broke_off() -> None:
    bench = Bench(attempts=4)
    bench.lane.add(part("bad", 1), 0.0)
    answers = cycle([Retry("network: reset"), Retry("500 no", 500)])
    now, reasons = 0.0, []
    for number in range(100):
        now += 10.0
        bench.lane.add(part(f"good{number}", 1), now)
        while (flight := bench.lane.take(now)) is not None:
            answer: Answer = Delivered(BulkResult(created=len(flight.items)))
            if "bad" in keys_of(flight):
                answer = next(answers)
            bench.settler.settle(flight, answer, now)
        reasons += [end.reason for end in bench.lane.ended if end.ending == "rejected"]
        bench.lane.ended.clear()

    assert reasons == ["500 no"]


def test_while_the_api_is_down_nothing_is_given_up() -> None:
    bench = Bench(attempts=2)
    for number in range(20):
        bench.lane.add(part(f"k{number}", 1), 0.0)
    for second in range(3600):
        while (flight := bench.lane.take(float(second))) is not None:
            bench.settler.settle(flight, Retry("503", 503), float(second))

    assert bench.ended() == []
    assert bench.lane.waiting == 20


def test_what_planhat_has_already_is_not_sent_again() -> None:
    bench = Bench(skips_unchanged=True)
    bench.lane.add(part("a", 1), 0.0)
    bench.settler.settle(bench.fly(), Delivered(BulkResult(created=1)), 0.0)

    bench.lane.add(part("a", 1), 0.0)

    assert bench.lane.take(0.0) is None
    assert bench.ended() == [("a", "delivered")] * 2


def test_after_an_unknown_result_the_same_is_sent_again() -> None:
    bench = Bench(skips_unchanged=True)
    bench.lane.add(part("a", 1), 0.0)
    bench.settler.settle(bench.fly(), Delivered(BulkResult(created=1)), 0.0)
    bench.lane.add(part("a", 2), 0.0)
    bench.settler.settle(bench.fly(), Retry("network"), 0.0)
    bench.lane.add(part("a", 1), 0.0)

    assert bench.lane.take(60.0) is not None


@pytest.mark.parametrize("answer", [Halt("401", 401), Retry("429", 429), Retry("network")])
def test_answers_about_the_whole_lose_nothing(answer: Answer) -> None:
    bench = Bench()
    bench.lane.add(part("a", 1), 0.0)

    bench.settler.settle(bench.fly(), answer, 0.0)

    assert keys_of(bench.lane.take(60.0)) == ["a"]


class LaneMachine(RuleBasedStateMachine):
    """Never two flights for one identity, never an older after a newer, each change ends once."""

    @initialize()
    def start(self) -> None:
        self.bench = Bench(batch_size=3, concurrency=3, attempts=3)
        self.air: list[Flight] = []
        self.versions = dict.fromkeys(KEYS, 0)
        self.applied: dict[str, int] = {}
        self.open: dict[int, Part] = {}
        self.ended: set[int] = set()
        self.kept: list[Part] = []
        self.unsure: set[str] = set()

    @rule(key=st.sampled_from(KEYS), email=st.sampled_from(EMAILS))
    def arrive(self, key: str, email: str) -> None:
        self.versions[key] += 1
        one = part(key, self.versions[key], (email,) if email else ())
        self.open[id(one)] = one
        self.bench.lane.add(one, self.bench.now)

    @rule()
    def take(self) -> None:
        flight = self.bench.lane.take(self.bench.now)
        if flight is not None:
            self.air.append(flight)

    @precondition(lambda self: bool(self.air))
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        flight = self.air.pop(data.draw(st.integers(0, len(self.air) - 1)))
        items = [json.loads(item) for item in flight.items]
        names = {item["externalId"] for item in items}
        # Nobody refuses what he took before, although the answer to that was lost.
        refusals = () if names & self.unsure else ("some", "refuse")
        kind = data.draw(st.sampled_from(("all", "retry", "lost", "halt", *refusals)))
        self.unsure = self.unsure | names if kind == "lost" else self.unsure
        self.unsure = self.unsure - names if kind == "all" else self.unsure
        taken = items if kind in ("all", "lost") else []
        answer: Answer = Delivered(BulkResult(created=len(items)))
        if kind == "some":
            taken = items[: data.draw(st.integers(0, len(items) - 1))]  # one is refused
            inserted = tuple({"externalId": item["externalId"]} for item in taken)
            lists = {"created": len(taken), "insertsKeys": inserted, "createdErrors": ["some"]}
            answer = Partial(BulkResult.model_validate(lists), "some")
        elif kind == "refuse":
            answer = Reject("400", 400)
        elif kind in ("retry", "lost"):
            answer = Retry("network")
        elif kind == "halt":
            answer = Halt("401", 401)
        for item in taken:
            key, version = item["externalId"], item["custom"]["version"]
            assert version >= self.applied.get(key, 0), "an older change overtook a newer one"
            self.applied[key] = version
        self.bench.settler.settle(flight, answer, self.bench.now)
        self.collect()

    @rule(seconds=st.floats(0.1, 40))
    def wait(self, seconds: float) -> None:
        self.bench.now += seconds

    @rule()
    def revoke(self) -> None:
        self.bench.lane.clear()
        self.bench.lane.ended = []
        self.open.clear()
        # Somebody else goes on from the commit; here the versions simply grow on.

    def collect(self) -> None:
        for end in self.bench.lane.ended:
            assert id(end.part) not in self.ended, "a change ended twice"
            self.ended.add(id(end.part))
            assert self.open.pop(id(end.part), None) is not None
            self.kept.append(end.part)  # so that no id is used twice
        self.bench.lane.ended = []

    @invariant()
    def nobody_is_in_two_flights(self) -> None:
        if not hasattr(self, "air"):
            return
        claims = [claim for flight in self.air for one in flight.profiles for claim in one.claims]
        assert len(claims) == len(set(claims))

    def teardown(self) -> None:
        if not hasattr(self, "air"):
            return
        for flight in self.air:
            self.bench.settler.settle(flight, Retry("network"), self.bench.now)
        for _ in range(500):
            self.bench.now += 40
            going = self.bench.lane.take(self.bench.now)
            if going is None and not self.bench.lane.waiting:
                break
            if going is not None:
                answer = Delivered(BulkResult(created=len(going.items)))
                self.bench.settler.settle(going, answer, self.bench.now)
        self.collect()
        assert not self.open, "a change was lost"
        assert self.bench.lane.waiting == 0


TestLane = LaneMachine.TestCase
TestLane.settings = settings(max_examples=examples(150), stateful_step_count=40, deadline=None)


def test_a_value_that_comes_back_after_another_member_wrote_is_sent_again() -> None:
    bench = Bench(skips_unchanged=True)
    bench.lane.add(part("a", 1), bench.now)
    bench.settler.settle(bench.fly(), Delivered(None, is_whole=True), bench.now)

    bench.lane.clear()
    bench.lane.add(part("a", 1), bench.now)

    assert len(bench.fly().items) == 1


def test_each_request_counts_as_an_attempt() -> None:
    bench = Bench()
    change = part("a", 1)
    bench.lane.add(change, bench.now)

    for _ in range(2):
        bench.settler.settle(bench.fly(), Retry("down", 500), bench.now)
        bench.now += 60.0
    bench.fly()

    assert change.attempts == 3


def test_many_changes_of_a_profile_that_always_fails_are_given_up_soon() -> None:
    bench = Bench(attempts=8)
    for version in range(1, 19):
        bench.lane.add(part("bad", version), 0.0)
    ended: list[tuple[str, str]] = []
    good = 0
    while ended.count(("bad", "rejected")) < 18:
        bench.now += 0.25
        bench.lane.add(part(f"good{good}", 1), bench.now)
        good += 1
        while (flight := bench.lane.take(bench.now)) is not None:
            is_bad = "bad" in keys_of(flight)
            taken = Delivered(BulkResult(created=len(flight.items)))
            bench.settler.settle(flight, Retry("500", 500) if is_bad else taken, bench.now)
        ended += bench.ended()
        assert bench.now < 120.0

    assert ended.count(("bad", "rejected")) == 18
