"""A record of the dead-letter topic, read. Pure.

One that was too large for the topic has no value there: it is made whole from its source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from consumer.letter import HEADERS, KEY, OMITTED, UNREADABLE, VALUE, VALUE_BYTES
from consumer.part import Partition, Record
from consumer.positions import ranges
from consumer.replay import FIRST_OFFSET, REPLAYS, number, positions_of
from consumer.timestamp import seconds

_FIRST_YEAR: Final = 1970


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be used. `record` is as it lies in the dead-letter topic.

    `source` and `offset` tell where it was rejected, `first_offset` where it lay at first if it was
    replayed since; `positions` which messages of an envelope were, None if it is none.
    `omitted_bytes` is the size of a value that lies at the source only, None if the letter has its
    own. What is not `readable` has no value anywhere: the record, or its batch, could not be read.
    """

    record: Record
    reason: str
    error: str
    source: Partition
    offset: int
    timestamp: float
    attempts: int
    failed_at: datetime | None
    positions: frozenset[int] | None
    replays: int
    first_offset: int
    omitted_bytes: int | None = None
    readable: bool = True

    @property
    def name(self) -> str:
        """How commands call it: partition and offset in the dead-letter topic."""
        return f"{self.record.partition.number}:{self.record.offset}"

    def to_json(self) -> dict[str, Any]:
        """Where it comes from and why, as plain data; not its value."""
        positions = self.positions
        return {
            "dead_letter": self.name,
            "failed_at": self.failed_at.isoformat() if self.failed_at else None,
            "reason": self.reason,
            "error": self.error,
            "topic": self.source.topic,
            "partition": self.source.number,
            "offset": self.offset,
            "timestamp": self.timestamp,
            "key": _text(self.record.key),
            "position": next(iter(positions)) if positions and len(positions) == 1 else None,
            "positions": None if positions is None else ranges(positions),
            "attempts": self.attempts,
            "replays": self.replays,
            "first_offset": self.first_offset,
            "omitted_bytes": self.omitted_bytes,
        }

    def without_value(self) -> DeadLetter:
        """The same for a list: what takes memory is left out."""
        one = self.record
        bare = Record(one.partition, one.offset, one.key, None, (), one.timestamp)
        return replace(self, record=bare)

    def only(self, positions: frozenset[int] | None) -> DeadLetter:
        """The same of fewer messages of its envelope."""
        return replace(self, positions=positions)

    def whole(self, source: Record) -> DeadLetter | None:
        """The same with what was omitted, from the record it came from; None if it is another.

        A topic that was made anew has other records at the same offsets.
        """
        is_same = (
            (source.partition, source.offset) == (self.source, self.offset)
            and round(source.timestamp * 1000) == round(self.timestamp * 1000)
            and len(source.value or b"") == self.omitted_bytes
        )
        if not is_same:
            return None
        told = self.record.headers
        found = dict(told)
        if found.get(HEADERS) == OMITTED:
            told = tuple(pair for pair in source.headers if not pair[0].startswith("dl.")) + told
        key = source.key if found.get(KEY) == OMITTED else self.record.key
        one = self.record
        record = Record(one.partition, one.offset, key, source.value, told, one.timestamp)
        return replace(self, record=record)


def dead_letter(record: Record) -> DeadLetter | None:
    """Read a record; None if it is no dead letter of ours."""
    found = {name: value or b"" for name, value in record.headers}
    topic = found.get("dl.topic", b"").decode(errors="replace")
    partition, offset = number(found.get("dl.partition")), number(found.get("dl.offset"))
    if not topic or partition is None or offset is None:
        return None
    first = number(found.get(FIRST_OFFSET))
    return DeadLetter(
        record,
        _text(found.get("dl.reason")) or "",
        _text(found.get("dl.error")) or "",
        Partition(topic, partition),
        offset,
        _seconds(found.get("dl.timestamp", b"")),
        number(found.get("dl.attempts")) or 0,
        _moment(found.get("dl.failed_at")),
        positions_of(found),
        number(found.get(REPLAYS)) or 0,
        offset if first is None else first,
        number(found.get(VALUE_BYTES)) if found.get(VALUE) == OMITTED else None,
        found.get(VALUE) != UNREADABLE,
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")


def _seconds(milliseconds: bytes) -> float:
    return seconds(number(milliseconds) or 0)


def _moment(value: bytes | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat((value or b"").decode(errors="replace"))
    except ValueError:
        return None
    is_one = moment.tzinfo is not None and moment.year >= _FIRST_YEAR
    return moment if is_one else None
