"""What is written to the dead-letter topic for a record with rejected messages. Pure.

A letter that its topic does not take is written without its value: the headers say where the
record lies, and `dead-letters show` and `replay` read it there. One of a record whose value could
not be read has none to give, and says so.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from consumer.log import cleaner
from consumer.log.printable import printable
from consumer.replay import (
    CHECKED_TO,
    FIRST_OFFSET,
    POSITION,
    POSITIONS,
    REPLAYS,
    position_header,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.part import Headers, Receipt, Record, Ticket

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
    """Key, value and headers, which say why; a bare one leaves out what may be large.

    `failed_at` is in seconds since 1970.
    """
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
    return key, None, _headers(ticket, failed_at, own) + tuple(omitted.items())


def headers(ticket: Ticket, failed_at: float) -> Headers:
    """Original headers, then why and where from."""
    return _headers(ticket, failed_at, ticket.record.headers)


def _headers(ticket: Ticket, failed_at: float, own: Headers) -> Headers:
    """Planhat may repeat addresses or credentials in what it says: they are masked."""
    record, rejected = ticket.record, ticket.rejected
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
