"""Records, dead letters and replays for tests."""

from __future__ import annotations

import json

from consumer.offsets.record import Partition, Record
from consumer.outbox.letter import DeadLetter, dead_letter

EVENTS = Partition("events", 0)
DEAD = Partition("dead", 0)


def message(hull_id: str = "u1", *, matters: bool = True) -> bytes:
    """A user message; what changed matters, or not."""
    change = {"email": [None, "x@y.example"]} if matters else {"theme": ["a", "b"]}
    return json.dumps(
        {
            "user": {"id": hull_id, "email": "x@y.example"},
            "account": {"id": "a", "external_id": "acme"},
            "segments": [{"id": "5d2f0c1e8f0b7a0001a1b001"}],
            "changes": {"user": change},
        }
    ).encode()


def record(
    offset: int,
    value: bytes | None = None,
    key: bytes | None = b"u1",
    headers: dict[str, str] | None = None,
) -> Record:
    """A record of the events; a message that matters unless told otherwise."""
    told = tuple((name, text.encode()) for name, text in (headers or {}).items())
    return Record(EVENTS, offset, key, message() if value is None else value, told, 100.0 + offset)


def replayed(
    offset: int, first: int, checked_to: int | None = None, position: int | None = None
) -> Record:
    """A record that repeats the one at `first`."""
    headers = {"dl.replays": "1", "dl.first_offset": str(first)}
    if checked_to is not None:
        headers["dl.checked_to"] = str(checked_to)
    if position is not None:
        headers["dl.position"] = str(position)
    return record(offset, headers=headers)


def letter(of: int, at: int = 0, **added: str) -> DeadLetter:
    """The dead letter of the record at `of`; names in `added` go without `dl.`."""
    headers = {
        "dl.reason": "400 no",
        "dl.error": "400 no",
        "dl.topic": "events",
        "dl.partition": "0",
        "dl.offset": str(of),
        "dl.timestamp": "1700000000000",
        "dl.attempts": "1",
        "dl.failed_at": "2026-11-24T10:00:00+00:00",
        **{f"dl.{name}": text for name, text in added.items()},
    }
    told = tuple((name, text.encode()) for name, text in headers.items())
    found = dead_letter(Record(DEAD, at, b"u1", message(), told, 200.0))
    assert found is not None
    return found
