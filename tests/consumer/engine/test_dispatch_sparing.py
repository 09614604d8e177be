"""What is ready waits for others while nothing is late: minutes of it, in no time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.engine.dispatch import Wait, is_spared
from consumer.engine.pace import Pace
from consumer.lanes.batch import Batch
from consumer.lanes.part import Part
from planhat_client.limiter import Limiter
from planhat_client.protocol import Retry
from planhat_client.sparing import Sparing
from schemas.planhat import Resource
from tests.consumer.dispatch_run import MAIN, START, World, evenly
from tests.consumer.lane_bench import receipt
from tests.planhat_client.test_limiter import most_in_a_minute


@pytest.mark.parametrize(
    ("seconds", "resources"),
    [
        (600, (Resource.ENDUSERS,)),
        (120, MAIN),
        (120, (*[Resource.ENDUSERS] * 9, Resource.COMPANIES)),
    ],
    ids=["ten minutes", "all kinds", "few companies"],
)
def test_sixty_changes_a_second_take_half_of_the_quota_and_none_is_late(
    seconds: int, resources: tuple[Resource, ...]
) -> None:
    world = World()

    world.run(evenly(60, seconds, *resources))

    assert len(world.delays) == 60 * seconds
    assert most_in_a_minute(world.main) <= 100
    assert world.within(6.0) == 1.0


def test_without_sparing_the_same_takes_all_of_the_quota() -> None:
    world = World(Limiter(200, 10))

    world.run(evenly(60, 120, Resource.ENDUSERS))

    assert most_in_a_minute(world.main) > 190


def test_a_change_when_idle_goes_at_once() -> None:
    world = World()

    world.run([(START + 10.0 * at, Resource.ENDUSERS, f"k{at}") for at in range(60)])

    assert max(world.delays) == pytest.approx(0.101)


def test_a_change_of_each_kind_when_idle_goes_at_once() -> None:
    world = World()

    world.run([(START, resource, "k") for resource in MAIN])

    assert world.main == [START] * 3


def test_activities_wait_for_nobody() -> None:
    world = World()

    world.run(evenly(20, 60, Resource.ACTIVITIES))

    assert max(world.delays) <= 0.35


@pytest.mark.parametrize("pace", [Pace.BATCH, Pace.FOLLOW, Pace.AT_ONCE])
def test_who_is_behind_or_about_to_stop_uses_the_whole_quota(pace: Pace) -> None:
    world = World(pace=pace, lanes={"batch_size": 1})

    world.run(evenly(1000, 0.5, Resource.ENDUSERS))

    settled = [at for at in world.main if at >= START + 10]
    assert len(settled) / (settled[-1] - settled[0]) * 60 >= 0.95 * 197


def test_full_batches_wait_for_nobody() -> None:
    world = World(lanes={"batch_size": 50})

    world.run(evenly(150, 120, Resource.ENDUSERS))

    assert most_in_a_minute(world.main) > 150
    assert world.within(6.0) == 1.0


def test_with_answers_that_take_long_the_next_goes_as_soon_as_it_is_late() -> None:
    world = World(fixed_seconds=8.0)

    world.run(evenly(60, 120, Resource.ENDUSERS))

    assert max(later - at for at, later in pairwise(world.main)) <= 8.0 + 1.0 + 0.01


def test_a_retry_that_is_due_waits_for_nobody() -> None:
    world = World(Limiter(200, 10, Sparing(0.01, 300.0)), answers=(Retry("503", 503),))

    world.run([(START, Resource.ENDUSERS, "a"), (START, Resource.COMPANIES, "waits")])

    assert min(world.delays) < 3.0 < max(world.delays)


def test_who_was_let_go_by_another_is_as_old_as_it_is() -> None:
    world = World(Limiter(200, 10, Sparing(0.01, 5.0)))
    lane = world.dispatch.lanes[Resource.ENDUSERS]
    waiting = Part(Resource.ENDUSERS, "old", {"externalId": "old"}, ("old",), receipt())
    waiting.waits = 1
    lane.add(waiting, START)
    fresh = Part(Resource.ENDUSERS, "new", {"externalId": "new"}, ("new",), receipt())
    lane.add(fresh, START + 4)
    for _ in range(5):
        world.limiter.take(START + 4)
    before = world.dispatch.next(START + 4, Pace.SPARE)

    lane.release(waiting, START + 4.5)
    step = world.dispatch.next(START + 5, Pace.SPARE)

    assert isinstance(before, Wait)
    assert isinstance(step, Batch)


def test_what_is_left_over_does_not_make_the_next_late() -> None:
    world = World(Limiter(200, 10, Sparing(0.01, 5.0)), lanes={"batch_size": 2, "concurrency": 2})
    lane = world.dispatch.lanes[Resource.ENDUSERS]
    for key, at in (("a", START), ("b", START), ("c", START + 4)):
        lane.add(Part(Resource.ENDUSERS, key, {"externalId": key}, (key,), receipt()), at)
    for _ in range(5):
        world.limiter.take(START)

    full = world.dispatch.next(START + 4, Pace.SPARE)
    left = world.dispatch.next(START + 5, Pace.SPARE)

    assert isinstance(full, Batch)
    assert isinstance(left, Wait)
    assert left.seconds == pytest.approx(4.0, abs=0.01)


def test_members_spare_together_what_one_would_spare_alone() -> None:
    members = []
    for number in range(3):
        world = World()
        world.limiter.share(1 / 3, START - 60)
        world.run([change for at, change in enumerate(evenly(60, 120, *MAIN)) if at % 3 == number])
        members.append(world)

    assert most_in_a_minute(sorted(at for world in members for at in world.main)) <= 100
    assert min(world.within(6.0) for world in members) >= 0.95


@given(
    members=st.sampled_from([1, 2, 3]),
    changes=st.lists(
        st.tuples(st.floats(0, 60), st.sampled_from(MAIN), st.integers(0, 20)), max_size=80
    ),
)
def test_whenever_changes_come_none_waits_much_longer_than_until_it_is_late(
    members: int, changes: list[tuple[float, Resource, int]]
) -> None:
    world = World(lanes={"skips_unchanged": False})
    world.limiter.share(1 / members, START - 60)

    world.run([(START + at, resource, f"k{key}") for at, resource, key in changes])

    # Until it is late, behind a call in flight, and in turn with two other kinds: a pace each.
    pace = 60 / (196 / members)
    assert all(delay <= 5.0 + 3 * pace + 0.3 for delay in world.delays)


def test_it_is_told_while_something_waits_for_others() -> None:
    world = World(Limiter(200, 10, Sparing(0.01, 5.0)))
    lane = world.dispatch.lanes[Resource.ENDUSERS]
    told = [is_spared(world.dispatch, START)]
    for key in "ab":
        lane.add(Part(Resource.ENDUSERS, key, {"externalId": key}, (key,), receipt()), START)
        told.append(is_spared(world.dispatch, START))
        world.dispatch.next(START, Pace.SPARE)

    assert told == [False, False, True]
    assert not is_spared(world.dispatch, START + 5)
