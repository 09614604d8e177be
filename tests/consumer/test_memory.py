"""What Planhat last took is known as long as it is certain, and within bounds."""

from hypothesis import given
from hypothesis import strategies as st

from consumer.memory import Generations, Memory, Recent, short

CLAIMS = ("u1", "email:a@b.example", "externalid:1")


def test_what_was_taken_for_all_claims_is_held() -> None:
    memory = Memory()
    memory.remember(CLAIMS, 7)

    assert memory.holds(CLAIMS, 7)
    assert not memory.holds(CLAIMS, 8)


def test_a_claim_that_is_new_makes_it_unknown() -> None:
    memory = Memory()
    memory.remember(CLAIMS[:2], 7)

    assert not memory.holds(CLAIMS, 7)


def test_what_touches_one_claim_makes_it_unknown() -> None:
    memory = Memory()
    memory.remember(CLAIMS, 7)
    memory.forget(["email:a@b.example"])

    assert not memory.holds(CLAIMS, 7)


def test_what_somebody_else_may_write_is_unknown_but_ids_stay() -> None:
    memory = Memory()
    memory.remember(CLAIMS, 7)
    memory.learn("u1", "p1")
    memory.forget_all()

    assert not memory.holds(CLAIMS, 7)
    assert memory.planhat_id("u1") == "p1"


def test_an_id_that_does_not_hold_is_unlearned_once() -> None:
    memory = Memory()
    memory.learn("u1", "p1")

    assert memory.unlearn("u1")
    assert not memory.unlearn("u1")
    assert memory.planhat_id("u1") is None


def test_the_last_things_are_recent() -> None:
    recent = Recent(2)
    for thing in ("a", "b", "c", "d", "e"):
        recent.add(thing)

    assert [thing in recent for thing in "abcde"] == [False, False, False, True, True]


def test_names_that_are_alike_differ_in_short() -> None:
    names = [f"email:u{number}@customer.example" for number in range(10_000)]

    assert len({short(name) for name in names}) == len(names)


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from(["put", "pop"]), st.integers(0, 9), st.integers(0, 3))),
)
def test_the_last_keys_are_known_and_not_many_more(
    size: int, steps: list[tuple[str, int, int]]
) -> None:
    held = Generations[int, int](size)
    last: dict[int, int | None] = {}  # None: forgotten by hand, in the place of its last put

    for step, key, value in steps:
        if step == "put":
            last.pop(key, None)
            last[key] = value
            held.put(key, value)
        else:
            is_certain = key in list(last)[-size:]
            assert held.pop(key) == (last.get(key) is not None) or not is_certain
            if key in last:
                last[key] = None

        assert len(held) <= 3 * ((size + 1) // 2)
        assert all(held.get(one) == last[one] for one in list(last)[-size:])
        assert all(held.get(one) in (None, last.get(one)) for one in range(10))


def test_nothing_is_known_after_all_was_forgotten() -> None:
    held = Generations[str, int](2)
    for key in ("a", "b", "c"):
        held.put(key, 1)
    held.clear()

    assert [held.get(key) for key in ("a", "b", "c")] == [None, None, None]
    assert len(held) == 0
