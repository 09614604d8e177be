"""Merges wait for what is strictly older, in all partitions, and not for ever."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from consumer.decide.decision import Link, Payload, Skip, UserDecision
from consumer.decide.life.merge import Loser
from consumer.engine.merge.barrier import MOST_ASKED, MOST_SECONDS, Barrier, Held
from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.offsets.ticket import Backlog, Receipt, Ticket

A, B = Partition("t", 0), Partition("t", 1)


def receipt(hull_id: str, at: float) -> Receipt:
    record = Record(A, 0, None, None, timestamp=at)
    return Receipt(Ticket(record, Offsets(0), Backlog()), None, "user:update", hull_id)


def decision(hull_id: str, *, merges: bool = True, is_sent: bool = True) -> UserDecision:
    enduser = Payload(hull_id, {}) if is_sent else Skip("no")
    merged = (Loser("loser"),) if merges else ()
    link = Link(None, None, None)
    return UserDecision(hull_id, None, None, enduser, link, _none, (), (), merged=merged)


def _none() -> Any:  # noqa: ANN401 - asked by nobody
    raise AssertionError


def held(barrier: Barrier, hull_id: str, at: float, *, merges: bool = True) -> bool:
    return barrier.holds(decision(hull_id, merges=merges), receipt(hull_id, at), 0.0)


def names(going: list[Held]) -> list[str]:
    return [one.decision.hull_id for one in going]


def test_only_merges_that_are_sent_and_what_comes_after_them_are_held() -> None:
    barrier = Barrier()

    assert not held(barrier, "u", 1.0, merges=False)
    assert not barrier.holds(decision("u", is_sent=False), receipt("u", 1.0), 0.0)
    assert held(barrier, "u", 2.0)
    assert held(barrier, "u", 3.0, merges=False)
    assert not held(barrier, "v", 3.0, merges=False)
    assert len(barrier) == 2


def test_a_held_message_is_open_until_it_goes() -> None:
    barrier, waiting = Barrier(), receipt("u", 1.0)

    barrier.holds(decision("u"), waiting, 0.0)

    assert waiting.open == 1


def test_a_merge_goes_when_all_partitions_have_reached_what_is_older() -> None:
    barrier = Barrier()
    held(barrier, "u", 1.0)
    assert barrier.asks() == [1000]
    barrier.told(1000, {A: 5, B: 7})

    assert barrier.look({A: 5, B: 6}, 1.0) == []
    assert barrier.look({A: 5}, 1.0) == []
    assert names(barrier.look({A: 9, B: 7}, 1.0)) == ["u"]
    assert len(barrier) == 0


def test_later_messages_of_the_survivor_go_with_it_in_their_order() -> None:
    barrier = Barrier()
    held(barrier, "u", 1.0)
    held(barrier, "u", 0.5, merges=False)  # its own clock may go back
    held(barrier, "u", 9.0)
    barrier.told(1000, {A: 5})

    going = barrier.look({A: 5}, 1.0)

    assert [len(one.decision.merged) for one in going] == [1, 0]
    assert len(barrier) == 1


def test_what_is_known_of_a_newer_moment_lets_the_older_merges_go() -> None:
    barrier = Barrier()
    for number in range(100):
        held(barrier, f"u{number}", 1.0 + number)
    asked = barrier.asks()

    assert len(asked) <= MOST_ASKED
    assert (asked[0], asked[-1]) == (1000, 100_000)
    barrier.told(100_000, {A: 50})
    assert names(barrier.look({A: 50}, 1.0)) == [f"u{number}" for number in range(100)]
    assert barrier.asks() == []


def test_a_merge_without_a_timestamp_waits_for_all_there_is() -> None:
    barrier = Barrier()
    held(barrier, "u", 0.0)

    (moment,) = barrier.asks()

    assert moment > 10**14


def test_a_merge_goes_after_its_time_although_not_all_is_read() -> None:
    barrier = Barrier()
    held(barrier, "u", 1.0)

    assert barrier.look({}, MOST_SECONDS - 1) == []
    (going,) = barrier.look({}, MOST_SECONDS)

    assert going.is_hurried


def test_what_was_revoked_waits_no_more() -> None:
    barrier = Barrier()
    held(barrier, "u", 1.0)

    barrier.clear()

    assert len(barrier) == 0
    assert barrier.asks() == []
    assert barrier.partitions() == set()


def test_merges_of_others_are_waited_for_a_while_only() -> None:
    barrier = Barrier()
    held(barrier, "u", 1.0)
    barrier.told(1000, {A: 5, B: 7})

    assert barrier.look({A: 5, B: 2}, 1.0, {A: 5, B: 7}) == []
    assert barrier.look({A: 5, B: 2}, 6.0, {A: 5, B: 6}) == []
    assert barrier.look({A: 5, B: 2}, 7.0, {A: 5, B: 7}) == []
    assert barrier.look({A: 5, B: 2}, 16.9, {A: 5, B: 7}) == []
    (going,) = barrier.look({A: 5, B: 2}, 17.0, {A: 5, B: 7})

    assert not going.is_hurried


def test_a_partition_is_clear_up_to_the_first_record_that_does_not_wait_here() -> None:
    barrier, backlog, offsets = Barrier(), Backlog(), Offsets(0)
    tickets = []
    for offset in (3, 4, 9):
        tickets.append(Ticket(Record(A, offset, None, None, timestamp=1.0), offsets, backlog))
        tickets[-1].is_read = True
        tickets[-1].messages -= 1
        offsets.track(offset)
    for ticket in (tickets[0], tickets[2]):
        barrier.holds(decision("u"), Receipt(ticket, None, "user:update", "u"), 0.0)

    before = barrier.clear_of(backlog, {A: 12, B: 3})
    tickets[1].resolve()

    assert before == {A: 4, B: 3}
    assert barrier.clear_of(backlog, {A: 12, B: 3}) == {A: 12, B: 3}
    assert Barrier().clear_of(backlog, {A: 12}) == {}


def targets_of(logs: list[list[int]], moment: int) -> dict[Partition, int]:
    """Where each log reaches a moment."""
    found = {}
    for number, times in enumerate(logs):
        later = [at for at, time in enumerate(times) if time * 1000 >= moment]
        found[Partition("t", number)] = later[0] if later else len(times)
    return found


LOGS = st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=5), min_size=2, max_size=3)


@given(LOGS)
def test_merges_in_several_partitions_never_wait_for_each_other(logs: list[list[int]]) -> None:
    """Each log has an owner, and holds merges only, final when they went: all come to go."""
    barriers = [Barrier() for _ in logs]
    for number, times in enumerate(logs):
        for position, at in enumerate(times):
            held(barriers[number], f"{number}:{position}", float(at))
    final = [0] * len(logs)
    gone: set[str] = set()
    for _ in range(sum(map(len, logs))):
        for number, barrier in enumerate(barriers):
            for moment in barrier.asks():
                barrier.told(moment, targets_of(logs, moment))
            reached = {Partition("t", other): at for other, at in enumerate(final)}
            reached[Partition("t", number)] = len(logs[number])  # all of it is read
            gone.update(names(barrier.look(reached, 1.0)))
        for number, times in enumerate(logs):
            while final[number] < len(times) and f"{number}:{final[number]}" in gone:
                final[number] += 1

    assert final == [len(times) for times in logs]
