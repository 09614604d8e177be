"""One look-up never delays another's, and its tries are bounded while Planhat works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from consumer.engine.lookups import MOST_AT_ONCE, MOST_FAILURES, Lookups
from consumer.lanes.lane import Lane
from consumer.lanes.part import Profile
from consumer.lanes.policy import LanePolicy
from schemas.planhat import Resource
from tests.consumer.lane_bench import part

if TYPE_CHECKING:
    from consumer.lanes.part import Part


def waiting(count: int) -> tuple[Lookups, list[Part]]:
    lookups = Lookups({name: Lane(LanePolicy(name)) for name in Resource})
    parts = [part(str(number), 1) for number in range(count)]
    for one in parts:
        one.profile = Profile(one.key)
        one.profile.parts.append(one)
        lookups.add(one)
    return lookups, parts


def test_who_waits_for_the_next_try_lets_others_be_asked() -> None:
    lookups, (first, second) = waiting(2)

    assert lookups.next(0.0) is first
    lookups.failed(first, 0, 0.0, 0.9)

    assert lookups.next(0.0) is second


def test_several_are_asked_about_at_once_and_no_more_than_a_few() -> None:
    lookups, parts = waiting(MOST_AT_ONCE + 1)

    asked = [lookups.next(0.0) for _ in parts]

    assert asked == [*parts[:MOST_AT_ONCE], None]
    assert lookups.found(parts[0], None, 0.0)
    assert lookups.next(0.0) is parts[-1]


def test_one_that_fails_while_others_work_is_given_up() -> None:
    lookups, (only,) = waiting(1)
    now, tries = 0.0, []
    for works in range(MOST_FAILURES):
        assert lookups.next(now) is only
        tries.append(lookups.failed(only, works, now, 0.9))
        now += 60.0

    assert tries == [None] * (MOST_FAILURES - 1) + [MOST_FAILURES]
    assert lookups.found(only, None, 0.0)
    assert len(lookups) == 0


def test_an_outage_of_all_burns_no_tries() -> None:
    lookups, (only,) = waiting(1)
    now = 0.0
    for _ in range(100):
        assert lookups.next(now) is only
        assert lookups.failed(only, 7, now, 0.9) is None
        now += 60.0

    assert lookups.next(now) is only


def test_what_was_revoked_meanwhile_is_done_with() -> None:
    lookups, (only,) = waiting(1)
    lookups.next(0.0)

    lookups.clear()

    assert lookups.failed(only, 1, 0.0, 0.9) is None
    assert not lookups.found(only, None, 0.0)
    assert len(lookups) == 0


@given(
    bad=st.sets(st.integers(0, 11)),
    answers=st.lists(st.integers(0, MOST_AT_ONCE - 1), max_size=60),
)
def test_the_good_are_answered_however_many_fail(bad: set[int], answers: list[int]) -> None:
    lookups, parts = waiting(12)
    air: list[Part] = []
    tries = dict.fromkeys(parts, 0)
    now, works, order = 0.0, 0, iter(answers)
    while len(lookups):
        while (one := lookups.next(now)) is not None:
            assert one not in air
            air.append(one)
        if not air:
            now += 1.0
            continue
        one = air.pop(next(order, 0) % len(air))
        tries[one] += 1
        works += 1
        if int(one.key) not in bad or lookups.failed(one, works, now, 0.9) is not None:
            assert lookups.found(one, None, now)

    assert all(tries[parts[at]] == (MOST_FAILURES if at in bad else 1) for at in range(12))
