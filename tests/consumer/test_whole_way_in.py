"""Whatever lies in the topic costs itself, from what Kafka's client gives to what is written."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from consumer.kafka.connection import records
from consumer.offsets.record import Partition, Record
from consumer.outbox.letter import dead_letter
from consumer.outbox.replay import Replay, replay, replay_headers
from tests.consumer.engine_run import Engine, account, user_message
from tests.consumer.fuzz import Sink, messages
from tests.examples import examples

if TYPE_CHECKING:
    from consumer.outbox.letter import Letter

    Headers = tuple[tuple[str, bytes | None], ...]

DEAD = Partition("t-dead", 0)
MOST_OF_INT64 = 2**63 - 1


def numbers() -> st.SearchStrategy[bytes]:
    """What a header may hold where a number belongs."""
    edges = st.sampled_from([0, 1, 2**31, MOST_OF_INT64, MOST_OF_INT64 + 1, 10**19, 10**30, -1])
    odd = st.sampled_from([b"", b"1e3", b" 7", "٣".encode(), b"\xff", b"0" * 5_000, b"NaN"])
    return (edges | st.integers()).map(lambda one: str(one).encode()) | odd


def headers() -> st.SearchStrategy[Headers]:
    """Headers of every kind: those of replays and letters, Hull's hints, a stranger's."""
    of_replays = st.sampled_from(
        ["dl.replays", "dl.first_offset", "dl.checked_to", "dl.position", "dl.positions", "dl.only"]
    )
    of_letters = st.sampled_from(
        ["dl.topic", "dl.partition", "dl.offset", "dl.timestamp", "dl.reason", "dl.value", "dl.key"]
    )
    hints = st.sampled_from(["channel", "is_export", "traceparent"])
    value = numbers() | st.binary(max_size=12) | st.none() | st.sampled_from([b"activities", b"1"])
    one = st.tuples(of_replays | of_letters | hints | st.text(max_size=8), value)
    replayed = st.tuples(*(numbers() for _ in range(4))).map(
        lambda found: (
            ("dl.replays", found[0]),
            ("dl.first_offset", found[1]),
            ("dl.checked_to", found[2]),
            ("dl.position", found[3]),
        )
    )
    return st.lists(one, max_size=6).map(tuple) | replayed


def shapes() -> st.SearchStrategy[bytes]:
    """Documents whose shape is the attack."""
    many = st.sampled_from(["{}", "1", "[]", "null", '{"user":{}}', '{"user":{"id":"u1"}}', '""'])
    sizes = st.sampled_from([1, 2, 300, 10_001])
    envelope = st.tuples(many, sizes).map(
        lambda found: '{"messages":[' + ",".join([found[0]] * found[1]) + "]}"
    )
    deep = st.sampled_from(['{"a":', "[", '{"messages":[', '{"user":{"id":[']).map(
        lambda opened: opened * 3_000
    )
    closed = st.integers(1, 3_000).map(lambda n: '{"user":' + "[" * n + "]" * n + "}")
    large = st.sampled_from(
        [
            '{"user":{"id":"u1","email":"u1@example.com","traits_version":1' + "0" * 5_000 + "}}",
            '{"user":{"id":1e999}}',
            '{"user":{"id":"u1","created_at":-1e308},"segments":[{"id":"s-users"}]}',
            '{"user":{"id":"\\ud800","email":"\\ud800@\\udfff"},"segments":[{"id":"s-users"}]}',
            '{"user":{"id":"\\u0000","\\u0000":"\\u0000"},"segments":[{"id":"s-users"}]}',
        ]
    )
    return (envelope | deep | closed | large).map(str.encode)


def hostile() -> st.SearchStrategy[dict[str, Any]]:
    """A record as Kafka's client gives it, by whoever may write to the topic."""
    return st.fixed_dictionaries(
        {
            "value": messages(st.text(max_size=8)) | shapes() | st.binary(max_size=40),
            "headers": headers(),
            "key": st.none() | st.binary(max_size=12) | st.just(b"user-1"),
            "timestamp": st.sampled_from([0, -1, -(10**17), 2**63 - 1, -(2**63), 253402300800000])
            | st.integers(-(2**63), 2**63 - 1),
            "timestamp_type": st.sampled_from([0, 1]),
        }
    )


def good(number: int, version: int) -> dict[str, Any]:
    """A change of one of three users."""
    user = user_message(number, account(1), user={"traits_version": version})
    return {
        "value": json.dumps(user).encode(),
        "headers": (),
        "key": f"user-{number}".encode(),
        "timestamp": 1_700_000_000_000,
        "timestamp_type": 0,
    }


def read(found: list[dict[str, Any]]) -> list[Record]:
    """The records that we make of those of the client."""
    fetched = [SimpleNamespace(offset=at, **one) for at, one in enumerate(found)]
    return list(records({("t", 0): fetched}))


def is_told(written: Letter, offset: int) -> None:
    """A letter can be read, listed, and replayed."""
    key, value, told = written
    found = dead_letter(Record(DEAD, 0, key, value, told, 1_700_000_000.0))
    assert found is not None
    assert found.offset == offset
    json.dumps(found.to_json())
    again = Replay(1, found.first_offset, None, found.positions)
    assert replay(replay_headers(told, again)) == again


@settings(max_examples=examples(300))
@given(st.lists(hostile(), min_size=1, max_size=6))
@example([{**good(9, 1), "headers": (("dl.replays", b"1"), ("dl.first_offset", b"9" * 19))}] * 2)
def test_a_hostile_record_costs_itself_and_none_of_its_neighbours(
    bad: list[dict[str, Any]],
) -> None:
    engine = Engine()
    changes = [
        change
        for version, one in enumerate(bad, start=1)
        for change in (*(good(number, version) for number in range(3)), one)
    ]

    for record in read(changes):
        engine.take_record(record)
        engine.run(60.0)
    engine.run()

    assert engine.backlog.records == 0
    assert engine.backlog.bytes == 0
    committed = engine.offsets.to_commit()
    assert committed is not None
    assert committed[0] == len(changes)
    versions = {row.get("externalId"): row.get("custom", {}) for row in engine.rows("endusers")}
    assert [versions[f"u-{number}"]["version"] for number in range(3)] == [len(bad)] * 3
    bad_ones = range(3, len(changes), 4)
    rejected = [int(dict(told)["dl.offset"] or -1) for _, _, told in engine.letters]
    assert len(set(rejected)) == len(rejected)
    assert set(rejected) <= set(bad_ones)
    for written, offset in zip(engine.letters, rejected, strict=True):
        is_told(written, offset)


@settings(max_examples=examples(100))
@given(st.lists(hostile(), min_size=1, max_size=4))
def test_a_hostile_record_breaks_nothing_that_tells_of_it(bad: list[dict[str, Any]]) -> None:
    sink = Sink()

    for record in read(bad):
        sink.take_record(record)
    sink.deliver()

    assert sink.shown()
    assert sink.engine.assignment.backlog.records == 0
