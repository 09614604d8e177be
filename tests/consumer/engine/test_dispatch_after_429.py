"""A 429 with hundreds in flight: one call asks, and the others follow by and by."""

from __future__ import annotations

import pytest

from planhat_client.limiter import Limiter
from schemas.planhat import Resource
from tests.consumer.dispatch_run import START, World, evenly

WIDE = {"batch_size": 1, "concurrency": 400, "merges": False}
RESOURCES = pytest.mark.parametrize("resource", [Resource.ENDUSERS, Resource.ACTIVITIES])


def world(refuses: tuple[float, float]) -> World:
    limiter = Limiter(600_000, 9000)
    return World(limiter, lanes=WIDE, permits=400, fixed_seconds=0.1, refuses=refuses)


@RESOURCES
def test_hundreds_that_wait_while_planhat_refuses_are_refused_twenty_times_at_most(
    resource: Resource,
) -> None:
    found = world((START, START + 30))

    found.run(evenly(4000, 1, resource))

    assert len(found.delays) == 4000
    assert len(found.refused_at) <= 20


@RESOURCES
def test_of_hundreds_in_flight_nothing_is_refused_but_them_and_the_probes(
    resource: Resource,
) -> None:
    found = world((START + 2, START + 32))

    found.run(evenly(3500, 3, resource))

    later = [at for at in found.refused_at if at > found.told_at[0]]
    assert len(found.refused_at) - len(later) > 300
    assert len(found.delays) == 10_500
    assert len(later) <= 6


@RESOURCES
def test_when_planhat_is_there_again_hundreds_fly_again_within_a_second_or_two(
    resource: Resource,
) -> None:
    found = world((START, START + 0.5))

    found.run(evenly(4000, 1, resource))

    assert max(found.delays) < 4.0
