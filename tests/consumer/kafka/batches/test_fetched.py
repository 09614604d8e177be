"""Fetched bytes as aiokafka's fetcher reads them with our classes: nothing in them stops it."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from consumer.errors import KafkaUnreadable
from consumer.kafka.batches.contents import MOST_UNPACKED, FetchedBatches
from consumer.kafka.batches.fetched import MOST_READ, TRIES, FetchedRecords, shelf
from consumer.offsets.record import Partition
from tests.integration.raw_batches import (
    CODECS,
    Codec,
    RawRecord,
    batch,
    framed,
    nullable,
    packed,
    swelling,
    varint,
)
from tests.processor_time import on_this_machine

ABORTED_BY, OTHER = 7, 8
MOST_SECONDS = 0.1
TRANSACTIONAL, CONTROL = 0x10, 0x30
BAD = RawRecord(b"bad", b"value", ((b"\xff", b"1"),))


@dataclass
class Poll:
    """One fetch at an offset, read in polls of `most` records as aiokafka does it."""

    at: int = 0
    partition: int = 0
    aborted: Sequence[tuple[int, int]] = ()
    most: int = 250

    def __call__(self, content: bytes) -> list[Any]:
        batches = fetcher.MemoryRecords(content)
        records = fetcher.PartitionRecords(
            TopicPartition("events", self.partition),
            batches,
            list(self.aborted),
            self.at,
            None,
            None,
            True,
            fetcher.READ_COMMITTED,
        )
        found: list[Any] = []
        while True:
            before = len(found)
            for one in records:
                found.append(one)
                if len(found) - before >= self.most:
                    break
            else:
                self.at = records.next_fetch_offset
                return found


def told(found: list[Any]) -> list[tuple[int, bytes | None, str | None]]:
    return [(one.offset, one.value, getattr(one, "fault", None)) for one in found]


def numbered(count: int) -> list[RawRecord]:
    return [RawRecord(value=b"%d" % at) for at in range(count)]


def test_aiokafkas_fetcher_reads_by_our_classes() -> None:
    source = fetcher.Fetcher._proc_fetch_request.__code__.co_names

    assert (fetcher.MemoryRecords, fetcher.PartitionRecords) == (FetchedBatches, FetchedRecords)
    assert {"MemoryRecords", "PartitionRecords"} <= set(source)
    assert issubclass(FetchedRecords, fetcher.PartitionRecords)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("most", [1, 2, 250])
def test_a_record_that_cannot_be_read_costs_no_other_of_its_batch(codec: Codec, most: int) -> None:
    poll = Poll(most=most)
    records = [*numbered(3), BAD, *numbered(2), BAD]

    found = poll(batch(records, codec) + batch(numbered(1), codec, base_offset=7))

    fault = "unreadable record: the name of a header is not UTF-8"
    assert told(found) == [
        (0, b"0", None),
        (1, b"1", None),
        (2, b"2", None),
        (3, b"value", fault),
        (4, b"0", None),
        (5, b"1", None),
        (6, b"value", fault),
        (7, b"0", None),
    ]
    assert found[3].headers == (("\\xff", b"1"),)
    assert poll.at == 8


def test_what_lies_before_the_offset_that_was_asked_for_is_not_given() -> None:
    found = Poll(at=4)(batch([BAD, *numbered(3), BAD, *numbered(1)]))

    assert [one.offset for one in found] == [4, 5]


@pytest.mark.parametrize("codec", CODECS[1:])
def test_a_batch_that_swells_is_one_record_with_a_fault(codec: Codec) -> None:
    poll = Poll()
    swollen = swelling(MOST_UNPACKED + 1, codec, count=5)

    found = poll(swollen + batch(numbered(1), codec, base_offset=5))

    assert [(one.offset, one.value) for one in found] == [(0, None), (5, b"0")]
    assert found[0].fault.startswith(f"unreadable batch, offsets 0 to 4: at most {MOST_UNPACKED}")
    assert poll.at == 6


def test_a_batch_whose_packed_records_are_broken_is_stepped_over() -> None:
    raw = batch(numbered(3))
    content = raw[61:-1]
    poll = Poll()

    found = poll(framed_packed(content, 3) + batch(numbered(1), base_offset=3))

    assert told(found)[:2] == [(0, b"0", None), (1, b"1", None)]
    assert [one.offset for one in found] == [0, 1, 2, 3]
    assert found[2].fault.startswith("unreadable batch, offset 2: ")
    assert poll.at == 4


def framed_packed(content: bytes, count: int) -> bytes:
    return framed(packed(content, "zstd"), "zstd", count=count)


@pytest.mark.parametrize(
    ("deltas", "faulty"),
    [((0, 0, 0), [1, 2]), ((2, 1, 0), [0, 2]), ((0, 1, 1000), [2]), ((-5, 1, 2), [0])],
)
def test_a_record_that_says_a_wrong_offset_is_told_at_its_place(
    deltas: tuple[int, ...], faulty: list[int]
) -> None:
    poll = Poll()

    found = poll(batch([RawRecord(value=b"v", offset_delta=delta) for delta in deltas]))

    assert [one.offset for one in found] == [0, 1, 2]
    assert [one.offset for one in found if getattr(one, "fault", None)] == faulty
    assert {one.value for one in found} == {b"v"}
    assert poll.at == 3


def test_a_batch_that_was_compacted_has_gaps() -> None:
    poll = Poll()
    left = [RawRecord(offset_delta=delta) for delta in (2, 3, 7)]

    found = poll(batch(left, "lz4", last_delta=9))

    assert [one.offset for one in found] == [2, 3, 7]
    assert poll.at == 10


def test_more_and_fewer_records_than_are_counted_are_told() -> None:
    fewer = batch(numbered(2), count=5)
    more = batch(numbered(3), count=2, last_delta=2)
    poll = Poll()

    found = poll(fewer) + poll(more.replace(struct.pack(">q", 0), struct.pack(">q", 5), 1))

    assert [one.offset for one in found] == [0, 1, 2, 5, 6, 7]
    assert [one.offset for one in found if getattr(one, "fault", None)] == [2, 7]
    assert "offsets 2 to 4" in found[2].fault


def test_a_wrong_checksum_is_tried_again_before_it_is_stepped_over() -> None:
    poll = Poll(partition=1)
    content = batch(numbered(3), crc=1) + batch(numbered(1), base_offset=3)

    for _ in range(TRIES):
        with pytest.raises(KafkaUnreadable, match="offset 0: its checksum is wrong") as error:
            poll(content)
        assert error.value.partition == Partition("events", 1)
    found = poll(content)

    fault = "unreadable batch, offsets 0 to 2: its checksum is wrong"
    assert told(found) == [(0, None, fault)]
    assert poll.at == 3


def test_a_checksum_that_is_right_with_the_next_try_costs_nothing() -> None:
    poll = Poll(partition=2)
    with pytest.raises(KafkaUnreadable):
        poll(batch(numbered(3), crc=1))

    found = poll(batch(numbered(3)))

    assert [one.offset for one in found] == [0, 1, 2]


def test_what_lies_before_a_wrong_checksum_is_given_first() -> None:
    poll = Poll(partition=3)
    second = batch(numbered(3), base_offset=2, crc=1)

    found = poll(batch(numbered(2)) + second)

    assert [one.offset for one in found] == [0, 1]
    with pytest.raises(KafkaUnreadable, match="offset 2"):
        poll(second)


@pytest.mark.parametrize(
    "content",
    [
        b"\0" * 8 + b"\x7f\xff\xff\xff" + b"\0" * 60,
        b"\0" * 8 + b"\xff\xff\xff\xff" + b"\0" * 60,
        b"\0" * 70,
        b"\0",
        batch([RawRecord()])[:16] + b"\x03" + batch([RawRecord()])[17:],
    ],
    ids=["a length too large", "a negative length", "zeros", "one byte", "an unknown format"],
)
def test_what_is_no_batch_is_tried_again_and_stepped_over_by_one_offset(content: bytes) -> None:
    poll = Poll(at=40, partition=4)

    for _ in range(TRIES):
        with pytest.raises(KafkaUnreadable, match="offset 40"):
            poll(content)
    (found,) = poll(content)

    assert found.offset == 40
    assert found.fault.startswith("unreadable batch, offset 40: ")
    assert poll.at == 41


def test_the_last_batch_may_be_cut_off() -> None:
    poll = Poll()

    found = poll(batch(numbered(2)) + batch(numbered(2), base_offset=2)[:-1])

    assert [one.offset for one in found] == [0, 1]
    assert poll.at == 2


def test_what_was_aborted_is_not_given_even_if_it_cannot_be_read() -> None:
    poll = Poll(aborted=[(ABORTED_BY, 2)])
    marker = RawRecord(struct.pack(">hh", 0, 0), b"\0" * 6)

    def mine(first: int) -> bytes:
        records = [BAD, *numbered(1)]
        return batch(records, base_offset=first, attributes=TRANSACTIONAL, producer_id=ABORTED_BY)

    found = poll(
        batch([BAD], attributes=TRANSACTIONAL, producer_id=OTHER)
        + mine(2)
        + batch([marker], base_offset=4, attributes=CONTROL, producer_id=ABORTED_BY)
        + mine(5)
    )

    assert [(one.offset, one.value) for one in found] == [(0, b"value"), (5, b"value"), (6, b"0")]
    assert poll.at == 7


def test_a_marker_that_cannot_be_read_ends_what_was_aborted() -> None:
    poll = Poll(aborted=[(ABORTED_BY, 0)])

    found = poll(
        batch(numbered(1), attributes=TRANSACTIONAL, producer_id=ABORTED_BY)
        + batch([RawRecord(body=b"?")], base_offset=1, attributes=CONTROL, producer_id=ABORTED_BY)
        + batch(numbered(1), base_offset=2, attributes=TRANSACTIONAL, producer_id=ABORTED_BY)
    )

    assert told(found) == [(2, b"0", None)]


def old(magic: int, codec: int, values: Sequence[bytes]) -> bytes:
    builder = LegacyRecordBatchBuilder(magic, codec, 1 << 20)
    for at, value in enumerate(values):
        builder.append(at, timestamp=1, key=None, value=value)
    # A compressed message has the offset of the last in it: so the broker writes it.
    last = len(values) - 1 if codec else 0
    return struct.pack(">q", last) + bytes(builder.build())[8:]


@pytest.mark.parametrize(
    ("magic", "codec"), [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (1, 3)]
)
def test_messages_of_the_old_formats_are_read(magic: int, codec: int) -> None:
    poll = Poll()

    found = poll(old(magic, codec, [b"0", b"1", b"2"]))

    assert told(found) == [(0, b"0", None), (1, b"1", None), (2, b"2", None)]
    assert poll.at == 3


def test_an_old_message_that_swells_is_tried_again_and_stepped_over() -> None:
    poll = Poll(partition=5)
    content = old(1, 1, [bytes(MOST_UNPACKED + 1)])

    for _ in range(TRIES):
        with pytest.raises(KafkaUnreadable):
            poll(content)
    (found,) = poll(content)

    assert "at most" in found.fault
    assert poll.at == 1


def test_old_messages_before_a_wrong_checksum_are_given_first() -> None:
    poll = Poll(partition=7)
    second = batch(numbered(3), base_offset=2, crc=1)

    found = poll(old(1, 1, [b"0", b"1"]) + second)

    assert [one.offset for one in found] == [0, 1]
    with pytest.raises(KafkaUnreadable, match="offset 2"):
        poll(second)


def test_a_poll_ends_when_much_was_read_and_goes_on_where_it_ended() -> None:
    poll = Poll()
    each = MOST_READ // 4
    content = batch([RawRecord(value=b"x" * each)] * 12, "zstd")

    polls = []
    while poll.at < 12:
        polls.append([one.offset for one in poll(content)])

    assert [offset for found in polls for offset in found] == list(range(12))
    assert max(map(len, polls)) == 4


def test_a_poll_unpacks_little_more_than_one_batch_may_hold() -> None:
    poll = Poll()
    swollen = [
        swelling(MOST_UNPACKED + 1, "zstd", count=2).replace(bytes(8), struct.pack(">q", at), 1)
        for at in range(0, 20, 2)
    ]
    before = shelf.unpacked

    found = poll(b"".join(swollen))

    assert [one.offset for one in found] == [0, 2]
    assert shelf.unpacked - before <= 2 * MOST_UNPACKED
    assert poll.at == 4


def test_of_large_batches_that_are_half_read_the_oldest_is_unpacked_again() -> None:
    count, size = 40, MOST_UNPACKED * 3 // 4
    content = batch(
        [RawRecord(value=b"%d" % at + bytes(size // count)) for at in range(count)], "zstd"
    )
    readers = [
        FetchedRecords(
            TopicPartition("events", 10 + at),
            FetchedBatches(content),
            *(None, 0, None, None, True, fetcher.READ_COMMITTED),
        )
        for at in range(3)
    ]

    found = [[next(iter(reader)) for reader in readers] for _ in range(5)]

    assert [[one.offset for one in turn] for turn in found] == [[at] * 3 for at in range(5)]
    assert all(one.value.startswith(b"%d\0" % one.offset) for turn in found for one in turn)
    assert sum(shelf._sizes.values()) <= MOST_UNPACKED


def in_turns(contents: list[bytes], turns: int) -> tuple[list[list[Any]], float]:
    """Read of each partition a poll in its turn; what of each, and the longest poll."""
    readers = [
        FetchedRecords(
            TopicPartition("events", 20 + at),
            FetchedBatches(content),
            *(None, 0, None, None, True, fetcher.READ_COMMITTED),
        )
        for at, content in enumerate(contents)
    ]
    found: list[list[Any]] = [[] for _ in readers]
    longest = 0.0
    for _ in range(turns):
        for reader, mine in zip(readers, found, strict=True):
            began = time.process_time()
            mine.extend(islice(iter(reader), 250))
            longest = max(longest, time.process_time() - began)
    return found, longest


def test_no_poll_of_a_batch_looks_at_all_of_its_half_a_million_records() -> None:
    count = 500_000
    empty = b"".join(nullable(b"\0\0" + varint(at) + b"\1\1\0") for at in range(count))

    ((found,), longest) = in_turns([framed(packed(empty, "zstd"), "zstd", count=count)], 4)

    assert [one.offset for one in found] == list(range(1000))
    assert longest < on_this_machine(MOST_SECONDS)


@pytest.mark.parametrize("size", [1 << 20, 3 << 20])
def test_a_batch_that_was_let_go_is_read_on_from_where_that_was(size: int) -> None:
    shelf.most, before = size * 3 // 2, shelf.most
    count, turns = size // 100, size // 100 // 250 + 1
    content = batch(
        [*(RawRecord(value=b"%090d" % at) for at in range(count - 2)), BAD, *numbered(1)], "zstd"
    )

    try:
        found, _ = in_turns([content, content], turns)
    finally:
        shelf.most = before

    fault = "unreadable record: the name of a header is not UTF-8"
    for mine in found:
        assert [one.offset for one in mine] == list(range(count))
        assert [int(one.value) for one in mine[:-2]] == list(range(count - 2))
        assert told(mine[-2:]) == [(count - 2, b"value", fault), (count - 1, b"0", None)]


def test_records_behind_a_giant_are_read_though_their_batch_is_let_go() -> None:
    shelf.most, before = 4 << 20, shelf.most
    giant = RawRecord(value=b"x" * (3 << 19), headers=((b"h", b"1"),) * 1001)
    content = batch([*numbered(400), giant, *numbered(400)], "zstd")

    try:
        found, _ = in_turns([content, content, content], 5)
    finally:
        shelf.most = before

    for mine in found:
        assert [one.offset for one in mine] == list(range(801))
        assert [one.offset for one in mine if getattr(one, "fault", None)] == [400]
        assert mine[-1].value == b"399"


@given(
    st.lists(st.tuples(st.sampled_from(CODECS), st.integers(1, 6)), min_size=1, max_size=4),
    st.data(),
)
def test_any_changed_bytes_give_records_in_order_and_the_position_never_goes_back(
    batches: list[tuple[Codec, int]], data: st.DataObject
) -> None:
    at, parts = 100, []
    for codec, count in batches:
        parts.append(batch(numbered(count), codec, base_offset=at))
        at += count
    content = bytearray(b"".join(parts))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    poll = Poll(at=100, partition=6, most=data.draw(st.integers(1, 5)))

    for _ in range(3):
        before = poll.at
        try:
            found = poll(bytes(content))
        except KafkaUnreadable:
            continue
        offsets = [one.offset for one in found]
        assert offsets == sorted(set(offsets))
        assert all(offset >= before for offset in offsets)
        assert poll.at > max([before - 1, *offsets])
