"""However the same things follow each other, their sums are those of single counts."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from consumer.watch.counting import InARow

WORDS = st.sampled_from(["a", "b", ""])


@given(st.lists(st.tuples(WORDS, WORDS, WORDS)))
def test_sums_are_those_of_single_counts(things: list[tuple[str, str, str]]) -> None:
    counted: Counter[tuple[str, str, str]] = Counter()

    def put(one: str, two: str, three: str, count: int) -> None:
        counted[one, two, three] += count

    row = InARow(put)

    for thing in things:
        row.note(*thing)
    row.flush()

    assert counted == Counter(things)


def test_equal_neighbours_are_handed_over_once() -> None:
    told: list[int] = []
    row = InARow(lambda _one, _two, _three, count: told.append(count))

    for _ in range(3):
        row.note("user", "delivered", "updated")
    row.flush()
    row.flush()

    assert told == [3]
