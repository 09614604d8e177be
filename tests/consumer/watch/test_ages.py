"""An age is never too large, whatever a record's timestamp says, and grows while it waits."""

from __future__ import annotations

import pytest

from consumer.offsets.assignment import Assignment
from consumer.offsets.record import Partition, Record
from consumer.offsets.ticket import Ticket
from consumer.watch.ages import Ages

ONE = Partition("t", 0)
OTHER = Partition("t", 1)


def owned(*partitions: Partition) -> tuple[Assignment, Ages]:
    assignment = Assignment(100, 100, 1000)
    assignment.begin(dict.fromkeys(partitions, None))
    return assignment, Ages(assignment)


def read(assignment: Assignment, offset: int, timestamp: float, since: float) -> Record:
    record = Record(ONE, offset, None, b"", (), timestamp, since)
    offsets = assignment.owned[ONE]
    assert offsets.track(offset)
    Ticket(record, offsets, assignment.backlog)
    return record


@pytest.mark.parametrize("timestamp", [0.0, 900.0, 5000.0], ids=["none", "last year", "to come"])
def test_the_timestamp_of_a_producer_makes_nothing_old_nor_young(timestamp: float) -> None:
    assignment, ages = owned(ONE)
    read(assignment, 7, timestamp, since=1000.0)

    assert ages.by_partition(1030.0) == {ONE: 30.0}


def test_what_kafka_appended_is_as_old_as_it_says() -> None:
    assignment, ages = owned(ONE)
    read(assignment, 7, 400.0, since=400.0)

    assert ages.by_partition(1000.0) == {ONE: 600.0}


def test_what_was_seen_in_the_log_before_it_was_read_is_as_old_as_that() -> None:
    assignment, ages = owned(ONE)
    ages.look({ONE: 5}, 1000.0)
    ages.look({ONE: 8}, 1010.0)
    ages.look({ONE: 90}, 1020.0)
    read(assignment, 7, 0.0, since=1500.0)

    assert ages.by_partition(1510.0) == {ONE: 500.0}


def test_a_partition_that_went_and_came_begins_anew() -> None:
    assignment, ages = owned(ONE)
    ages.look({ONE: 90}, 1000.0)
    ages.look({OTHER: None}, 1100.0)
    ages.look({ONE: 90}, 1200.0)
    record = read(assignment, 7, 0.0, since=1300.0)

    assert ages.age(record, 1310.0) == 110.0


def test_a_topic_that_was_made_anew_begins_anew() -> None:
    assignment, ages = owned(ONE)
    ages.look({ONE: 90}, 1000.0)
    ages.look({ONE: 9}, 1200.0)
    record = read(assignment, 7, 0.0, since=1300.0)

    assert ages.age(record, 1310.0) == 110.0


def test_what_is_remembered_is_bounded_and_makes_ages_no_larger() -> None:
    assignment, ages = owned(ONE)
    for end in range(1, 10_000):
        ages.look({ONE: end}, 1000.0 + end)
    record = read(assignment, 500, 0.0, since=20_000.0)

    assert 20_000.0 - 1600.0 - 9000.0 < ages.age(record, 20_000.0) <= 20_000.0 - 1501.0


def test_nothing_that_waits_has_no_age() -> None:
    _, ages = owned(ONE)

    assert ages.by_partition(1000.0) == {}
