"""What becomes of a profile that fails again and again, while others succeed or not."""

from __future__ import annotations

import json
from collections import Counter
from itertools import count, cycle
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.lanes.halts import LaneHalt
from consumer.lanes.health import CALM_SECONDS, Health
from consumer.lanes.lane import breaker_state, next_try
from consumer.lanes.memory import REMEMBERED_SECONDS
from consumer.lanes.settle import Settler
from planhat_client.protocol import Delivered, Halt, Partial, Reject, Retry
from schemas.planhat import BulkResult, Resource
from tests.consumer.lane_bench import Bench, part
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.lanes.batch import Batch
    from consumer.lanes.part import Profile
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
        self.batches: list[Flown] = []
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
        while (batch := bench.lane.take(bench.now)) is not None:
            bench.settler.settle(batch, self._answer(batch), bench.now)
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
        return [batch[BAD] for batch in self.batches if BAD in batch]

    def _answer(self, batch: Batch) -> Answer:
        items = [json.loads(item) for item in batch.items]
        flown: Flown = {}
        for item in items:
            flown.setdefault(item["externalId"], []).append(item["custom"]["version"])
        self.batches.append(flown)
        return self.refusal() if self.fails(flown) else Delivered(BulkResult(created=len(items)))


def bad(flown: Flown) -> bool:
    return BAD in flown


def poison(**policy: object) -> Hopeless:
    """One change of it was given up a moment ago, and all others are well."""
    hopeless = Hopeless(bad, **policy)
    hopeless.change()
    hopeless.until_ended(1)
    for _ in range(int(CALM_SECONDS / TICK) + 1):
        hopeless.tick()
    hopeless.batches.clear()
    return hopeless


def test_the_further_changes_of_a_profile_that_was_given_up_end_together_and_soon() -> None:
    hopeless = poison()
    began = hopeless.bench.now

    hopeless.change(20)
    hopeless.until_ended(21)

    assert hopeless.rejected() == list(range(1, 22))
    assert 2 <= len(hopeless.tries()) <= 3  # one, and more to tell it from a failing API
    assert hopeless.tries()[0] == [21]
    assert hopeless.bench.now - began <= 2.0


def test_the_reason_is_what_planhat_said_of_them() -> None:
    hopeless = poison()

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
    hopeless = poison()

    hopeless.change()
    hopeless.until_ended(2)

    assert all(len(flown) == 1 for flown in hopeless.batches)
    assert "rejected" not in hopeless.others


def test_a_mended_change_is_delivered_with_all_that_waited_for_it() -> None:
    hopeless = poison()
    hopeless.fails = lambda flown: flown.get(BAD, [4]) < [4]

    hopeless.change(3)
    hopeless.until_ended(4)

    assert hopeless.rejected() == [1]
    assert hopeless.tries() == [[4]]


def test_whoever_was_delivered_flies_with_the_others_again_and_has_all_its_tries() -> None:
    hopeless = poison(attempts=5)
    hopeless.fails = lambda _: False
    hopeless.change()
    hopeless.until_ended(2)
    hopeless.batches.clear()

    hopeless.change()
    hopeless.tick()
    assert len(hopeless.batches[0]) == 2
    hopeless.fails = bad
    hopeless.batches.clear()
    hopeless.change()
    hopeless.until_ended(4)

    alone = [flown for flown in hopeless.batches if flown.keys() == {BAD}]
    assert len(alone) >= 5


def test_while_nobody_succeeds_nothing_of_it_is_given_up() -> None:
    hopeless = poison()
    hopeless.fails = lambda _: True
    hopeless.change()

    for _ in range(4 * 3600):
        hopeless.tick()

    assert hopeless.rejected() == [1]


def test_while_nobody_else_is_there_nothing_of_it_is_given_up() -> None:
    hopeless = poison()
    hopeless.change()

    for _ in range(4 * 3600):
        hopeless.tick(with_another=False)

    assert hopeless.rejected() == [1]


def test_long_after_it_was_given_up_it_has_all_its_tries() -> None:
    hopeless = poison(attempts=5)
    hopeless.bench.now += REMEMBERED_SECONDS + 1

    hopeless.change()
    hopeless.until_ended(2)

    alone = [flown for flown in hopeless.batches if flown.keys() == {BAD}]
    assert len(alone) >= 5


def test_after_a_revoke_it_has_all_its_tries() -> None:
    hopeless = poison()

    hopeless.bench.lane.clear()

    assert not hopeless.bench.lane.poison.holds(BAD, hopeless.bench.now)


def test_the_failures_of_who_was_given_up_do_not_speak_against_the_api() -> None:
    hopeless = poison()

    for _ in range(100):
        hopeless.change()
        hopeless.tick(with_another=False)
        hopeless.tick()

    assert breaker_state(hopeless.bench.lane) == "closed"
    assert len(hopeless.rejected()) > 20


def test_activities_of_who_was_given_up_are_still_told_apart() -> None:
    hopeless = poison(merges=False)
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
    hopeless = poison(attempts=5)
    hopeless.batches.clear()
    ticks = count(1)
    # One in eleven of the others' requests fails: the API is not quite well.
    hopeless.fails = lambda flown: BAD in flown or next(ticks) % 11 == 0

    for _ in range(int(CALM_SECONDS / TICK)):
        hopeless.tick()
    hopeless.batches.clear()
    hopeless.change()
    hopeless.until_ended(2, seconds=3600.0)

    assert len(hopeless.tries()) >= 5


def of(**members: object) -> BulkResult:
    return BulkResult.model_validate(members)


def alone(**policy: object) -> Bench:
    """One profile waits."""
    bench = Bench(**policy)
    bench.lane.add(part("a", 1), 0.0)
    return bench


IGNORED = Delivered(of(created=0, updated=0, nonupdates=0))
DUPLICATED = Partial(of(createdErrors=["externalId,email duplicated"]), "206")


@pytest.mark.parametrize("answer", [IGNORED, DUPLICATED], ids=["ignored", "duplicated"])
def test_a_passing_trouble_of_one_item_is_tried_again_as_often_as_may_be(answer: Answer) -> None:
    bench = alone(attempts=4)
    waits = []

    for _ in range(3):
        bench.settler.settle(bench.fly(), answer, bench.now)
        assert bench.ended() == []
        waits.append(bench.lane.due(bench.now))
        bench.now += 60.0
    bench.settler.settle(bench.fly(), answer, bench.now)

    assert bench.ended() == [("a", "rejected")]
    assert waits == [0.25, 0.5, 1.0]


def test_a_lasting_trouble_of_one_item_ends_it_at_once_with_its_reason() -> None:
    bench = alone()

    bench.settler.settle(bench.fly(), Partial(of(createdErrors=["bad date"]), "206"), 0.0)

    (end,) = bench.lane.ended
    assert (end.ending, end.reason) == ("rejected", "bad date")


def test_429_is_never_held_against_a_profile() -> None:
    bench = Bench(attempts=2)
    bench.lane.add(part("slow", 1), 0.0)
    for number in range(200):
        bench.now += 5.0
        bench.lane.add(part(f"good{number}", 1), bench.now)
        while (batch := bench.lane.take(bench.now)) is not None:
            is_slow = any(profile.key == "slow" for profile in batch.profiles)
            answer: Answer = Retry("429", 429) if is_slow else Delivered(of(created=1))
            bench.settler.settle(batch, answer, bench.now)
            if is_slow:
                break

    assert ("slow", "rejected") not in bench.ended()
    assert breaker_state(bench.lane) == "closed"


def test_a_throttled_request_goes_again_as_it_is_and_at_once_as_far_as_the_lane_knows() -> None:
    bench = Bench()
    for key in "abc":
        bench.lane.add(part(key, 1), 0.0)

    bench.settler.settle(bench.fly(), Retry("429", 429, 17.0), 0.0)

    assert [profile.key for profile in bench.fly().profiles] == ["a", "b", "c"]


def test_the_waits_between_tries_double() -> None:
    bench = alone()
    waits = []

    for _ in range(5):
        bench.settler.settle(bench.fly(), Retry("network"), bench.now)
        profile = bench.lane.claims.holders()[0]
        waits.append((next_try(bench.lane, profile) or 0.0) - bench.now)
        bench.now += 60.0

    assert waits == pytest.approx([0.25, 0.5, 1.0, 2.0, 4.0])


def test_a_try_waits_for_as_long_as_planhat_says() -> None:
    bench = alone()

    bench.settler.settle(bench.fly(), Retry("503", 503, 40.0), 0.0)

    assert bench.lane.due(0.0) == 40.0


def test_after_a_halt_the_same_request_is_the_next() -> None:
    bench = Bench()
    for key in "ab":
        bench.lane.add(part(key, 1), 0.0)

    bench.settler.settle(bench.fly(), Halt("401", 401), 0.0)

    assert [profile.key for profile in bench.fly().profiles] == ["a", "b"]
    assert bench.ended() == []


def test_what_is_refused_as_a_whole_goes_again_by_halves_in_its_order() -> None:
    bench = Bench()
    for key in "abcde":
        bench.lane.add(part(key, 1), 0.0)

    bench.settler.settle(bench.fly(), Reject("400", 400), 0.0)
    halves = [[profile.key for profile in bench.fly().profiles] for _ in range(2)]

    assert halves == [["a", "b", "c"], ["d", "e"]]


def test_a_suspect_goes_again_alone_and_the_unproven_by_halves() -> None:
    bench = Bench()
    for key in "abcd":
        bench.lane.add(part(key, 1), 0.0)
    said = of(created=1, insertsKeys=[{"externalId": "a"}], createdErrors=["b is bad"])

    bench.settler.settle(bench.fly(), Partial(said, "206"), 0.0)
    batches = [[profile.key for profile in bench.fly().profiles] for _ in range(3)]

    assert bench.ended() == [("a", "delivered")]
    assert sorted(batches) == [["b"], ["c"], ["d"]]


def test_activities_of_a_profile_are_as_good_as_the_worst_of_them() -> None:
    bench = Bench(merges=False)
    for key, version, email in (("p", 1, "good"), ("p", 2, "bad"), ("q", 1, "well")):
        change = part(key, version)
        change.body["email"] = f"{email}@example.com"
        bench.lane.add(change, 0.0)
    said = of(nonupdates=2, createdErrors=[{"email": "bad@example.com", "error": "no"}])

    bench.settler.settle(bench.fly(), Partial(said, "206"), 0.0)

    assert bench.ended() == [("q", "delivered")]
    assert bench.lane.waiting == 2


def test_what_no_answer_told_anew_is_told_as_it_was_known() -> None:
    bench = alone()
    bench.settler.settle(bench.fly(), Delivered(of(created=1, insertsKeys=[{"_id": "5e"}])), 0.0)
    bench.lane.add(part("a", 2), 0.0)

    bench.settler.settle(bench.fly(), Delivered(of(updated=1)), 0.0)

    assert [end.planhat_id for end in bench.lane.ended] == ["5e", "5e"]


def test_after_the_bad_change_is_found_the_others_fly_as_one_again() -> None:
    bench = alone()
    bench.lane.add(part("a", 2), 0.0)
    for _ in range(2):
        bench.settler.settle(bench.fly(), Reject("no", 400), 0.0)
    bench.lane.add(part("a", 3), 0.0)

    batch = bench.fly()

    assert bench.ended() == [("a", "rejected")]
    assert (len(batch.items), batch.changes) == (1, 2)


def test_who_fails_alone_while_others_are_well_waits_but_never_for_long() -> None:
    bench = Bench(attempts=8)
    bench.lane.add(part("bad", 1), 0.0)
    profile = bench.lane.claims.holders()[0]
    waits = []
    for number in range(7):
        bench.settler.settle(bench.fly(), NO, bench.now)
        waits.append((next_try(bench.lane, profile) or 0.0) - bench.now)
        bench.now += 0.1
        bench.lane.add(part(f"good{number}", 1), bench.now)
        bench.settler.settle(bench.fly(), Delivered(of(created=1)), bench.now)
        bench.now += 60.0

    assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


def test_the_id_by_which_hull_names_a_record_holds_once_it_was_taken() -> None:
    bench = Bench()
    change = part("a", 1)
    change.body["_id"] = "5e"
    bench.lane.add(change, 0.0)

    bench.settler.settle(bench.fly(), Delivered(of(updated=1)), 0.0)

    assert bench.lane.ended[0].planhat_id == "5e"
    assert bench.lane.memory.ids.get("a") == "5e"


def test_an_id_that_planhat_refuses_is_unlearnt_before_the_change_is_blamed() -> None:
    bench = alone()
    bench.lane.memory.ids.put("a", "5e")

    bench.settler.settle(bench.fly(), Reject("no such _id", 400), 0.0)
    ended = bench.ended()
    again = bench.fly()
    bench.settler.settle(again, Delivered(of(created=1)), 0.0)

    assert ended == []
    assert "_id" not in json.loads(again.items[0])
    assert bench.ended() == [("a", "delivered")]


def test_after_a_rejection_the_same_is_sent_again() -> None:
    bench = alone(skips_unchanged=True)
    bench.settler.settle(bench.fly(), Delivered(of(created=1)), 0.0)
    bench.lane.add(part("a", 2), 0.0)
    bench.settler.settle(bench.fly(), Reject("no", 400), 0.0)

    bench.lane.add(part("a", 1), 0.0)

    assert len(bench.fly().items) == 1


def test_activities_are_not_remembered() -> None:
    bench = alone(merges=False)

    bench.settler.settle(bench.fly(), Delivered(of(created=1)), 0.0)

    assert len(bench.lane.memory.digests) == 0


@pytest.mark.parametrize(
    ("failures", "failed_at", "succeeded_at", "share", "blamed"),
    [
        (1, 5.0, 6.0, 0.8, True),
        (0, 5.0, 6.0, 1.0, False),
        (1, 5.0, 5.0, 1.0, False),
        (1, 5.0, 6.0, 0.79, False),
    ],
    ids=["others are well", "its first", "nobody succeeded since", "others fail too"],
)
def test_a_flight_is_to_blame_only_if_others_are_well(
    failures: int, failed_at: float, succeeded_at: float, share: float, *, blamed: bool
) -> None:
    batch = alone().fly()
    batch.failures, batch.failed_at = failures, failed_at

    assert Health(share, succeeded_at).blames(batch) is blamed


def test_health_is_the_share_of_first_tries_that_succeed() -> None:
    health = Health()

    health.note(success=False, is_first_try=True, now=1.0)
    health.note(success=False, is_first_try=False, now=2.0)
    health.note(success=True, is_first_try=False, now=3.0)
    first = (health.share, health.failed_at, health.succeeded_at)
    health.note(success=True, is_first_try=True, now=4.0)

    assert first == pytest.approx((0.9, 1.0, 3.0))
    last = (health.share, health.failed_at, health.succeeded_at)
    assert last == pytest.approx((0.91, 1.0, 4.0))


def test_what_planhat_said_of_a_change_that_ended_is_not_said_of_the_next() -> None:
    hopeless = poison()
    hopeless.refusal = lambda: Retry("500 another", 500)

    hopeless.change()
    hopeless.until_ended(2)

    assert [reason for _, _, reason in hopeless.ends] == [NO.reason, "500 another"]


REFUSED = Halt("403", 403)


def several(keys: str, **policy: object) -> Bench:
    """One profile waits for each letter."""
    bench = Bench(**policy)
    for key in keys:
        bench.lane.add(part(key, 1), 0.0)
    return bench


def answered_last(bench: Bench, answer: Answer, tries: int = 1) -> None:
    """Give "a" an answer so often, while others succeed; its next change comes in the last try."""
    for _ in range(tries - 1):
        bench.settler.settle(bench.fly(), answer, bench.now)
        deliver_another(bench)
    batch = bench.fly()
    bench.lane.add(part("a", 2), bench.now)
    bench.settler.settle(batch, answer, bench.now)


def deliver_another(bench: Bench) -> None:
    """Show that the API is well, while "a" waits for its next try; then it is due."""
    bench.now += 0.1
    bench.lane.add(part(f"good at {bench.now}", 1), bench.now)
    bench.settler.settle(bench.fly(), Delivered(of(created=1)), bench.now)
    bench.now += 60.0


def tries_until_ended(bench: Bench, answer: Answer) -> int:
    """How often what is left is in a request until it ends."""
    bench.ended()
    for tries in range(1, 20):
        bench.settler.settle(bench.fly(), answer, bench.now)
        if bench.ended():
            return tries
        bench.now += 60.0
    raise AssertionError


def keys_of_next(bench: Bench, batches: int) -> list[str]:
    return ["".join(one.key for one in bench.fly().profiles) for _ in range(batches)]


def test_after_a_delivery_the_next_change_has_all_its_tries() -> None:
    bench = alone(attempts=3)
    bench.settler.settle(bench.fly(), DUPLICATED, 0.0)
    bench.now = 60.0

    answered_last(bench, Delivered(of(created=1)))

    assert tries_until_ended(bench, DUPLICATED) == 3


@pytest.mark.parametrize(
    ("answer", "tries", "left"),
    [(Reject("no", 400), 1, 4), (DUPLICATED, 4, 2)],
    ids=["at once", "after all its tries"],
)
def test_only_behind_who_failed_again_and_again_a_change_has_fewer_tries(
    answer: Answer, tries: int, left: int
) -> None:
    bench = alone(attempts=4)

    answered_last(bench, answer, tries)

    assert ("a", "rejected") in bench.ended()
    assert tries_until_ended(bench, DUPLICATED) == left


def test_a_change_behind_one_that_was_given_up_has_all_its_tries() -> None:
    bench = alone(attempts=3)

    answered_last(bench, NO, 4)

    assert ("a", "rejected") in bench.ended()
    assert tries_until_ended(bench, DUPLICATED) == 3


def test_what_planhat_said_of_a_change_is_not_said_of_the_one_behind_it() -> None:
    bench = alone(attempts=3)
    answered_last(bench, NO, 4)
    bench.now += 60.0

    bench.settler.settle(bench.fly(), Retry("500 another", 500), bench.now)
    deliver_another(bench)
    bench.settler.settle(bench.fly(), Retry("500 another", 500), bench.now)

    reasons = [end.reason for end in bench.lane.ended if end.ending == "rejected"]
    assert reasons == [NO.reason, "500 another"]


def test_the_reason_is_how_the_last_try_broke_off_if_planhat_said_nothing() -> None:
    hopeless = Hopeless(bad)
    hopeless.refusal = lambda: Retry("network: reset")
    hopeless.change()

    hopeless.until_ended(1)

    assert hopeless.ends == [(1, "rejected", "network: reset")]


def test_whose_tries_are_over_is_sent_without_the_id_that_hull_gave_it_before_it_is_given_up() -> (
    None
):
    bench = Bench(attempts=3)
    change = part("a", 1)
    change.body["_id"] = "5e"
    bench.lane.add(change, 0.0)

    answered_last(bench, NO, 4)

    assert ("a", "rejected") not in bench.ended()
    assert json.loads(bench.fly().items[0]) == {"externalId": "a", "custom": {"version": 1}}


def test_an_activity_is_not_sent_again_without_its_id() -> None:
    bench = Bench(merges=False)
    change = part("a", 1)
    change.body["_id"] = "5e"
    bench.lane.add(change, 0.0)

    bench.settler.settle(bench.fly(), Reject("no", 400), 0.0)

    assert bench.ended() == [("a", "rejected")]


def test_without_its_id_a_change_flies_without_the_one_behind_it() -> None:
    bench = alone()
    bench.lane.memory.ids.put("a", "5e")

    answered_last(bench, Reject("no", 400))

    assert bench.fly().changes == 1


def test_the_id_in_an_answer_is_told_and_remembered_whatever_signs_the_key_holds() -> None:
    bench = Bench()
    bench.lane.add(part("two\nlines", 1), 0.0)

    bench.settler.settle(bench.fly(), Delivered(of(created=1, insertsKeys=[{"_id": "5e"}])), 0.0)

    assert bench.lane.memory.ids.get("two\nlines") == "5e"
    assert [end.planhat_id for end in bench.lane.ended] == ["5e"]


class Companies:
    """Notes which companies are there, and whose were doubted; none is gone."""

    def __init__(self) -> None:
        self.there: list[str] = []
        self.doubted: list[str] = []

    def is_gone(self, profile: Profile, _now: float) -> bool:
        self.doubted.append(profile.key)
        return False

    def works(self, company: str, _now: float) -> None:
        self.there.append(company)


def test_the_companies_of_who_was_taken_are_there_and_who_names_none_tells_of_none() -> None:
    bench = Bench()
    for key, company in (("a", "5c"), ("b", None), ("c", "5d")):
        change = part(key, 1)
        if company is not None:
            change.body["companyId"] = company
        bench.lane.add(change, 0.0)
    companies = Companies()
    settler = Settler(bench.lane, lambda: 0.5, companies=companies)
    taken = [{"externalId": "a"}, {"externalId": "b"}]

    settler.settle(
        bench.fly(), Partial(of(created=2, insertsKeys=taken, createdErrors=["no"]), "206"), 0.0
    )

    assert companies.there == ["5c"]


@pytest.mark.parametrize(
    ("keys", "answer", "batches"),
    [
        ("abc", IGNORED, ["ab", "c"]),
        ("abcdefg", IGNORED, ["a", "bcd", "efg"]),
        ("abcdefg", Delivered(None), ["abcd", "efg"]),
    ],
    ids=["few ignored", "many ignored", "many unproven"],
)
def test_of_many_that_are_ignored_the_first_goes_alone(
    keys: str, answer: Answer, batches: list[str]
) -> None:
    bench = several(keys)

    bench.settler.settle(bench.fly(), answer, 0.0)

    assert keys_of_next(bench, len(batches)) == batches


def test_a_refused_token_is_held_against_nobody_though_others_were_taken_meanwhile() -> None:
    bench = several("a")
    bench.settler.settle(bench.fly(), REFUSED, 0.0)
    again = bench.fly()
    bench.lane.add(part("b", 1), 0.0)
    bench.settler.settle(bench.fly(), Delivered(of(created=1)), 0.0)

    bench.settler.settle(again, Halt("401", 401), 0.0)

    assert bench.ended() == [("b", "delivered")]


def test_what_was_in_the_air_already_is_no_proof_against_who_was_refused() -> None:
    bench = several("abc", batch_size=1)
    first, *others = (bench.fly() for _ in range(3))
    bench.settler.settle(first, REFUSED, 0.0)
    again = bench.fly()
    for other in others:
        bench.settler.settle(other, Delivered(of(created=1)), 0.0)

    bench.settler.settle(again, REFUSED, 0.0)

    assert bench.ended() == [("b", "delivered"), ("c", "delivered")]


def test_after_a_change_is_found_good_the_others_fly_as_one_again() -> None:
    bench = alone()
    bench.lane.add(part("a", 2), 0.0)
    bench.settler.settle(bench.fly(), Reject("no", 400), 0.0)
    good = bench.fly()
    bench.lane.add(part("a", 3), 0.0)

    bench.settler.settle(good, Delivered(of(created=1)), 0.0)

    assert (good.changes, bench.fly().changes) == (1, 2)


def test_an_id_that_is_on_trial_when_all_is_revoked_is_believed_again() -> None:
    bench = several("b")
    bench.lane.memory.ids.put("b", "5e")
    named = part("a", 1)
    named.body["_id"] = "5d"
    bench.lane.add(named, 0.0)
    bench.settler.settle(bench.fly(), Reject("no", 400), 0.0)
    for _ in range(2):
        bench.settler.settle(bench.fly(), Reject("no", 400), 0.0)
    memory = bench.lane.memory
    before = (memory.ids.get("b"), memory.stale.holds("5d"))

    bench.settler.ids.restore_all()

    assert before == (None, True)
    assert (memory.ids.get("b"), memory.stale.holds("5d")) == ("5e", False)


@pytest.mark.parametrize(
    ("answer", "is_on"),
    [
        (Delivered(of(created=1)), False),
        (Partial(of(updated=1, createdErrors=["no"]), "206"), False),
        (Partial(of(insertsKeys=[{"externalId": "a"}], createdErrors=["no"]), "206"), False),
        (Partial(of(createdErrors=["no"]), "206"), True),
        (Reject("400", 400), True),
    ],
    ids=["taken", "taken in part", "named only", "not taken", "refused"],
)
def test_a_halt_of_the_resource_ends_when_something_is_taken(
    answer: Answer, *, is_on: bool
) -> None:
    bench = several("ab")
    halt = LaneHalt(Resource.ENDUSERS)
    settler = Settler(bench.lane, lambda: 0.5, halt)
    settler.settle(bench.fly(), REFUSED, 0.0)
    before = halt.is_on

    settler.settle(bench.fly(), answer, 0.0)

    assert (before, halt.is_on) == (True, is_on)


def test_the_reason_is_what_planhat_said_of_who_was_alone_not_of_its_company() -> None:
    bench = several("ab", attempts=3)
    bench.settler.settle(bench.fly(), Retry("503 all", 503), 0.0)
    deliver_another(bench)
    bench.settler.settle(bench.fly(), Retry("503 all", 503), bench.now)
    first, second = bench.fly(), bench.fly()
    bench.now += 0.1
    bench.settler.settle(second, Delivered(of(created=1)), bench.now)
    bench.settler.settle(first, NO, bench.now)
    deliver_another(bench)
    bench.settler.settle(bench.fly(), NO, bench.now)
    deliver_another(bench)

    bench.settler.settle(bench.fly(), Retry("network: reset"), bench.now)

    assert [end.reason for end in bench.lane.ended if end.ending == "rejected"] == [NO.reason]


def test_the_id_of_who_is_rejected_for_what_it_holds_is_believed_again() -> None:
    bench = alone()
    bench.lane.memory.ids.put("a", "5e")
    bench.settler.settle(bench.fly(), Reject("no", 400), 0.0)
    bench.settler.settle(bench.fly(), REFUSED, 0.0)
    again = bench.fly()
    bench.lane.add(part("b", 1), 0.0)
    bench.settler.settle(bench.fly(), Delivered(of(created=1)), 0.0)

    bench.settler.settle(again, REFUSED, 0.0)

    assert bench.ended() == [("b", "delivered"), ("a", "rejected")]
    assert bench.lane.memory.ids.get("a") == "5e"


@pytest.mark.parametrize(
    ("reason", "asked"), [("Company not found", ["a"]), ("bad date", [])], ids=str
)
def test_only_what_is_said_of_a_company_makes_it_doubted(reason: str, asked: list[str]) -> None:
    bench = alone()
    companies = Companies()
    settler = Settler(bench.lane, lambda: 0.5, companies=companies)

    settler.settle(bench.fly(), Reject(reason, 400), 0.0)

    assert (companies.doubted, bench.ended()) == (asked, [("a", "rejected")])


def test_after_a_passing_trouble_a_change_keeps_the_id_that_hull_gave_it() -> None:
    bench = Bench()
    change = part("a", 1)
    change.body["_id"] = "5e"
    bench.lane.add(change, 0.0)

    bench.settler.settle(bench.fly(), DUPLICATED, 0.0)
    bench.now = 60.0

    assert json.loads(bench.fly().items[0])["_id"] == "5e"
