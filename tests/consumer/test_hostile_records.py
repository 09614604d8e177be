"""What one record may cause in intake at most: its own rejection, once, in one letter and line."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from consumer.decide import reasons
from consumer.decide.message import MOST
from consumer.engine.guard import LEAST_RECORDS
from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Headers, Partition, Record
from consumer.watch.metrics import Metrics
from consumer.watch.report import Reporter
from planhat_client.sandbox import Refusal
from tests.consumer.engine_run import Engine, account, user_message
from tests.consumer.written_commit import encode
from tests.examples import examples
from tests.processor_time import on_this_machine

if TYPE_CHECKING:
    from consumer.lanes.part import Ended
    from consumer.offsets.ticket import Receipt, Ticket

P0 = Partition("t", 0)
MOST_SECONDS = 0.25

NAMES = (
    *("dl.replays", "dl.first_offset", "dl.checked_to", "dl.position", "dl.positions", "dl.only"),
    *("dl.topic", "dl.reason", "dl.timestamp", "channel", "is_export", "traceparent", "\ufffd"),
)
NUMBERS = st.sampled_from([-1, 0, 1, 5, (1 << 63) - 1, 1 << 63, 1 << 64, 10**19, 10**40])
VALUES = st.one_of(
    NUMBERS.map(lambda one: str(one).encode()),
    st.binary(max_size=20),
    st.sampled_from([b"0-9999", b"activities", b"user:update", b"0,2"]),
)
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6).map(tuple)
MESSAGES = st.sampled_from([{}, None, 1, [], {"user": {}}, user_message(1, account(1))])
BODIES = st.one_of(
    st.binary(max_size=30),
    st.lists(MESSAGES, max_size=4).map(lambda found: json.dumps({"messages": found}).encode()),
    st.just(json.dumps(user_message(1, account(1))).encode()),
    st.none(),
)


def take(engine: Engine, value: bytes | None, headers: Headers = (), at: float = 0.0) -> None:
    record = Record(P0, engine.offsets.position or 0, b"k", value, headers, at)
    engine.core.take([record], engine.offsets, engine.now)


def envelope(*messages: object) -> bytes:
    return json.dumps({"messages": messages}).encode()


def is_done(engine: Engine) -> bool:
    """Nothing is left of what was taken, and the commit is behind all of it."""
    at, _ = engine.offsets.to_commit() or (0, "")
    backlog = engine.backlog
    return (backlog.records, backlog.bytes, at) == (0, 0, engine.offsets.position or 0)


def test_two_records_with_numbers_that_no_array_holds_end_nothing() -> None:
    engine = Engine()
    good = json.dumps(user_message(1, account(1))).encode()
    far = b"9223372036854775808"

    take(engine, good, (("dl.replays", b"1"), ("dl.first_offset", far)))
    take(engine, good, (("dl.replays", b"1"), ("dl.first_offset", b"0"), ("dl.checked_to", b"1")))
    engine.run()

    assert is_done(engine)


@settings(max_examples=examples(200))
@given(st.lists(st.tuples(BODIES, HEADERS), max_size=8))
def test_whatever_a_record_carries_all_records_end_and_none_is_told_twice(
    records: list[tuple[bytes | None, Headers]],
) -> None:
    engine = Engine()

    for value, headers in records:
        take(engine, value, headers)
    engine.run()

    told = [(one.ticket.record.offset, one.position) for one in engine.outcomes]
    assert is_done(engine)
    assert len(told) == len(set(told))
    assert len(engine.letters) == len({one.ticket for one in engine.rejected})


@pytest.mark.parametrize(
    "value",
    [
        b'{"messages":[' + b",".join([b"{}"] * (MOST + 1)) + b"]}",
        b'{"messages":[' + b",".join([b"1"] * (MOST + 1)) + b"]}",
        b'\xef\xbb\xbf{"messages":[' + b",".join([b"{}"] * (MOST + 1)) + b"]}",
        b'{"user":7,"messages":[' + b",".join([b"{}"] * (MOST + 1)) + b"]}",
    ],
    ids=["empty ones", "numbers", "with a byte order mark", "beside something odd"],
)
def test_more_messages_than_may_be_are_one_rejection(value: bytes) -> None:
    engine = Engine()

    take(engine, value)

    assert [(one.position, one.reason) for one in engine.outcomes] == [
        (None, reasons.TOO_MANY_MESSAGES)
    ]
    assert is_done(engine)


def test_as_many_messages_as_may_be_are_taken() -> None:
    engine = Engine()

    take(engine, b'{"messages":[' + b",".join([b"{}"] * MOST) + b"]}")

    assert len(engine.outcomes) == MOST
    assert is_done(engine)


@pytest.mark.parametrize(("events", "kinds"), [(MOST, []), (MOST + 1, [reasons.TOO_MANY_EVENTS])])
def test_more_events_than_may_be_are_one_rejection(events: int, kinds: list[str]) -> None:
    engine = Engine()

    engine.take(user_message(1, account(1), events=[{"event": "no"}] * events))
    engine.run()

    assert [one.reason for one in engine.rejected] == kinds
    assert is_done(engine)


def items(count: int, item: str) -> str:
    return ",".join([item] * count)


@pytest.mark.parametrize("item", ["7", "{}", "null"])
@pytest.mark.parametrize(
    "document",
    [
        '{"user":{"id":"u"},"segments":[%s]}',
        '{"user":{"id":"u"},"events":[%s,7]}',
        '{"messages":[7,{"user":{"id":"u"},"changes":{"segments":{"entered":[7,%s]}}}]}',
    ],
    ids=["segments", "events", "changes within an envelope"],
)
def test_half_a_million_odd_items_are_one_rejection_in_no_time(document: str, item: str) -> None:
    engine = Engine()
    value = (document % items(1_000_000 // (len(item) + 1), item)).encode()
    began = time.process_time()

    take(engine, value)

    assert [one.reason for one in engine.outcomes] == [reasons.TOO_MANY_ITEMS]
    assert is_done(engine)
    assert time.process_time() - began < on_this_machine(MOST_SECONDS)


def test_odd_items_of_many_messages_count_together() -> None:
    engine = Engine()
    messages = [{"user": {"id": "u"}, "segments": [7] * 5_000}] * 100

    take(engine, envelope(*messages))

    assert [one.reason for one in engine.outcomes] == [reasons.TOO_MANY_ITEMS]


def test_odd_items_of_a_usual_size_are_read_however_many_they_are() -> None:
    engine = Engine()
    segment = {"id": "5a8f3c1b9d2e4f6a7b8c9d0e", "name": "Customers"}
    found = {"segments": [segment] * 2 * MOST, "events": 7}

    engine.take(user_message(1, account(1)) | found)

    assert [one.reason for one in engine.outcomes] != [reasons.TOO_MANY_ITEMS]


def test_more_licences_than_may_be_are_one_reason() -> None:
    engine = Engine()
    company = account(1, licences=[{}] * (MOST + 1))

    engine.take(
        {
            "channel": "account:update",
            "account": company,
            "account_segments": [{"id": "s-accounts"}],
        }
    )
    engine.run()

    assert [one.rejections for one in engine.rejected] == [
        ["more than 10,000 licences in one list"]
    ]


def test_an_envelope_is_one_letter_that_names_what_was_rejected() -> None:
    engine = Engine()
    good = user_message(1, account(1))

    take(engine, envelope({}, good, {}, {}, {"user": {"x": 1}}))
    before = len(engine.letters)
    engine.run()

    [(_, _, headers)] = engine.letters
    told = dict(headers)
    neither = "neither user nor account: not a Hull message"
    assert before == 0
    assert told["dl.positions"] == b"0,2-4"
    assert told["dl.reason"] == neither.encode()
    assert told["dl.error"] == f"{neither} (3); user without an id (1)".encode()
    assert "dl.position" not in told
    assert is_done(engine)


def test_an_envelope_is_one_record_for_the_guard_however_many_messages_are_bad() -> None:
    engine = Engine(reject_limit=0.5)

    take(engine, envelope(*[{}] * 250))
    for number in range(LEAST_RECORDS):
        take(engine, json.dumps(user_message(number, account(1))).encode())

    assert not engine.core.guard.is_tripped
    assert list(engine.core.guard._last) == [True] + [False] * LEAST_RECORDS


def test_an_envelope_of_which_planhat_refuses_much_counts_once_more() -> None:
    engine = Engine(reject_limit=0.5)
    engine.sandbox.refusals.extend([Refusal("email", ("bad@example.com",), "endusers")])
    bad = {"email": "bad@example.com"}

    take(engine, envelope(*(user_message(n, account(1), user=bad) for n in range(3))))
    engine.run()

    assert list(engine.core.guard._last) == [False, True]
    assert [dict(headers)["dl.positions"] for _, _, headers in engine.letters] == [b"0-2"]


def test_an_envelope_is_one_line_with_counts() -> None:
    engine = Engine(report=Reporter(Metrics()))

    with capture_logs() as logs:
        take(engine, envelope({}, {}, {"user": {"x": 1}}))

    assert [
        (line["event"], line["position"], line["rejected"], line["reasons"]) for line in logs
    ] == [("record.rejected", 0, 3, 2)]


class Broken:
    """A report that fails at whatever it is told."""

    def part_ended(self, end: Ended) -> None:
        raise ValueError(end)

    def message_ended(self, receipt: Receipt) -> None:
        raise ValueError(receipt)

    def record_rejected(self, ticket: Ticket) -> None:
        raise ValueError(ticket)

    def record_ended(self, ticket: Ticket) -> None:
        raise ValueError(ticket)


def test_who_is_told_and_fails_holds_nothing_up_and_is_told_of_once_a_record() -> None:
    engine = Engine(report=Broken())

    with capture_logs() as logs:
        take(engine, envelope(user_message(1, account(1)), {}, {}))
        take(engine, None)
        engine.run()

    assert is_done(engine)
    assert len(engine.letters) == 1
    assert sorted((line["event"], line["offset"]) for line in logs) == [
        ("record.failed", 0),
        ("record.failed", 1),
    ]


def test_a_restart_is_no_flood_of_rejections_for_the_guard() -> None:
    good, bad = json.dumps(user_message(1, account(1))).encode(), b"no JSON"
    records = [Record(P0, at, b"k", bad if at % 4 == 3 else good) for at in range(1_200)]
    known = encode(0, {one.offset for one in records if one.value is good})
    engine = Engine(reject_limit=0.5)

    engine.offsets = Offsets(0, known)
    for record in records:
        engine.take_record(record)

    assert len(engine.letters) > LEAST_RECORDS
    assert not engine.core.guard.is_tripped
