import pytest

from consumer.engine.dispatch import Dispatch, Wait
from consumer.engine.pace import CatchUp, Pace
from consumer.lanes.batch import Batch
from planhat_client.limiter import Gate, Limiter
from planhat_client.protocol import Retry
from schemas.planhat import Resource
from tests.consumer.joined import joined
from tests.consumer.lane_bench import part


class Gates:
    """All lanes behind a quota of 600 a minute, with batches of two."""

    def __init__(self, permits: int = 10) -> None:
        lanes = {"merges": True, "batch_size": 2}
        engine = joined(limiter=Limiter(600.0, 10.0), lanes=lanes, max_concurrent=permits)
        self.lanes, self.dispatch = engine.lanes, engine.dispatch

    def add(self, resource: Resource, key: str, now: float = 0.0) -> None:
        self.lanes[resource].add(part(key, 1), now)

    def next(self, now: float, pace: Pace) -> str:
        step = self.dispatch.next(now, pace)
        return f"wait {step.seconds}" if isinstance(step, Wait) else step.resource.value


@pytest.mark.parametrize(
    ("pace", "step"),
    [
        (Pace.AT_ONCE, "endusers"),
        (Pace.SPARE, "endusers"),
        (Pace.GATHER, "wait 2.0"),
        (Pace.BATCH, "wait 1.0"),
        (Pace.FOLLOW, "endusers"),
    ],
)
def test_a_batch_that_is_not_full_waits_for_more_to_be_read(pace: Pace, step: str) -> None:
    gates = Gates()
    gates.add(Resource.ENDUSERS, "a")

    assert gates.next(0.0, pace) == step


@pytest.mark.parametrize(("pace", "step"), [(Pace.GATHER, "wait 2.0"), (Pace.BATCH, "endusers")])
def test_a_full_batch_waits_only_while_the_backlog_is_gathered(pace: Pace, step: str) -> None:
    gates = Gates()
    gates.add(Resource.ENDUSERS, "a")
    gates.add(Resource.ENDUSERS, "b")

    assert gates.next(0.0, pace) == step


@pytest.mark.parametrize(("pace", "now"), [(Pace.GATHER, 2.0), (Pace.BATCH, 1.0)])
def test_nothing_is_held_longer_than_its_bound(pace: Pace, now: float) -> None:
    gates = Gates()
    gates.add(Resource.ENDUSERS, "a")

    assert gates.next(now, pace) == "endusers"


def test_activities_wait_a_moment_for_those_that_their_endusers_hold_back() -> None:
    gates = Gates()
    gates.add(Resource.ACTIVITIES, "a")
    gates.lanes[Resource.ENDUSERS].followed = 1

    assert gates.next(0.0, Pace.FOLLOW) == "wait 0.5"
    assert gates.next(0.5, Pace.FOLLOW) == "activities"


def test_halted_nothing_goes() -> None:
    gates = Gates()
    gates.add(Resource.ENDUSERS, "a")
    gates.dispatch.stop()

    assert gates.next(0.0, Pace.AT_ONCE) == "wait None"


def test_no_more_than_the_permits_are_in_the_air() -> None:
    gates = Gates()
    dispatch = Dispatch(gates.lanes, Limiter(600.0, 10.0), Gate(), 1, lambda: 0.5)
    gates.add(Resource.COMPANIES, "a")
    gates.add(Resource.ENDUSERS, "b")

    assert isinstance(dispatch.next(0.0), Batch)
    assert dispatch.next(0.0) == Wait(None)


@pytest.mark.parametrize(
    ("follower", "leader"),
    [
        (Resource.ENDUSERS, Resource.COMPANIES),
        (Resource.LICENSES, Resource.COMPANIES),
        (Resource.ACTIVITIES, Resource.ENDUSERS),
    ],
)
def test_who_follows_waits_a_moment_for_those_that_are_held_back(
    follower: Resource, leader: Resource
) -> None:
    gates = Gates()
    gates.add(follower, "a")
    for lane in gates.lanes.values():
        lane.followed = 1

    held = gates.next(0.0, Pace.FOLLOW)
    gates.lanes[leader].followed = 0

    assert held == "wait 0.5"
    assert gates.next(0.0, Pace.FOLLOW) == follower.value


def test_companies_follow_nobody() -> None:
    gates = Gates()
    gates.add(Resource.COMPANIES, "a")
    for lane in gates.lanes.values():
        lane.followed = 1

    assert gates.next(0.0, Pace.FOLLOW) == "companies"


def test_a_full_batch_waits_for_nobody_it_follows() -> None:
    gates = Gates()
    gates.add(Resource.ENDUSERS, "a")
    gates.add(Resource.ENDUSERS, "b")
    gates.lanes[Resource.COMPANIES].followed = 1

    assert gates.next(0.0, Pace.FOLLOW) == "endusers"


@pytest.mark.parametrize("pace", list(Pace))
def test_a_retry_that_is_due_is_held_by_no_pace(pace: Pace) -> None:
    gates = Gates()
    gates.add(Resource.ENDUSERS, "a")
    batch = gates.dispatch.next(0.0)
    assert isinstance(batch, Batch)
    gates.dispatch.answered(batch, Retry("503", 503), 0.0)

    assert gates.next(30.0, pace) == "endusers"


def test_who_has_no_more_than_a_batch_to_read_is_not_behind() -> None:
    assert CatchUp(10).pace(10, 500, is_full=False) is Pace.SPARE


def test_a_backlog_is_gathered_first() -> None:
    assert CatchUp(10).pace(11, 0, is_full=False) is Pace.GATHER


def test_gathering_ends_when_all_is_read() -> None:
    catch_up = CatchUp(10)
    catch_up.pace(11, 0, is_full=False)

    assert catch_up.pace(0, 11, is_full=False) is Pace.FOLLOW


def test_gathering_ends_for_good_when_memory_is_full() -> None:
    catch_up = CatchUp(10)
    catch_up.pace(100, 0, is_full=False)

    assert catch_up.pace(90, 20, is_full=True) is Pace.FOLLOW
    assert catch_up.pace(89, 19, is_full=False) is Pace.BATCH


def test_who_has_caught_up_is_not_behind_any_more() -> None:
    catch_up = CatchUp(10)
    catch_up.pace(11, 0, is_full=False)

    assert catch_up.pace(10, 10, is_full=False) is Pace.SPARE
    assert catch_up.pace(1, 11, is_full=False) is Pace.SPARE


def test_the_next_backlog_is_gathered_again() -> None:
    catch_up = CatchUp(10)
    catch_up.pace(11, 0, is_full=True)
    catch_up.pace(0, 0, is_full=False)

    assert catch_up.pace(11, 0, is_full=False) is Pace.GATHER
