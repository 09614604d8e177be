"""A letter without its value is small, and is made whole from its source."""

from __future__ import annotations

import pytest

from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Record
from consumer.offsets.ticket import Backlog, Receipt, Ticket
from consumer.outbox.letter import DeadLetter, dead_letter, letter
from tests.consumer.dead import DEAD, EVENTS

LARGE = b"x" * 1_500_000


def source(
    key: bytes | None = b"u1",
    value: bytes | None = LARGE,
    headers: tuple[tuple[str, bytes], ...] = (("trace", b"t1"),),
    timestamp: float = 107.25,
) -> Record:
    return Record(EVENTS, 7, key, value, headers, timestamp)


def bare(record: Record) -> DeadLetter:
    ticket = Ticket(record, Offsets(), Backlog())
    receipt = Receipt(ticket, 1, "user:update", "u1")
    receipt.reject("400 no")
    ticket.rejected = [receipt]
    key, value, headers = letter(ticket, 1_700_000_000.0, is_bare=True)
    assert value is None
    found = dead_letter(Record(DEAD, 4, key, value, headers, 200.0))
    assert found is not None
    return found


def size(record: Record) -> int:
    named = sum(len(name) + len(value or b"") for name, value in record.headers)
    return named + len(record.key or b"") + len(record.value or b"")


@pytest.mark.parametrize(
    "record",
    [
        source(),
        source(value=None, headers=(("trace", LARGE),)),
        source(headers=tuple((f"h{n}", b"y" * 100) for n in range(10_000))),
        source(key=LARGE),
        source(timestamp=0.0),
    ],
    ids=["its value", "one header", "many headers", "its key", "and it has no timestamp"],
)
def test_whatever_is_large_is_left_out_and_found_at_the_source(record: Record) -> None:
    found = bare(record)

    whole = found.whole(record)

    assert size(found.record) < 10_000
    assert whole is not None
    assert (whole.record.key, whole.record.value) == (record.key, record.value)
    assert [pair for pair in whole.record.headers if not pair[0].startswith("dl.")] == [
        *record.headers
    ]
    assert (whole.name, whole.reason, whole.positions) == ("0:4", "400 no", frozenset({1}))


def test_what_is_small_stays_in_the_letter() -> None:
    found = bare(source())

    assert (found.record.key, found.record.headers[0]) == (b"u1", ("trace", b"t1"))
    assert found.omitted_bytes == len(LARGE)


def test_a_letter_of_a_replay_keeps_its_first_place() -> None:
    headers = (("trace", LARGE), ("dl.replays", b"2"), ("dl.first_offset", b"3"))

    found = bare(source(headers=headers))

    assert (found.replays, found.first_offset) == (2, 3)


@pytest.mark.parametrize(
    "other",
    [source(timestamp=108.0), source(value=b"short")],
    ids=["another moment", "another size"],
)
def test_another_record_at_the_same_offset_is_not_taken_for_it(other: Record) -> None:
    assert bare(source()).whole(other) is None
