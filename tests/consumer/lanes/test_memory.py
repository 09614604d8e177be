"""What Planhat last took is known as long as it is certain, and within bounds."""

from hypothesis import given
from hypothesis import strategies as st

from consumer.lanes.memory import Generations, Memory, short

CLAIMS = ("u1", "email:a@b.example", "externalid:1")


def test_what_was_taken_for_all_claims_is_held() -> None:
    memory = Memory()
    memory.digests.put_all(CLAIMS, 7)

    assert memory.holds(CLAIMS, 7)
    assert not memory.holds(CLAIMS, 8)


def test_a_claim_that_is_new_makes_it_unknown() -> None:
    memory = Memory()
    memory.digests.put_all(CLAIMS[:2], 7)

    assert not memory.holds(CLAIMS, 7)


def test_what_touches_one_claim_makes_it_unknown() -> None:
    memory = Memory()
    memory.digests.put_all(CLAIMS, 7)
    memory.forget(["email:a@b.example"])

    assert not memory.holds(CLAIMS, 7)


def test_what_somebody_else_may_write_is_unknown_but_ids_stay() -> None:
    memory = Memory()
    memory.digests.put_all(CLAIMS, 7)
    memory.ids.put("u1", "p1")
    memory.digests.clear()

    assert not memory.holds(CLAIMS, 7)
    assert memory.ids.get("u1") == "p1"


def test_an_id_that_does_not_hold_is_unlearned_once() -> None:
    memory = Memory()
    memory.ids.put("u1", "p1")

    assert memory.ids.pop("u1")
    assert not memory.ids.pop("u1")
    assert memory.ids.get("u1") is None


def test_names_that_are_alike_differ_in_short() -> None:
    names = [f"email:u{number}@customer.example" for number in range(10_000)]

    assert len({short(name) for name in names}) == len(names)


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from(["put", "pop"]), st.integers(0, 9), st.integers(0, 3))),
)
def test_what_was_put_last_is_known_and_not_much_more(
    size: int, steps: list[tuple[str, int, int]]
) -> None:
    held = Generations[int, int](size)
    puts: list[int] = []
    last: dict[int, int] = {}

    for step, key, value in steps:
        if step == "put":
            puts.append(key)
            last[key] = value
            held.put(key, value)
        else:
            was_known = held.pop(key)
            assert was_known == (key in last) or key not in puts[-size:]
            last.pop(key, None)

        assert len(held) <= 3 * ((size + 1) // 2)
        assert all(held.get(one) == last.get(one) for one in puts[-size:])
        assert all(held.get(one) in (None, last.get(one)) for one in range(10))


def test_nothing_is_known_after_all_was_forgotten() -> None:
    held = Generations[str, int](2)
    for key in ("a", "b", "c"):
        held.put(key, 1)
    held.clear()

    assert [held.get(key) for key in ("a", "b", "c")] == [None, None, None]
    assert len(held) == 0
