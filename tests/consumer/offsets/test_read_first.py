"""What is owned, and what is waited for before anything of it is sent."""

from consumer.offsets.assignment import READ_FIRST_SECONDS, Assignment, is_within_horizon
from consumer.offsets.record import Partition, Record
from consumer.offsets.ticket import Ticket
from tests.consumer.written_commit import encode

P0, P1 = Partition("events", 0), Partition("events", 1)


def assignment(*, window: int = 100, most: int = 100, most_bytes: int = 1 << 20) -> Assignment:
    made = Assignment(window, most, most_bytes)
    made.begin({P0: (10, ""), P1: (0, "")})
    return made


def read(made: Assignment, partition: Partition, offset: int) -> None:
    offsets = made.owned[partition]
    assert offsets.track(offset)
    Ticket(Record(partition, offset, None, b"{}"), offsets, made.backlog)


def test_nothing_is_waited_for_where_nothing_is_left_to_read() -> None:
    made = assignment()

    made.read_first({P0: 10}, 0.0)

    assert made.is_read_up(0.0)


def test_sending_waits_until_all_that_lay_there_is_read() -> None:
    made = assignment()
    made.read_first({P0: 12, P1: 1}, 0.0)

    read(made, P0, 10)
    read(made, P0, 11)
    before = made.is_read_up(1.0)
    read(made, P1, 0)

    assert not before
    assert made.is_read_up(1.0)


def test_what_is_never_delivered_is_not_waited_for() -> None:
    made = assignment()
    made.read_first({P0: 12}, 0.0)
    read(made, P0, 10)

    made.reached(P0, 12)

    assert made.is_read_up(1.0)


def test_a_position_before_the_end_reaches_nothing() -> None:
    made = assignment()
    made.read_first({P0: 12}, 0.0)

    made.reached(P0, 11)
    made.reached(P1, 11)

    assert list(made.targets) == [P0]


def test_what_was_final_for_who_was_killed_takes_room_for_bytes_once_more() -> None:
    made = assignment(most_bytes=Record(P0, 10, None, b"{}").size)
    made.read_first({P0: 20}, 0.0)

    for offset in (10, 11, 12):
        read(made, P0, offset)
    before = made.is_read_up(1.0), made.eligible()
    read(made, P0, 13)

    assert before == (False, [P0])
    assert made.eligible() == []
    assert made.is_read_up(1.0)


def test_twice_a_full_backlog_is_not_waited_for() -> None:
    made = assignment(most=2)
    made.read_first({P0: 20}, 0.0)

    read(made, P0, 10)
    read(made, P0, 11)
    read(made, P0, 12)
    before = made.is_read_up(1.0)
    read(made, P0, 13)

    assert not before
    assert made.is_read_up(1.0)


def test_twice_a_full_window_is_not_waited_for() -> None:
    made = assignment(window=2)
    made.read_first({P0: 20}, 0.0)

    read(made, P0, 10)
    read(made, P0, 11)
    read(made, P0, 12)
    before = made.is_read_up(1.0)
    read(made, P0, 13)

    assert not before
    assert made.is_read_up(1.0)


def test_only_what_is_waited_for_is_read_first() -> None:
    made = assignment()

    made.read_first({P0: 20}, 0.0)

    assert made.eligible() == [P0]


def test_nothing_beyond_the_horizon_is_waited_for() -> None:
    made = Assignment(100, 100, 1 << 20)
    made.begin({P0: (10, encode(10, set(), 12))})
    made.read_first({P0: 1000}, 0.0)

    read(made, P0, 10)
    before = made.is_read_up(1.0)
    read(made, P0, 11)

    assert not before
    assert made.is_read_up(1.0)


def test_whoever_leaves_before_all_was_read_hands_the_horizon_on() -> None:
    made = Assignment(100, 100, 1 << 20)
    made.begin({P0: (10, encode(10, set(), 50))})

    made.read_first({P0: 1000}, 0.0)

    assert made.owned[P0].last_horizon == 50


def test_where_nobody_committed_nothing_was_sent() -> None:
    made = Assignment(100, 100, 1 << 20)
    made.begin({P0: None})

    made.read_first({P0: 1000}, 0.0)

    assert made.is_read_up(0.0)


def test_a_horizon_is_wanted_before_it_is_reached() -> None:
    made = Assignment(1000, 4000, 1 << 20)
    made.begin({P0: (0, encode(0, set(), 1000))})

    for offset in range(500):
        read(made, P0, offset)
    before = made.wants_commit
    read(made, P0, 500)

    assert not before
    assert made.wants_commit
    assert is_within_horizon(made)


def test_a_commit_is_wanted_when_a_quarter_of_a_share_could_be_saved() -> None:
    made = Assignment(1000, 1000, 1 << 20)
    made.begin({P0: (0, encode(0, set(), 10_000))})
    for offset in range(250):
        read(made, P0, offset)
        made.owned[P0].resolve(offset)
        if offset == 248:
            assert not made.wants_commit

    assert made.wants_commit


def test_a_partition_takes_its_share_of_the_bound_whoever_owns_it() -> None:
    made = Assignment(20_000, 4000, 1 << 20)
    made.begin({P0: (0, ""), P1: (0, "")}, total=8)

    for offset in range(500):
        read(made, P0, offset)

    assert made.share == 500
    assert made.eligible() == [P1]


def test_what_is_final_but_not_committed_counts_for_the_bound() -> None:
    made = Assignment(1000, 2, 1 << 20)
    made.begin({P0: (0, "")})
    for offset in range(2):
        read(made, P0, offset)
        made.owned[P0].resolve(offset)

    assert made.is_full
    made.owned[P0].saved(2, 1000, 2)
    assert not made.is_full


def test_a_partition_that_cannot_be_read_is_not_waited_for_for_ever() -> None:
    made = assignment()

    made.read_first({P0: 12}, 0.0)

    assert not made.is_read_up(READ_FIRST_SECONDS - 0.1)
    assert made.is_read_up(READ_FIRST_SECONDS)


def test_after_it_was_waited_for_long_enough_all_is_read_again() -> None:
    made = assignment()
    made.read_first({P0: 12}, 0.0)
    before = made.eligible()

    made.is_read_up(READ_FIRST_SECONDS)

    assert (before, made.targets, sorted(made.eligible())) == ([P0], {}, [P0, P1])


def test_what_was_revoked_is_not_waited_for() -> None:
    made = assignment()
    made.read_first({P0: 12}, 0.0)

    made.end()

    assert made.is_read_up(0.0)


def test_a_partition_begun_anew_knows_nothing() -> None:
    made = assignment()
    made.read_first({P0: 12}, 0.0)

    offsets = made.renew(P0)

    assert made.owned[P0] is offsets
    assert offsets.position is None
    assert made.is_read_up(0.0)


def test_a_predecessor_that_left_in_order_is_not_waited_for() -> None:
    made = Assignment(100, 100, 1 << 20)
    made.begin({P0: (10, encode(10, set(), 10))})

    made.read_first({P0: 12}, 0.0)

    assert made.is_read_up(0.0)
