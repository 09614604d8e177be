"""Blocks wait in bounded memory, and what is dropped is told once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumer.outbox.block_queue import Block, BlockQueue


def filled(*sizes: int, most: int = 100) -> BlockQueue:
    queue = BlockQueue(most, most)
    for number, size in enumerate(sizes, 1):
        queue.put("outcomes", b"x" * size, 1, since=number * 10, until=number * 10 + 5)
    return queue


def test_blocks_are_given_in_their_order() -> None:
    queue = filled(10, 10, 10)

    assert [one.number for one in queue.take(2)] == [1, 2]
    assert (len(queue), queue.outcomes, queue.first, queue.last) == (1, 1, 3, 3)


def test_what_could_not_be_written_goes_first() -> None:
    queue = filled(10, 10)
    queue.put_back(queue.take(1))

    assert [one.number for one in queue.take(9)] == [1, 2]


def test_beyond_the_bound_the_oldest_are_dropped_and_told() -> None:
    queue = filled(60, 60, 60)

    assert (len(queue), queue.dropped, queue.first) == (1, 2, 3)
    told = queue.take_untold()
    assert (told.count, told.since, told.until) == (2, 10, 25)
    assert not queue.has_untold


def test_one_block_waits_however_large_it_is() -> None:
    assert len(filled(500)) == 1


def test_what_could_not_be_told_is_told_with_what_is_dropped_next() -> None:
    queue = filled(60, 60)
    queue.put_back_untold(queue.take_untold())
    queue.put("outcomes", b"x" * 60, 1, since=30, until=35)

    told = queue.take_untold()
    assert (told.count, told.since, told.until, queue.dropped) == (2, 10, 25, 2)


def test_a_summary_that_is_dropped_is_no_gap() -> None:
    queue = filled()
    queue.put("summary", b"x" * 90, 0, 1, 2)
    queue.put("outcomes", b"x" * 90, 1, 3, 4)

    assert (len(queue), queue.has_untold) == (1, False)


def test_with_nothing_waiting_the_next_number_is_the_first() -> None:
    queue = filled(10)
    queue.take(1)

    assert (queue.first, queue.last) == (2, 1)


def test_of_what_is_alike_many_times_as_much_waits_in_the_same_room() -> None:
    value = b'{"kind":"outcome","at":1764000000125,"ending":"delivered"}' * 100
    queue = BlockQueue(100_000, 10_000)
    for number in range(100):
        queue.put("outcomes", value, 100, number, number)

    assert queue.dropped == 0
    assert [one.value for one in queue.take(100)] == [value] * 100


@given(st.lists(st.sampled_from(["put", "take", "back", "told"]), max_size=60), st.data())
def test_each_outcome_waits_is_in_hand_was_dropped_or_written(
    steps: list[str], data: st.DataObject
) -> None:
    in_hand: list[Block] = []
    queue, noted, written, told = BlockQueue(100, 30), 0, 0, 0
    for step in steps:
        if step == "put":
            count = data.draw(st.integers(1, 3))
            queue.put("outcomes", b"x" * data.draw(st.integers(1, 80)), count, noted, noted)
            noted += count
        elif step == "take" and not in_hand:
            in_hand = queue.take(2)
        elif step == "back":
            safe, again = in_hand[:1], in_hand[1:]
            written += sum(block.count for block in safe)
            queue.put_back(again)
            in_hand = []
        elif step == "told":
            told += queue.take_untold().count
        kept = queue.outcomes + sum(block.count for block in in_hand)
        assert kept + written + queue.dropped == noted

    assert told + queue.take_untold().count == queue.dropped
