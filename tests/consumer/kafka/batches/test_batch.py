"""Our reader of batches against aiokafka's builder, and against whatever else may lie there."""

from __future__ import annotations

import pytest
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from consumer.kafka.batches.batch import (
    FRONT,
    GIANT,
    MOST_HEADERS,
    Found,
    batch,
    batch_end,
    behind,
    record,
)
from tests.integration.raw_batches import RawRecord, body, framed, nullable, payload, varint
from tests.integration.raw_batches import batch as made

CONTENT = st.none() | st.binary(max_size=40)
HEADERS = st.lists(st.tuples(st.text(max_size=10), CONTENT), max_size=4)
RECORDS = st.lists(
    st.tuples(st.integers(0, 1 << 45), CONTENT, CONTENT, HEADERS), min_size=1, max_size=20
)


def read(raw: bytes) -> list[Found]:
    """All records of a batch that is not compressed, up to the first without an end."""
    front = batch(raw)
    assert front is not None
    found: list[Found] = []
    at: int | None = FRONT.size
    for _ in range(front.records):
        if at is None:
            break
        found.append(record(raw, at, front))
        at = found[-1].end
    return found


@given(RECORDS)
def test_what_aiokafka_writes_is_read_as_it_was_meant(
    records: list[tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]],
) -> None:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    for at, (timestamp, key, value, headers) in enumerate(records):
        builder.append(at, timestamp, key, value, headers)

    found = read(bytes(builder.build()))

    assert [(one.timestamp, one.key, one.value, list(one.headers)) for one in found] == records
    assert [one.offset for one in found] == list(range(len(records)))
    assert {one.fault for one in found} == {None}


@given(RECORDS, st.data())
def test_whatever_is_changed_in_a_batch_nothing_is_raised_and_none_is_read_that_aiokafka_reads_else(
    records: list[tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]],
    data: st.DataObject,
) -> None:
    raw = bytearray(
        made([RawRecord(k, v, tuple((n.encode(), w) for n, w in h), t) for t, k, v, h in records])
    )
    places = st.lists(st.integers(FRONT.size, len(raw) - 1), max_size=6)
    for place in data.draw(places):
        raw[place] = data.draw(st.integers(0, 255))

    ours = read(bytes(raw))

    whole = iter(DefaultRecordBatch(bytes(raw)))
    for one in ours:
        if one.fault is not None:
            break
        theirs = next(whole)
        assert (one.offset, one.key, one.value, list(one.headers)) == (
            theirs.offset,
            theirs.key,
            theirs.value,
            theirs.headers,
        )


FAULTS = {
    "a name of a header that is not UTF-8": (
        RawRecord(headers=((b"a\xff", b"1"),)),
        (b"key", b"{}", (("a\\xff", b"1"),)),
        "the name of a header is not UTF-8",
    ),
    "a header without a name": (
        RawRecord(headers=((None, b"1"),)),
        (b"key", b"{}", (("", b"1"),)),
        "a header without a name",
    ),
    "too many headers": (
        RawRecord(headers=((b"a", b"1"),) * (MOST_HEADERS + 1)),
        (b"key", b"{}", ()),
        f"{MOST_HEADERS + 1} headers, more than {MOST_HEADERS}",
    ),
    "a negative count of headers": (
        RawRecord(body=b"\0\0\2" + nullable(b"key") + nullable(b"{}") + varint(-1)),
        (b"key", b"{}", ()),
        "-1 headers",
    ),
    "an absurd count of headers": (
        RawRecord(body=b"\0\0\2" + nullable(b"key") + nullable(b"{}") + varint(1 << 30)),
        (b"key", b"{}", ()),
        f"{1 << 30} headers, more than {MOST_HEADERS}",
    ),
    "a value that ends behind its record": (
        RawRecord(body=b"\0\0\2" + nullable(b"key") + varint(1 << 30) + b"{}"),
        (b"key", None, ()),
        "the value ends behind its record",
    ),
    "bytes that are left": (
        RawRecord(body=body(RawRecord(), 1, 0) + b"more"),
        (b"key", b"{}", ()),
        "4 bytes are left behind its headers",
    ),
    "a number that has no end": (
        RawRecord(body=b"\0" + b"\xff" * 20),
        (None, None, ()),
        "a broken number",
    ),
    "nothing at all": (RawRecord(body=b""), (None, None, ()), "it ends within a number"),
}


@pytest.mark.parametrize(("bad", "rest", "fault"), FAULTS.values(), ids=FAULTS)
def test_a_fault_leaves_what_was_read_before_it_and_the_record_behind_it(
    bad: RawRecord,
    rest: tuple[bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]],
    fault: str,
) -> None:
    found = read(made([RawRecord(b"a"), bad, RawRecord(b"b")]))

    assert [one.key for one in found] == [b"a", rest[0], b"b"]
    assert (found[1].key, found[1].value, found[1].headers) == rest
    assert [one.fault for one in found] == [None, fault, None]


@pytest.mark.parametrize("size", [-1, 1 << 30])
def test_a_record_whose_size_is_broken_has_no_end(size: int) -> None:
    raw = framed(payload([RawRecord()]) + varint(size), count=2)

    first, second = read(raw)

    assert first.fault is None
    assert second.end is None


@given(st.binary(max_size=100), st.integers(0, 100))
def test_any_bytes_have_an_end_within_them_or_none(content: bytes, at: int) -> None:
    end = batch_end(content, at)

    assert end is None or at < end <= len(content)
    assert batch(content) is None or len(content) >= FRONT.size


def test_a_giant_and_what_has_no_end_are_seen_before_they_are_read() -> None:
    small, giant = nullable(b"x" * 1000), nullable(b"x" * (GIANT + 1))

    assert behind(b"ab" + small, 2) == 2 + len(small)
    assert behind(small + giant, len(small)) is None
    assert behind(varint(-1), 0) is None
    assert behind(b"\xff" * 20, 0) is None
    assert behind(small, len(small)) is None
