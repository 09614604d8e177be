from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumer.lanes.health import CALM_SECONDS, Health
from consumer.lanes.memory import REMEMBERED_SECONDS, PoisonProfiles


def test_who_was_given_up_is_remembered_for_a_while() -> None:
    poison = PoisonProfiles()

    poison.add("a", 100.0)

    assert poison.holds("a", 100.0 + REMEMBERED_SECONDS)
    assert not poison.holds("a", 100.1 + REMEMBERED_SECONDS)
    assert not poison.holds("b", 100.0)


def test_who_is_given_up_again_is_remembered_from_then_on() -> None:
    poison = PoisonProfiles()
    poison.add("a", 0.0)

    poison.add("a", REMEMBERED_SECONDS)

    assert poison.holds("a", 2 * REMEMBERED_SECONDS)


def test_who_was_delivered_is_a_profile_like_any_other() -> None:
    poison = PoisonProfiles()
    poison.add("a", 0.0)

    poison.forgive("a")
    poison.forgive("never seen")

    assert not poison.holds("a", 0.0)


@given(st.lists(st.sampled_from("abcdefgh")), st.integers(1, 5))
def test_the_memory_is_bounded_and_keeps_those_given_up_last(keys: list[str], most: int) -> None:
    poison = PoisonProfiles(most)

    for now, key in enumerate(keys):
        poison.add(key, float(now))

    newest_first = list(dict.fromkeys(reversed(keys)))
    assert len(poison.since) == min(most, len(newest_first))
    assert all(poison.holds(key, float(len(keys))) for key in newest_first[:most])


def test_an_ordinary_profile_has_all_its_tries() -> None:
    assert Health().most_tries(5, is_poison=False, at=100.0) == 5


def test_a_profile_that_was_given_up_has_one_while_it_alone_fails() -> None:
    assert Health().most_tries(5, is_poison=True, at=100.0) == 1


@given(st.floats(-CALM_SECONDS, 1000.0))
def test_while_others_fail_too_it_has_all_its_tries(seconds: float) -> None:
    health = Health(failed_at=100.0 + seconds)

    assert health.most_tries(5, is_poison=True, at=100.0) == 5
