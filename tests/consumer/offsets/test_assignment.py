"""What is owned, and which of it may be read. What is read first: test_read_first.py."""

import pytest

from consumer.offsets.assignment import Assignment, is_within_horizon, oldest_by_partition
from consumer.offsets.record import Partition, Record
from consumer.offsets.ticket import Ticket


def test_the_oldest_record_is_known_by_partition() -> None:
    assignment = Assignment(100, 100, 1000)
    one, other = Partition("t", 0), Partition("t", 1)
    assignment.begin({one: None, other: None})
    for partition, offset, at in ((one, 5, 10.0), (other, 9, 8.0), (one, 6, 11.0)):
        record = Record(partition, offset, None, b"", timestamp=at)
        offsets = assignment.owned[partition]
        assert offsets.track(offset)
        Ticket(record, offsets, assignment.backlog)

    found = oldest_by_partition(assignment)

    assert {name: record.offset for name, record in found.items()} == {one: 5, other: 9}


P0, P1, P2 = (Partition("t", number) for number in range(3))


def made(
    window: int = 100, most: int = 1000, most_bytes: int = 1 << 20, owned: int = 1
) -> Assignment:
    assignment = Assignment(window, most, most_bytes)
    assignment.begin({Partition("t", number): (0, "hp1:9999;") for number in range(owned)})
    return assignment


def read(assignment: Assignment, partition: Partition, count: int, *, final: bool = False) -> None:
    offsets = assignment.owned[partition]
    for _ in range(count):
        offset = offsets.position or 0
        offsets.track(offset)
        ticket = Ticket(Record(partition, offset, None, b""), offsets, assignment.backlog)
        if final:
            ticket.resolve()


def test_nothing_owned_wants_nothing() -> None:
    assignment = Assignment(100, 100, 1 << 20)

    assert not assignment.wants_commit
    assert not assignment.is_full
    assert is_within_horizon(assignment)
    assert (assignment.eligible(), assignment.targets) == ([], {})
    assert oldest_by_partition(assignment) == {}


def test_one_partition_of_many_may_want_a_commit() -> None:
    assignment = made(window=1000, owned=2)

    read(assignment, P0, 300, final=True)

    assert assignment.wants_commit


def test_one_partition_of_many_may_want_a_horizon() -> None:
    assignment = Assignment(1000, 1000, 1 << 20)

    assignment.begin({P0: (0, "hp1:9999;"), P1: (0, "")})

    assert assignment.wants_commit


def test_all_that_was_read_may_be_sent_only_if_that_holds_for_each_partition() -> None:
    assignment = Assignment(100, 100, 1 << 20)
    assignment.begin({P0: (0, "hp1:1;"), P1: (0, "hp1:9;")})

    read(assignment, P1, 2)
    before = is_within_horizon(assignment)
    read(assignment, P0, 2)

    assert (before, is_within_horizon(assignment)) == (True, False)


@pytest.mark.parametrize(
    ("most", "total", "owned", "share", "ahead"),
    [
        (8000, 0, 1, 8000, 2000),
        (8000, 0, 2, 4000, 1000),
        (8000, 4, 2, 2000, 500),
        (8000, 2, 4, 2000, 500),
        (8000, 1000, 2, 250, 250),
        (10, 0, 1, 250, 250),
    ],
)
def test_a_share_is_that_of_one_partition_of_all(
    most: int, total: int, owned: int, share: int, ahead: int
) -> None:
    assignment = Assignment(100, most, 1 << 20)
    assignment.begin({Partition("t", number): None for number in range(owned)}, total)

    assert (assignment.share, assignment.ahead) == (share, ahead)


def test_a_partition_whose_window_is_full_is_not_read_and_the_others_are() -> None:
    assignment = made(window=3, owned=2)
    read(assignment, P0, 1)
    read(assignment, P0, 1, final=True)
    before = sorted(assignment.eligible())

    read(assignment, P0, 1, final=True)

    assert (before, assignment.eligible()) == ([P0, P1], [P1])


@pytest.mark.parametrize(("most", "most_bytes"), [(3, 1 << 20), (1000, 3 * 256)])
def test_nothing_is_read_while_as_much_waits_as_may(most: int, most_bytes: int) -> None:
    assignment = made(most=most, most_bytes=most_bytes, owned=2)
    read(assignment, P0, 2)
    before = (assignment.is_full, len(assignment.eligible()))

    read(assignment, P1, 1)

    assert (before, assignment.is_full, assignment.eligible()) == ((False, 2), True, [])


def test_each_reading_begins_with_another_partition() -> None:
    assignment = made(owned=3)

    rounds = [assignment.eligible() for _ in range(4)]

    assert [names[0] for names in rounds] == [P1, P2, P0, P1]
    assert all(sorted(names) == [P0, P1, P2] for names in rounds)


def test_partitions_come_and_go_with_an_epoch_each() -> None:
    assignment = Assignment(100, 100, 1 << 20)
    epochs = [assignment.epoch]
    assignment.begin({P0: (5, ""), P1: None})
    positions = {name: offsets.position for name, offsets in assignment.owned.items()}
    epochs.append(assignment.epoch)
    assignment.read_first({P0: 50}, 0.0)
    read(assignment, P0, 1)
    assignment.renew(P0)
    epochs.append(assignment.epoch)
    backlog = assignment.backlog

    assignment.end()
    epochs.append(assignment.epoch)

    assert positions == {P0: 5, P1: None}
    assert len(set(epochs)) == 4
    assert assignment.owned == {}
    assert assignment.backlog is not backlog
    assert assignment.targets == {}


def test_of_a_partition_the_record_that_waits_longest_is_known() -> None:
    assignment = made(owned=2)
    for partition in (P1, P0, P1):
        read(assignment, partition, 1)
    first = next(iter(assignment.backlog.open))
    before = {name: one.offset for name, one in oldest_by_partition(assignment).items()}

    first.resolve()

    after = {name: one.offset for name, one in oldest_by_partition(assignment).items()}
    assert (before, after) == ({P0: 0, P1: 0}, {P0: 0, P1: 1})


def test_what_is_read_first_are_the_ends_that_were_told_last_of_what_is_ours() -> None:
    assignment = made(owned=2)
    assignment.read_first({P0: 50}, 0.0)

    assignment.read_first({P1: 50, P2: 50}, 0.0)

    assert list(assignment.targets) == [P1]
