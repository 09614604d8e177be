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

from consumer.lanes.lane import breaker_state, count_parked, next_try
from planhat_client.protocol import Delivered, Halt, Partial, Reject, Retry
from schemas.planhat import BulkResult
from tests.consumer.lane_bench import Bench, part
from tests.examples import examples

if TYPE_CHECKING:
    from consumer.lanes.batch import Batch
    from consumer.lanes.part import Part
    from planhat_client.protocol import Answer

KEYS = ("a", "b", "c", "d", "e")
EMAILS = ("", "@one", "@two")
TEXTS = ("", "x" * 150, "y" * 400)
MOST_BYTES = 600


def keys_of(batch: Batch | None) -> list[str]:
    assert batch is not None
    return [json.loads(item)["externalId"] for item in batch.items]


def test_changes_of_one_profile_fly_as_one_and_the_newest_wins() -> None:
    bench = Bench()
    for version in (1, 2, 3):
        bench.lane.add(part("a", version), 0.0)

    batch = bench.fly()

    assert [json.loads(item)["custom"]["version"] for item in batch.items] == [3]
    bench.settler.settle(batch, Delivered(BulkResult(updated=1)), 0.0)
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

    while (batch := bench.lane.take(0.0)) is not None:
        calls += 1
        is_bad = "k17" in keys_of(batch)
        good = Delivered(BulkResult(created=len(batch.items)))
        bench.settler.settle(batch, Reject("no", 422) if is_bad else good, 0.0)

    ended = Counter(bench.ended())
    assert [key for key, ending in ended if ending == "rejected"] == ["k17"]
    assert calls <= 2 * 6 + 1


def test_a_change_that_is_refused_does_not_take_its_neighbours_in_the_same_profile_along() -> None:
    bench = Bench()
    for version in range(1, 9):
        bench.lane.add(part("a", version), 0.0)
    delivered = []

    while (batch := bench.lane.take(0.0)) is not None:
        version = json.loads(batch.items[0])["custom"]["version"]
        flown = list(batch.profiles[0].parts)[: batch.profiles[0].flying]
        versions = [one.body["custom"]["version"] for one in flown]
        if 5 in versions:
            bench.settler.settle(batch, Reject("five", 400), 0.0)
        else:
            delivered.append(version)
            bench.settler.settle(batch, Delivered(BulkResult(updated=1)), 0.0)

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
        while (batch := bench.lane.take(now)) is not None:
            is_bad = "bad" in keys_of(batch)
            good_answer = Delivered(BulkResult(created=len(batch.items)))
            answer: Answer = Retry("500", 500) if is_bad else good_answer
            bench.settler.settle(batch, answer, now)

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
        while (batch := bench.lane.take(now)) is not None:
            answer: Answer = Delivered(BulkResult(created=len(batch.items)))
            if "bad" in keys_of(batch):
                answer = next(answers)
            bench.settler.settle(batch, answer, now)
        reasons += [end.reason for end in bench.lane.ended if end.ending == "rejected"]
        bench.lane.ended.clear()

    assert reasons == ["500 no"]


def test_while_the_api_is_down_nothing_is_given_up() -> None:
    bench = Bench(attempts=2)
    for number in range(20):
        bench.lane.add(part(f"k{number}", 1), 0.0)
    for second in range(3600):
        while (batch := bench.lane.take(float(second))) is not None:
            bench.settler.settle(batch, Retry("503", 503), float(second))

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
    """Never two batches for one identity, never an older after a newer, each change ends once."""

    @initialize()
    def start(self) -> None:
        self.bench = Bench(batch_size=3, batch_bytes=MOST_BYTES, concurrency=3, attempts=3)
        self.air: list[Batch] = []
        self.versions = dict.fromkeys(KEYS, 0)
        self.applied: dict[str, int] = {}
        self.open: dict[int, Part] = {}
        self.ended: set[int] = set()
        self.kept: list[Part] = []
        self.unsure: set[str] = set()

    @rule(key=st.sampled_from(KEYS), email=st.sampled_from(EMAILS), text=st.sampled_from(TEXTS))
    def arrive(self, key: str, email: str, text: str) -> None:
        self.versions[key] += 1
        one = part(key, self.versions[key], (email,) if email else (), text)
        self.open[id(one)] = one
        self.bench.lane.add(one, self.bench.now)

    @rule()
    def take(self) -> None:
        batch = self.bench.lane.take(self.bench.now)
        if batch is not None:
            self.air.append(batch)

    @precondition(lambda self: bool(self.air))
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        batch = self.air.pop(data.draw(st.integers(0, len(self.air) - 1)))
        items = [json.loads(item) for item in batch.items]
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
        self.bench.settler.settle(batch, answer, self.bench.now)
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
        claims = [claim for batch in self.air for one in batch.profiles for claim in one.claims]
        assert len(claims) == len(set(claims))

    @invariant()
    def no_request_is_larger_than_may_be(self) -> None:
        for batch in getattr(self, "air", ()):
            assert len(batch.items) == 1 or sum(map(len, batch.items)) <= MOST_BYTES

    def teardown(self) -> None:
        if not hasattr(self, "air"):
            return
        for batch in self.air:
            self.bench.settler.settle(batch, Retry("network"), self.bench.now)
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
        while (batch := bench.lane.take(bench.now)) is not None:
            is_bad = "bad" in keys_of(batch)
            taken = Delivered(BulkResult(created=len(batch.items)))
            bench.settler.settle(batch, Retry("500", 500) if is_bad else taken, bench.now)
        ended += bench.ended()
        assert bench.now < 120.0

    assert ended.count(("bad", "rejected")) == 18


@pytest.mark.parametrize("merges", [True, False], ids=["profiles", "activities"])
def test_a_request_is_bounded_in_bytes(*, merges: bool) -> None:
    bench = Bench(merges=merges, batch_bytes=500)
    for number in range(20):
        bench.lane.add(part(f"k{number}", 1, (), "x" * 80), 0.0)

    batch = bench.fly()

    assert len(batch.items) == 3
    assert len(b"[" + b",".join(batch.items) + b"]") <= 500


def test_one_item_that_is_larger_than_a_request_may_be_goes_alone() -> None:
    bench = Bench(batch_bytes=100)
    bench.lane.add(part("large", 1, (), "x" * 500), 0.0)
    bench.lane.add(part("small", 1), 0.0)

    batches = [keys_of(bench.fly()) for _ in range(2)]

    assert batches == [["large"], ["small"]]


def versions_of(batch: Batch) -> list[int]:
    return [json.loads(item)["custom"]["version"] for item in batch.items]


def test_an_activity_that_does_not_fit_ends_the_request_and_keeps_its_place() -> None:
    bench = Bench(merges=False, batch_bytes=1000)
    for version, size in enumerate((300, 900, 500, 10, 10)):
        bench.lane.add(part("a", version, (), "x" * size), 0.0)
    flown = []

    while (batch := bench.lane.take(0.0)) is not None:
        flown.append(versions_of(batch))
        bench.settler.settle(batch, Delivered(None, is_whole=True), 0.0)

    assert flown == [[0], [1], [2, 3, 4]]


def test_activities_of_one_profile_are_cut_where_the_request_is_full() -> None:
    bench = Bench(merges=False, batch_size=3)
    for version in range(5):
        bench.lane.add(part("a", version), 0.0)
    first = bench.fly()

    assert versions_of(first) == [0, 1, 2]
    assert bench.lane.take(0.0) is None
    bench.settler.settle(first, Delivered(None, is_whole=True), 0.0)
    assert versions_of(bench.fly()) == [3, 4]


def down(size: int) -> Bench:
    """Four requests of `size` profiles have failed, so the lane is held."""
    bench = Bench(batch_size=size, concurrency=4)
    for number in range(4 * size):
        bench.lane.add(part(f"k{number}", 1), 0.0)
    for batch in [bench.fly() for _ in range(4)]:
        bench.settler.settle(batch, Retry("503", 503), 0.0)
    return bench


def test_a_probe_takes_one_of_a_group_and_the_others_wait_on() -> None:
    bench = down(5)
    bench.now = 60.0
    states: list[str] = [breaker_state(bench.lane)]
    parked = [count_parked(bench.lane)]

    probe = bench.fly()

    states.append(breaker_state(bench.lane))
    parked.append(count_parked(bench.lane))
    bench.settler.settle(probe, Delivered(BulkResult(created=1)), 60.0)
    states.append(breaker_state(bench.lane))
    assert (len(probe.items), parked) == (1, [20, 19])
    assert states == ["open", "half-open", "closed"]
    flown = []
    while (batch := bench.lane.take(60.0)) is not None:
        flown += keys_of(batch)
        bench.settler.settle(batch, Delivered(BulkResult(created=len(batch.items))), 60.0)
    assert len(flown) == len(set(flown)) == 19
    assert len(bench.ended()) == 20


def test_what_is_ready_is_the_probe_rather_than_what_failed_before() -> None:
    bench = down(2)
    bench.lane.add(part("fresh", 1), 30.0)
    bench.now = 60.0

    assert keys_of(bench.fly()) == ["fresh"]


def test_who_failed_together_goes_again_together_and_with_nobody_else() -> None:
    bench = Bench(batch_size=10)
    for key in "ab":
        bench.lane.add(part(key, 1), 0.0)
    bench.settler.settle(bench.fly(), Retry("503", 503), 0.0)
    bench.lane.add(part("c", 1), 0.0)

    bench.now = 60.0
    batches = [bench.fly(), bench.fly()]

    assert [keys_of(batch) for batch in batches] == [["a", "b"], ["c"]]
    assert [batch.failures for batch in batches] == [1, 0]


def test_a_lane_tells_how_long_nothing_can_go() -> None:
    bench = Bench(concurrency=1)
    nothing = bench.lane.due(0.0)
    bench.lane.add(part("a", 1), 0.0)
    ready = bench.lane.due(0.0)
    batch = bench.fly()
    bench.lane.add(part("b", 1), 0.0)
    busy = bench.lane.due(0.0)
    bench.settler.settle(batch, Retry("503", 503, 20.0), 0.0)
    bench.settler.settle(bench.fly(), Delivered(BulkResult(created=1)), 0.0)

    assert (nothing, ready, busy) == (None, 0.0, None)
    assert [bench.lane.due(now) for now in (0.0, 15.0, 20.0, 30.0)] == [20.0, 5.0, 0.0, 0.0]


def test_it_is_known_since_when_something_could_go_and_did_not() -> None:
    bench = Bench()
    nothing = bench.lane.waits_since(9.0)
    bench.lane.add(part("a", 1), 1.0)
    bench.settler.settle(bench.fly(), Retry("503", 503, 20.0), 1.0)
    parked = [bench.lane.waits_since(now) for now in (20.0, 21.0)]
    bench.lane.add(part("b", 1), 30.0)

    assert nothing is None
    assert parked == [None, 21.0]
    assert (bench.lane.ready[0].ready_at, bench.lane.waits_since(30.0)) == (30.0, 21.0)
    assert bench.lane.waits_since(20.5) == 30.0


def test_who_is_parked_is_told_when_it_is_tried_again() -> None:
    bench = Bench()
    one = part("a", 1)
    bench.lane.add(one, 0.0)
    profile = one.profile
    assert profile is not None
    before = next_try(bench.lane, profile)

    bench.settler.settle(bench.fly(), Retry("503", 503, 20.0), 5.0)

    assert (before, next_try(bench.lane, profile)) == (None, 25.0)


def test_a_change_that_waits_holds_back_itself_and_what_is_behind_it_only() -> None:
    bench = Bench(merges=False)
    first, second, third = (part("a", version) for version in range(3))
    second.waits = 2
    for one in (first, second, third):
        bench.lane.add(one, 0.0)
    batch = bench.fly()
    bench.settler.settle(batch, Delivered(None, is_whole=True), 0.0)

    bench.lane.release(second, 1.0)
    waiting = bench.lane.take(1.0)
    bench.lane.release(second, 2.0)

    assert (versions_of(batch), waiting) == ([0], None)
    assert bench.lane.ready[0].ready_at == 2.0
    assert versions_of(bench.fly()) == [1, 2]


def test_a_change_that_is_dropped_lets_go_on_what_was_behind_it() -> None:
    bench = Bench()
    first, other = part("a", 1, ("@one",)), part("b", 1, ("@one",))
    first.waits = 1
    bench.lane.add(first, 0.0)
    bench.lane.add(other, 0.0)

    bench.lane.drop(first, "why", 3.0)
    bench.lane.drop(first, "twice", 3.0)

    assert [(end.ending, end.reason) for end in bench.lane.ended] == [("skipped", "why")]
    assert (bench.lane.waiting, bench.lane.ready[0].ready_at) == (1, 3.0)
    assert bench.lane.newest(("a",)) is None
    assert keys_of(bench.fly()) == ["b"]


def test_the_newest_change_of_a_profile_is_known_until_it_is_final() -> None:
    bench = Bench()
    old, new = part("a", 1), part("a", 2)
    bench.lane.add(old, 0.0)
    bench.lane.add(new, 0.0)
    before = bench.lane.newest(("a",))

    bench.settler.settle(bench.fly(), Delivered(BulkResult(created=1)), 0.0)

    assert before is new
    assert bench.lane.newest(("a",)) is None
    assert bench.lane.claims.holders() == []


def test_after_a_revoke_what_flies_is_counted_until_it_lands_and_nobody_overtakes_it() -> None:
    bench = Bench(batch_size=2)
    for key in "abc":
        bench.lane.add(part(key, 1), 0.0)
    batch = bench.fly()
    bench.lane.followed = 7

    bench.lane.clear()
    told = (bench.lane.waiting, bench.lane.followed)
    idle = (list(bench.lane.ready), bench.lane.parked)
    bench.lane.add(part("a", 2), 1.0)
    held = bench.lane.take(1.0)
    bench.settler.settle(batch, Delivered(BulkResult(created=2)), 1.0)

    assert (told, idle, held) == ((2, 0), ([], []), None)
    assert (bench.ended(), bench.lane.waiting) == ([], 1)
    assert versions_of(bench.fly()) == [2]


def test_what_waits_for_another_try_is_forgotten_by_a_revoke() -> None:
    bench = Bench()
    bench.lane.add(part("a", 1), 0.0)
    bench.settler.settle(bench.fly(), Retry("503", 503), 0.0)

    bench.lane.clear()

    assert (bench.lane.waiting, bench.lane.parked, bench.lane.due(60.0)) == (0, [], None)


def test_who_has_no_key_flies_alone() -> None:
    bench = Bench()
    nameless = part("n", 1)
    del nameless.body["externalId"]
    for one in (part("a", 1), nameless, part("b", 1)):
        bench.lane.add(one, 0.0)

    batches = [bench.fly() for _ in range(3)]

    assert [len(batch.items) for batch in batches] == [1, 1, 1]


def test_planhats_id_is_a_key_from_the_second_time_on() -> None:
    bench = Bench()
    answer = BulkResult.model_validate({"created": 1, "insertsKeys": [{"_id": "5e"}]})
    bench.lane.add(part("a", 1), 0.0)
    bench.settler.settle(bench.fly(), Delivered(answer), 0.0)

    bench.lane.add(part("a", 2), 0.0)

    assert json.loads(bench.fly().items[0])["_id"] == "5e"


def test_what_is_not_sent_again_is_told_with_its_id_and_what_it_would_have_been() -> None:
    bench = Bench(skips_unchanged=True)
    answer = BulkResult.model_validate({"created": 1, "insertsKeys": [{"_id": "5e"}]})
    bench.lane.add(part("a", 1), 0.0)
    bench.settler.settle(bench.fly(), Delivered(answer), 0.0)
    bench.ended()

    bench.lane.add(part("a", 1), 0.0)
    bench.lane.take(0.0)
    (end,) = bench.lane.ended

    assert (end.planhat_id, end.change, end.reason) == ("5e", "unchanged", "")
    assert json.loads(end.part.sent) == {"externalId": "a", "custom": {"version": 1}}


def test_an_export_is_sent_again_whatever_planhat_has() -> None:
    bench = Bench(skips_unchanged=True)
    bench.lane.add(part("a", 1), 0.0)
    bench.settler.settle(bench.fly(), Delivered(BulkResult(created=1)), 0.0)
    again = part("a", 1)
    again.receipt.export = True

    bench.lane.add(again, 0.0)

    assert versions_of(bench.fly()) == [1]


def test_changes_up_to_one_that_waits_fly_as_one() -> None:
    bench = Bench()
    waiting = part("a", 3)
    waiting.waits = 1
    for one in (part("a", 1), part("a", 2), waiting):
        bench.lane.add(one, 0.0)

    batch = bench.fly()

    assert (versions_of(batch), batch.changes, bench.lane.waiting) == ([2], 2, 3)
