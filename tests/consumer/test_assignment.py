from consumer.assignment import Assignment
from consumer.part import Partition, Record, Ticket


def test_the_oldest_record_is_known_by_partition() -> None:
    assignment = Assignment(100, 100, 1000)
    one, other = Partition("t", 0), Partition("t", 1)
    assignment.begin({one: None, other: None})
    for partition, offset, at in ((one, 5, 10.0), (other, 9, 8.0), (one, 6, 11.0)):
        record = Record(partition, offset, None, b"", timestamp=at)
        offsets = assignment.owned[partition]
        assert offsets.track(offset)
        assignment.backlog.add(Ticket(record, offsets, assignment.backlog))

    found = assignment.oldest_by_partition()

    assert {name: record.offset for name, record in found.items()} == {one: 5, other: 9}
