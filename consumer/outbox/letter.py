"""A dead letter: written for a record with rejected messages, and read again. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from consumer.log import cleaner
from consumer.log.printable import printable
from consumer.offsets.record import Partition, Record, seconds
from consumer.outbox.replay import (
    CHECKED_TO,
    FIRST_OFFSET,
    POSITION,
    POSITIONS,
    REPLAYS,
    number,
    position_header,
    positions_of,
    ranges,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.offsets.record import Headers
    from consumer.offsets.ticket import Receipt, Ticket

VALUE: Final = "dl.value"
VALUE_BYTES: Final = "dl.value_bytes"
KEY: Final = "dl.key"
HEADERS: Final = "dl.headers"
OMITTED: Final = b"omitted"
UNREADABLE: Final = b"unreadable"

Letter: TypeAlias = "tuple[bytes | None, bytes | None, Headers]"
"""Key, value and headers of a record for the dead-letter topic."""

_LONGEST_ERROR: Final = 500
_MOST_REASONS: Final = 20
_MOST_HEADERS: Final = 8 << 10
_LONGEST_KEY: Final = 1 << 10
_WHICH: Final = frozenset({POSITION, POSITIONS})
_OF_REPLAYS: Final = frozenset({REPLAYS, FIRST_OFFSET, CHECKED_TO}) | _WHICH
_OF_BARE: Final = frozenset({VALUE, VALUE_BYTES, KEY, HEADERS})
_MOST_NAMED: Final = 64

_cleaner = cleaner(keeps_emails=False)


def letter(ticket: Ticket, failed_at: float, *, is_bare: bool = False) -> Letter:
    """Key, value and headers, which say why; a bare one leaves out what may be large."""
    record = ticket.record
    if not is_bare:
        return record.key, record.value, headers(ticket, failed_at)
    omitted: dict[str, bytes] = {}
    if not _is_unreadable(record):
        omitted = {VALUE: OMITTED, VALUE_BYTES: b"%d" % len(record.value or b"")}
    own = record.headers
    if _size(own) > _MOST_HEADERS:
        own = tuple(pair for pair in own if pair[0] in _OF_REPLAYS and _size((pair,)) < _MOST_NAMED)
        omitted[HEADERS] = OMITTED
    key = record.key
    if key is not None and len(key) > _LONGEST_KEY:
        key = None
        omitted[KEY] = OMITTED
    return key, None, headers(ticket, failed_at, own) + tuple(omitted.items())


def headers(ticket: Ticket, failed_at: float, own: Headers | None = None) -> Headers:
    """Those of the record, or of them `own`, then why and where from."""
    record, rejected = ticket.record, ticket.rejected
    # Planhat may repeat addresses or credentials in what it says: they are masked.
    added = {
        "dl.reason": _clean(rejected[0].rejections[0]),
        "dl.error": _clean("; ".join(told_reasons(rejected))),
        "dl.topic": record.partition.topic.encode(),
        "dl.partition": b"%d" % record.partition.number,
        "dl.offset": b"%d" % record.offset,
        "dl.timestamp": b"%d" % round(record.timestamp * 1000),
        "dl.attempts": b"%d" % max(1, *(receipt.attempts for receipt in rejected)),
        "dl.failed_at": datetime.fromtimestamp(failed_at, UTC).isoformat().encode(),
    }
    left = _OF_BARE
    if _is_unreadable(record):
        added[VALUE] = UNREADABLE
    positions = [one.position for one in rejected if one.position is not None]
    if positions:
        left |= _WHICH
        added.update((position_header(positions),))
    own = record.headers if own is None else own
    kept = [(_text(name), value) for name, value in own if name not in added and name not in left]
    return (*kept, *added.items())


def told_reasons(rejected: Sequence[Receipt]) -> list[str]:
    """The reasons of one message as they came; of several the different ones, counted."""
    if len(rejected) == 1:
        return list(rejected[0].rejections[:_MOST_REASONS])
    counted = Counter(reason for one in rejected for reason in one.rejections[:_MOST_REASONS])
    return [f"{reason} ({count})" for reason, count in counted.most_common(_MOST_REASONS)]


def _is_unreadable(record: Record) -> bool:
    return record.fault is not None and record.value is None


def _size(headers: Headers) -> int:
    return sum(len(name) + len(value or b"") for name, value in headers)


def _text(name: str) -> str:
    """The name of a header, whatever it was read from: what is no text can't be written."""
    return name if name.isascii() else name.encode(errors="replace").decode()


def _clean(text: str) -> bytes:
    return printable(_cleaner.text(text))[:_LONGEST_ERROR].encode(errors="replace")


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
            "key": _decoded(self.record.key),
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

    def whole(self, source: Record) -> DeadLetter | None:
        """The same with what was omitted, from the record it came from; None if that is another."""
        # A topic that was made anew has other records at the same offsets.
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
        _decoded(found.get("dl.reason")) or "",
        _decoded(found.get("dl.error")) or "",
        Partition(topic, partition),
        offset,
        seconds(number(found.get("dl.timestamp")) or 0),
        number(found.get("dl.attempts")) or 0,
        _moment(found.get("dl.failed_at")),
        positions_of(found),
        number(found.get(REPLAYS)) or 0,
        offset if first is None else first,
        number(found.get(VALUE_BYTES)) if found.get(VALUE) == OMITTED else None,
        found.get(VALUE) != UNREADABLE,
    )


def _decoded(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")


def _moment(value: bytes | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat((value or b"").decode(errors="replace"))
    except ValueError:
        return None
    is_one = moment.tzinfo is not None and moment.year >= _FIRST_YEAR
    return moment if is_one else None
