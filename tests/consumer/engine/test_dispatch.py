"""Which lane sends next, and what an answer means for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from consumer.engine.dispatch import Wait, is_drained
from consumer.engine.pace import Pace
from consumer.lanes.batch import Batch
from consumer.lanes.part import Part
from planhat_client.limiter import Limiter
from planhat_client.protocol import Delivered, Halt, Reject, Retry
from planhat_client.quota import Quota
from schemas.planhat import BulkResult, Resource
from tests.consumer.joined import joined
from tests.consumer.lane_bench import receipt

if TYPE_CHECKING:
    from consumer.lanes.part import Ended
    from planhat_client.protocol import Answer

ALL = tuple(Resource)
MAIN = (Resource.COMPANIES, Resource.ENDUSERS, Resource.LICENSES)


class Desk:
    """Lanes and their dispatch."""

    def __init__(self, main: Limiter | None = None, permits: int = 10, **policy: int) -> None:
        lanes = {"merges": True, **policy}
        engine = joined(limiter=main, lanes=lanes, max_concurrent=permits)
        self.lanes, self.dispatch = engine.lanes, engine.dispatch

    def add(self, resource: Resource, key: str, now: float) -> None:
        body = {"externalId": key}
        self.lanes[resource].add(Part(resource, key, body, (key,), receipt()), now)

    def fly(self, now: float) -> Batch:
        step = self.dispatch.next(now)
        assert isinstance(step, Batch)
        return step

    def land(self, batch: Batch, answer: Answer, now: float) -> None:
        self.dispatch.answered(batch, answer, now)
        self.ended()

    def ended(self) -> list[Ended]:
        found = [end for lane in self.lanes.values() for end in lane.ended]
        for lane in self.lanes.values():
            lane.ended = []
        return found


def delivered(batch: Batch, quota: Quota | None = None) -> Delivered:
    return Delivered(BulkResult(created=len(batch.items)), quota)


def wait_for(desk: Desk, resource: Resource, now: float) -> float:
    """How long a new change in a lane has to wait; 0.0: not at all."""
    desk.add(resource, "next", now)
    step = desk.dispatch.next(now)
    if isinstance(step, Wait):
        assert step.seconds is not None
        return step.seconds
    return 0.0


@pytest.mark.parametrize("resource", MAIN)
def test_an_exhausted_quota_closes_the_main_api_for_all_lanes_until_it_is_reset(
    resource: Resource,
) -> None:
    desk = Desk()
    desk.add(Resource.ENDUSERS, "u", 0.0)
    batch = desk.fly(0.0)

    desk.land(batch, delivered(batch, Quota(200, 0, 42.0)), 1.0)

    assert wait_for(desk, resource, 1.0) == pytest.approx(42.0, abs=0.01)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("resource", MAIN)
def test_retry_after_holds_for_all_lanes_of_the_main_api(status: int, resource: Resource) -> None:
    desk = Desk()
    desk.add(Resource.ENDUSERS, "u", 0.0)

    desk.land(desk.fly(0.0), Retry("later", status, 17.0), 1.0)

    assert wait_for(desk, resource, 1.0) == pytest.approx(17.0, abs=0.01)


def test_a_quota_that_is_exhausted_closes_nothing_for_activities() -> None:
    desk = Desk()
    desk.add(Resource.ENDUSERS, "u", 0.0)
    batch = desk.fly(0.0)

    desk.land(batch, delivered(batch, Quota(200, 0, 42.0)), 1.0)

    assert wait_for(desk, Resource.ACTIVITIES, 1.0) == 0.0


def test_calls_that_remain_close_nothing() -> None:
    desk = Desk()
    desk.add(Resource.ENDUSERS, "u", 0.0)
    batch = desk.fly(0.0)

    desk.land(batch, delivered(batch, Quota(200, 1, 42.0)), 1.0)

    assert wait_for(desk, Resource.ENDUSERS, 1.0) == 0.0


@pytest.mark.parametrize("small", [Resource.LICENSES, Resource.COMPANIES])
def test_a_few_licences_or_companies_do_not_starve_behind_a_backlog_of_endusers(
    small: Resource,
) -> None:
    desk = Desk(Limiter(10, 1), batch_size=10, concurrency=4)
    for number in range(2000):
        desk.add(Resource.ENDUSERS, f"u{number}", 0.0)
    now, arrived, added = 0.0, 120.0, False
    step: Batch | Wait = Wait(None)
    while now < 300.0:
        if not added and now >= arrived:
            desk.add(small, "few", now)
            added = True
        step = desk.dispatch.next(now)
        if isinstance(step, Wait):
            assert step.seconds is not None
            now += step.seconds
            continue
        if step.resource is small:
            break
        # The backlog goes on for ever, each profile as old as the queue is long.
        for profile in step.profiles:
            desk.add(Resource.ENDUSERS, f"{profile.key}+", now)
        desk.land(step, delivered(step), now)

    # Five seconds until it counts as starving, then it is the next in turn: a call is 6 seconds.
    assert now - arrived <= 5.0 + 3 * 6.0
    assert step_is(small, step)


def step_is(resource: Resource, step: Batch | Wait) -> bool:
    return isinstance(step, Batch) and step.resource is resource


def test_a_due_retry_does_not_starve_behind_a_backlog_in_another_lane() -> None:
    desk = Desk(Limiter(60, 1), batch_size=1, concurrency=4)
    desk.add(Resource.LICENSES, "l", 0.0)
    desk.land(desk.fly(0.0), Retry("503", 503), 0.0)
    for number in range(500):
        desk.add(Resource.ENDUSERS, f"u{number}", 1.0)
    now, calls = 1.0, 0
    while not step_is(Resource.LICENSES, step := desk.dispatch.next(now)):
        if isinstance(step, Wait):
            assert step.seconds is not None
            now += step.seconds
        else:
            calls += 1
            desk.land(step, delivered(step), now)

    assert calls <= 10


def test_nobody_looks_for_more_when_all_is_in_the_air() -> None:
    desk = Desk()
    desk.add(Resource.ENDUSERS, "u", 0.0)
    desk.fly(0.0)
    desk.add(Resource.ENDUSERS, "u", 0.0)

    assert not desk.dispatch.has_more(0.0)


def test_what_is_ready_or_will_be_tried_again_is_looked_for() -> None:
    desk = Desk()
    desk.add(Resource.ENDUSERS, "u", 0.0)
    ready = desk.dispatch.has_more(0.0)
    desk.land(desk.fly(0.0), Retry("503", 503), 1.0)

    assert (ready, desk.dispatch.has_more(1.0)) == (True, True)


def test_who_is_stopped_looks_for_nothing() -> None:
    desk = Desk()
    desk.add(Resource.ENDUSERS, "u", 0.0)
    desk.dispatch.stop()

    assert not desk.dispatch.has_more(0.0)


def test_429_without_a_header_slows_everybody_down() -> None:
    limiter = Limiter(200, 10)
    desk = Desk(limiter)
    desk.add(Resource.ENDUSERS, "u", 0.0)

    desk.land(desk.fly(0.0), Retry("429", 429), 0.0)

    assert limiter.limit == pytest.approx(140.0)
    assert wait_for(desk, Resource.COMPANIES, 0.0) >= 1.0


def test_another_failure_without_a_header_slows_nobody_down() -> None:
    limiter = Limiter(200, 10)
    desk = Desk(limiter)
    desk.add(Resource.ENDUSERS, "u", 0.0)

    desk.land(desk.fly(0.0), Retry("503", 503), 0.0)

    assert limiter.limit == pytest.approx(200.0)
    assert wait_for(desk, Resource.COMPANIES, 0.0) == 0.0


def test_a_throttled_activity_closes_the_analytics_host_only() -> None:
    desk = Desk()
    desk.add(Resource.ACTIVITIES, "a", 0.0)

    desk.land(desk.fly(0.0), Retry("429", 429, 9.0), 0.0)

    assert wait_for(desk, Resource.ENDUSERS, 0.0) == 0.0
    assert wait_for(desk, Resource.ACTIVITIES, 0.0) == pytest.approx(9.0, abs=0.01)


def test_the_next_look_is_at_the_soonest_of_all_lanes() -> None:
    desk = Desk()
    waits = {Resource.COMPANIES: 9.0, Resource.ENDUSERS: 3.0, Resource.LICENSES: 20.0}
    batches = []
    for resource in waits:
        desk.add(resource, "k", 0.0)
        batches.append(desk.fly(0.0))
    for batch in batches:
        # By the lane alone: the gate would hold them all.
        desk.dispatch.lines[batch.resource].settler.settle(
            batch, Retry("503", 503, waits[batch.resource]), 0.0
        )

    assert desk.dispatch.next(0.0) == Wait(3.0)
    assert desk.dispatch.next(2.0) == Wait(1.0)


def test_the_permits_bound_what_goes_and_what_is_said_to_be_sendable() -> None:
    desk = Desk(permits=2)
    for key in "ab":
        desk.add(Resource.ENDUSERS, key, 0.0)
        desk.fly(0.0)
    desk.add(Resource.ENDUSERS, "c", 0.0)

    assert desk.dispatch.in_flight == 2
    assert desk.dispatch.next(0.0) == Wait(None)
    assert desk.dispatch.sendable(0.0) is None
    assert not desk.dispatch.has_more(0.0)


def test_what_may_go_at_once_is_named() -> None:
    desk = Desk()
    nothing = desk.dispatch.sendable(0.0)
    desk.add(Resource.LICENSES, "l", 0.0)
    ready = desk.dispatch.sendable(0.0)
    desk.dispatch.stop()

    assert (nothing, ready) == (None, Resource.LICENSES)
    assert desk.dispatch.sendable(0.0) is None


def test_what_waits_for_its_gate_may_not_go_at_once() -> None:
    desk = Desk()
    desk.add(Resource.ENDUSERS, "u", 0.0)
    desk.dispatch.lines[Resource.ENDUSERS].gate.close(0.0, 5.0)

    assert desk.dispatch.sendable(4.0) is None
    assert desk.dispatch.sendable(5.0) is Resource.ENDUSERS
    assert desk.dispatch.has_more(4.0)


def test_each_request_takes_from_its_gate() -> None:
    limiter = Limiter(200, 10)
    desk = Desk(limiter)
    desk.add(Resource.ENDUSERS, "u", 0.0)
    desk.add(Resource.ACTIVITIES, "a", 0.0)

    desk.fly(0.0)
    desk.fly(0.0)

    assert limiter.used_ratio(0.0) == pytest.approx(1 / 200)


def test_the_lane_goes_first_in_which_more_has_waited_for_longer() -> None:
    desk = Desk()
    desk.add(Resource.LICENSES, "l", 0.0)
    for key in "abc":
        desk.add(Resource.ENDUSERS, key, 0.0)

    order = [desk.fly(1.0).resource, desk.fly(1.0).resource]

    assert order == [Resource.ENDUSERS, Resource.LICENSES]


def test_who_holds_others_back_counts_with_them() -> None:
    desk = Desk()
    desk.add(Resource.COMPANIES, "c", 0.0)
    desk.lanes[Resource.COMPANIES].followed = 5
    for key in "abc":
        desk.add(Resource.ENDUSERS, key, 0.0)

    assert desk.fly(1.0).resource is Resource.COMPANIES


def test_lanes_that_starve_go_in_turn() -> None:
    desk = Desk(batch_size=1)
    for number in range(9):
        desk.add(Resource.ENDUSERS, f"u{number}", 0.0)
    for number in range(2):
        desk.add(Resource.LICENSES, f"l{number}", 0.0)
    order = []
    for second in range(4):
        batch = desk.fly(10.0 + second)
        order.append(batch.resource)
        desk.land(batch, delivered(batch), 10.0 + second)

    assert sorted(order[:2]) == sorted(order[2:]) == [Resource.ENDUSERS, Resource.LICENSES]


def test_all_that_waits_is_counted_and_forgotten() -> None:
    desk = Desk()
    desk.add(Resource.ENDUSERS, "u", 0.0)
    desk.add(Resource.ACTIVITIES, "a", 0.0)
    desk.dispatch.answered(desk.fly(0.0), delivered(Batch(Resource.ENDUSERS)), 0.0)
    before = desk.dispatch.waiting

    desk.dispatch.clear()

    assert before == 1
    assert (desk.dispatch.waiting, desk.ended()) == (0, [])


def test_what_ended_is_told_once() -> None:
    desk = Desk()
    desk.add(Resource.ENDUSERS, "u", 0.0)
    batch = desk.fly(0.0)
    desk.dispatch.answered(batch, delivered(batch), 0.0)

    told = [[end.part.key for end in desk.ended()] for _ in range(2)]

    assert told == [["u"], []]


def test_who_starves_goes_before_whoever_has_more_to_send() -> None:
    desk = Desk()
    desk.add(Resource.LICENSES, "l0", 0.0)
    desk.land(desk.fly(0.0), Delivered(None, is_whole=True), 0.0)
    desk.add(Resource.LICENSES, "l1", 0.0)
    for number in range(100):
        desk.add(Resource.ENDUSERS, f"u{number}", 3.0)

    assert desk.fly(6.0).resource is Resource.LICENSES


def test_a_refusal_of_a_lane_is_forgotten_with_what_was_refused() -> None:
    desk = Desk()
    desk.add(Resource.ENDUSERS, "u", 0.0)
    desk.land(desk.fly(0.0), Halt("403", 403), 0.0)
    before = (desk.dispatch.has_more(0.0), desk.dispatch.next(0.0))

    desk.dispatch.clear()

    assert before == (False, Wait(None))
    assert wait_for(desk, Resource.ENDUSERS, 0.0) == 0.0


@pytest.mark.parametrize(
    ("resource", "answer", "works"),
    [
        (Resource.ENDUSERS, Delivered(BulkResult(created=1)), 1),
        (Resource.ACTIVITIES, Delivered(BulkResult(created=1)), 0),
        (Resource.ENDUSERS, Reject("400", 400), 0),
        (Resource.ENDUSERS, Retry("503", 503), 0),
    ],
    ids=["main API", "another host", "refused", "failed"],
)
def test_only_what_the_main_api_took_shows_that_it_works(
    resource: Resource, answer: Answer, works: int
) -> None:
    desk = Desk()
    desk.add(resource, "u", 0.0)

    desk.land(desk.fly(0.0), answer, 0.0)

    assert desk.dispatch.halts.works == works


def test_it_is_drained_when_nothing_flies_nor_could() -> None:
    desk = Desk()
    told = [is_drained(desk.dispatch)]
    desk.add(Resource.ENDUSERS, "u", 0.0)
    told.append(is_drained(desk.dispatch))
    batch = desk.fly(0.0)
    told.append(is_drained(desk.dispatch))
    desk.land(batch, delivered(batch), 0.0)
    told.append(is_drained(desk.dispatch))

    assert told == [True, False, False, True]


def test_a_halted_service_is_drained_when_nothing_flies_any_more() -> None:
    desk = Desk(batch_size=1)
    for key in "ab":
        desk.add(Resource.ENDUSERS, key, 0.0)
    batch = desk.fly(0.0)
    desk.dispatch.halts.begin("too many rejected", "too many are rejected", 0.0)
    before = is_drained(desk.dispatch)

    desk.land(batch, delivered(batch), 0.0)

    assert (before, is_drained(desk.dispatch)) == (False, True)


def test_what_was_held_for_long_enough_still_waits_for_its_gate() -> None:
    desk = Desk()
    desk.add(Resource.ENDUSERS, "u", 0.0)
    desk.dispatch.lines[Resource.ENDUSERS].gate.close(0.0, 5.0)

    step = desk.dispatch.next(1.0, Pace.BATCH)

    assert isinstance(step, Wait)
    assert step.seconds == pytest.approx(4.0, abs=0.01)
