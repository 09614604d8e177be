"""Which lane sends next, and what an answer means for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from consumer.dispatch import Dispatch, Wait
from consumer.flight import Flight
from consumer.lane import Lane, LanePolicy
from consumer.part import Part
from planhat_client.limiter import Limiter, Unlimited
from planhat_client.protocol import Delivered, Quota, Retry
from schemas.planhat import BulkResult, Resource
from tests.consumer.lanes import receipt

if TYPE_CHECKING:
    from planhat_client.limiter import Gate
    from planhat_client.protocol import Answer

ALL = tuple(Resource)
MAIN = (Resource.COMPANIES, Resource.ENDUSERS, Resource.LICENSES)


class Desk:
    """Lanes and their dispatch."""

    def __init__(self, main: Gate | None = None, **policy: int) -> None:
        self.lanes = {name: Lane(LanePolicy(name, **policy)) for name in ALL}  # type: ignore[arg-type]  # sizes
        self.dispatch = Dispatch(self.lanes, main or Unlimited(), Unlimited(), 10, lambda: 0.5)

    def add(self, resource: Resource, key: str, now: float) -> None:
        body = {"externalId": key}
        self.lanes[resource].add(Part(resource, key, body, (key,), receipt()), now)

    def fly(self, now: float) -> Flight:
        step = self.dispatch.next(now)
        assert isinstance(step, Flight)
        return step

    def land(self, flight: Flight, answer: Answer, now: float) -> None:
        self.dispatch.answered(flight, answer, now)
        self.dispatch.ended()


def delivered(flight: Flight, quota: Quota | None = None) -> Delivered:
    return Delivered(BulkResult(created=len(flight.items)), quota)


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
    flight = desk.fly(0.0)

    desk.land(flight, delivered(flight, Quota(200, 0, 42.0)), 1.0)

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
    flight = desk.fly(0.0)

    desk.land(flight, delivered(flight, Quota(200, 0, 42.0)), 1.0)

    assert wait_for(desk, Resource.ACTIVITIES, 1.0) == 0.0


def test_calls_that_remain_close_nothing() -> None:
    desk = Desk()
    desk.add(Resource.ENDUSERS, "u", 0.0)
    flight = desk.fly(0.0)

    desk.land(flight, delivered(flight, Quota(200, 1, 42.0)), 1.0)

    assert wait_for(desk, Resource.ENDUSERS, 1.0) == 0.0


@pytest.mark.parametrize("small", [Resource.LICENSES, Resource.COMPANIES])
def test_a_few_licences_or_companies_do_not_starve_behind_a_backlog_of_endusers(
    small: Resource,
) -> None:
    desk = Desk(Limiter(10, 1), batch_size=10, concurrency=4)
    for number in range(2000):
        desk.add(Resource.ENDUSERS, f"u{number}", 0.0)
    now, arrived, added = 0.0, 120.0, False
    step: Flight | Wait = Wait(None)
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


def step_is(resource: Resource, step: Flight | Wait) -> bool:
    return isinstance(step, Flight) and step.resource is resource


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
    desk.dispatch.stopped = True

    assert not desk.dispatch.has_more(0.0)
