import json
from dataclasses import replace

import pytest

from consumer.decide.rules import Rules
from consumer.offsets.record import Record
from consumer.outbox.letter import DeadLetter
from consumer.outbox.stale import StaleScan, count_events
from schemas.connector import ConnectorSettings
from tests.consumer.dead import EVENTS, letter, message, record, replayed
from tests.consumer.watch.explain.hull_messages import RULES

TRACKING = """
contact_synchronized_segments: [5d2f0c1e8f0b7a0001a1b001]
contact_events: [Signed in]
contact_attributes_outbound: [{hull_field_name: email, service_field_name: email}]
"""


@pytest.mark.parametrize(
    ("records", "verdict"),
    [
        ([record(7)], None),
        ([record(7), record(9)], "stale replay: offset 9 is newer and was sent"),
        ([record(9, key=b"other")], None),
        ([record(9, message("u2"))], None),
        ([record(9, message(matters=False))], None),
        ([record(9, b"{not json")], None),
        ([record(9, b"")], None),
        ([record(10)], None),
        ([replayed(9, 7)], "it was replayed already, at offset 9"),
        ([replayed(9, 7), record(11)], "it was replayed already, at offset 9"),
        ([record(9), replayed(11, 7)], "it was replayed already, at offset 11"),
        ([replayed(9, 5)], None),
        ([replayed(9, 8)], "stale replay: offset 9 is newer and was sent"),
    ],
    ids=[
        "itself",
        "a newer one",
        "a newer one with another key",
        "a newer one of another profile",
        "a newer one that the gate skips",
        "a newer one that is no JSON",
        "an empty value",
        "a newer one that is dead too",
        "its own replay",
        "its own replay, and a newer one",
        "a newer one, and its own replay",
        "the replay of an older one",
        "the replay of a newer one",
    ],
)
def test_a_letter_is_stale_if_something_newer_was_sent(
    records: list[Record], verdict: str | None
) -> None:
    seen = StaleScan([letter(7)], {7: None, 10: None}, RULES)

    for one in records:
        seen.see(one)

    [(_, found)] = seen.verdicts(letter(7))
    assert (None if found is None else str(found)) == verdict


def with_value(one: DeadLetter, value: bytes) -> DeadLetter:
    old = one.record
    record = Record(old.partition, old.offset, old.key, value, old.headers, old.timestamp)
    return replace(one, record=record)


def test_only_the_message_that_was_rejected_counts_in_an_envelope() -> None:
    both = json.dumps({"messages": [json.loads(message("u1")), json.loads(message("u2"))]}).encode()
    letters = [with_value(letter(7, at, position=str(at)), both) for at in (0, 1)]
    seen = StaleScan(letters, {7: frozenset({0, 1})}, RULES)

    seen.see(record(9, message("u2")))

    found = [verdict for one in letters for _, verdict in seen.verdicts(one)]
    assert [verdict and verdict.kind for verdict in found] == [None, "newer"]


def test_a_letter_of_several_messages_goes_in_parts() -> None:
    values = [json.loads(message(name)) for name in ("u1", "u2", "u3", "u4")]
    all_of_it = json.dumps({"messages": values}).encode()
    one = with_value(letter(7, positions="0,2-3"), all_of_it)
    seen = StaleScan([one], {7: frozenset({0, 2, 3})}, RULES)

    seen.see(record(9, message("u3")))
    seen.see(replayed(11, 7, 9, position=3))

    assert [
        (sorted(part.positions or ()), str(verdict)) for part, verdict in seen.verdicts(one)
    ] == [
        ([0], "None"),
        ([2], "stale replay: offset 9 is newer and was sent"),
        ([3], "it was replayed already, at offset 11"),
    ]


@pytest.mark.parametrize(("dead", "kind"), [({1}, None), ({0}, "newer")], ids=["dead", "sent"])
def test_of_a_newer_envelope_what_is_not_dead_itself_was_sent(
    dead: set[int], kind: str | None
) -> None:
    values = [json.loads(message(name)) for name in ("u2", "u1")]
    seen = StaleScan([letter(7)], {7: None, 9: frozenset(dead)}, RULES)

    seen.see(record(9, json.dumps({"messages": values}).encode()))

    [(_, verdict)] = seen.verdicts(letter(7))
    assert (verdict and verdict.kind) == kind


def test_a_letter_that_cannot_be_read_is_superseded_by_any_newer_one_with_its_key() -> None:
    one = with_value(letter(7), b"{")
    seen = StaleScan([one], {7: None}, RULES)

    seen.see(record(9))

    assert [verdict and verdict.kind for _, verdict in seen.verdicts(one)] == ["newer"]


@pytest.mark.parametrize(
    ("event", "count"), [("Signed in", 1), ("Looked away", 0), (None, 0)], ids=str
)
def test_only_events_that_the_rules_send_are_worth_a_replay(event: str | None, count: int) -> None:
    rules = Rules.compile(ConnectorSettings.from_text(TRACKING, "settings"))
    whole = json.loads(message())
    whole["events"] = [] if event is None else [{"event": event, "event_id": "e"}]
    one = letter(7)
    record = Record(EVENTS, 7, b"u1", json.dumps(whole).encode(), one.record.headers)

    assert count_events(replace(one, record=record), rules) == count
