"""Which dead letters fly together, and that no failing one keeps the others out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.offsets.ticket import Backlog, Receipt, Ticket
from consumer.outbox.letter_queue import MOST_BYTES, MOST_LETTERS, LetterQueue

if TYPE_CHECKING:
    from collections.abc import Iterable


def letter(number: int, size: int = 10, reason: str = "not JSON") -> Ticket:
    record = Record(Partition("events", 0), number, None, b"x" * size)
    ticket = Ticket(record, Offsets(), Backlog())
    receipt = Receipt(ticket, None, "", "")
    receipt.reject(reason)
    ticket.rejected = [receipt]
    return ticket


def queue(count: int, size: int = 10) -> LetterQueue:
    found = LetterQueue()
    for number in range(count):
        found.put(letter(number, size))
    return found


def names(tickets: Iterable[Ticket]) -> list[int]:
    return [one.record.offset for one in tickets]


def test_all_that_wait_fly_together_in_their_order() -> None:
    assert names(queue(3).take()) == [0, 1, 2]


def test_not_more_than_so_many_fly_at_once() -> None:
    found = queue(MOST_LETTERS + 1)

    assert found.is_full
    assert len(found.take()) == MOST_LETTERS


def test_not_more_than_so_many_bytes_fly_at_once() -> None:
    assert len(queue(9, MOST_BYTES // 4).take()) == 3


def test_one_that_is_larger_flies_alone() -> None:
    assert names(queue(2, 2 * MOST_BYTES).take()) == [0]


def test_those_that_fly_wait_still() -> None:
    found = queue(2)
    found.take()

    assert (len(found), names(found)) == (2, [0, 1])


def test_what_fails_goes_behind_the_others_and_the_next_flies_alone() -> None:
    found = queue(4)
    found.take()
    found.put(letter(4))

    safe = found.settle([True, False, True, False])

    assert (names(safe), names(found)) == ([0, 2], [4, 1, 3])
    assert names(found.take()) == [4]


def test_what_was_refused_for_its_size_among_others_flies_next_and_alone() -> None:
    found = queue(4)
    found.take()
    found.put(letter(4))

    found.settle([True, False, True, False], [False, True, False, False])

    assert names(found) == [1, 4, 3]
    assert names(found.take()) == [1]


def test_each_success_lets_twice_as_many_fly() -> None:
    found = queue(5)
    found.settle([False] * len(found.take()))

    sizes = []
    while found:
        sizes.append(len(found.take()))
        found.settle([True] * sizes[-1])

    assert sizes == [1, 2, 2]


def test_what_was_forgotten_while_it_flew_is_not_told() -> None:
    found = queue(2)
    found.take()
    found.clear()
    found.put(letter(7))

    assert found.settle([True, True]) == []
    assert names(found) == [7]


@given(st.sets(st.integers(0, 29), max_size=5), st.integers(1, 30))
def test_bad_ones_keep_no_other_out(bad: set[int], count: int) -> None:
    """Each write fails from the first bad one on, as with a producer that is out of step."""
    found, written = queue(count), []
    good = [number for number in range(count) if number not in bad]

    for _ in range(4 * count):
        flying = names(found.take())
        first = next((at for at, one in enumerate(flying) if one in bad), len(flying))
        written += names(found.settle([at < first for at in range(len(flying))]))

    assert sorted(written) == good
