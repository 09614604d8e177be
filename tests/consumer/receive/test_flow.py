from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumer.receive.flow import Sizes, answer, refusal

MIB = 1 << 20


def test_the_usual_size_is_asked_for() -> None:
    sizes = Sizes(100, 20 * MIB)

    sizes.taken(100, 200_000)

    assert sizes.next == 100


def test_large_messages_are_asked_for_in_smaller_numbers() -> None:
    sizes = Sizes(100, 20 * MIB)

    sizes.taken(100, 20 * MIB)

    assert sizes.next == 50


def test_what_did_not_fit_comes_again_one_by_one_and_more_step_by_step() -> None:
    sizes = Sizes(100, 20 * MIB)

    sizes.too_large()
    seen = [sizes.next]
    for _ in range(8):
        sizes.taken(sizes.next, sizes.next * 250_000)
        seen.append(sizes.next)

    assert seen == [1, 2, 4, 8, 16, 32, 41, 41, 41]


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 64 * MIB))))
def test_the_size_stays_in_its_bounds(posts: list[tuple[int, int]]) -> None:
    sizes = Sizes(100, 20 * MIB)

    for messages, size in posts:
        sizes.taken(messages, size)

        assert 1 <= sizes.next <= 100


def test_answers_have_the_form_of_hull_s_sdk() -> None:
    assert answer(7) == {
        "flow_control": {"type": "next", "size": 7, "in": 1},
        "metrics": [],
        "errors": [],
    }
    assert refusal("BUSY", "why", 1) == {
        "flow_control": {"type": "retry", "in": 1000, "size": 1},
        "metrics": [],
        "errors": [{"code": "BUSY", "reason": "why"}],
    }


def test_errors_are_bounded() -> None:
    assert len(answer(1, ["x"] * 5000)["errors"]) == 20
