"""What is written to the dead-letter topic for a rejected message. Pure.

A letter that its topic does not take is written without its value: the headers say where the
record lies, and `dead-letters show` and `replay` read it there. One of a record whose value could
not be read has none to give, and says so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from consumer.log import cleaner
from consumer.replay import CHECKED_TO, FIRST_OFFSET, POSITION, REPLAYS

if TYPE_CHECKING:
    from consumer.part import Receipt, Record

VALUE: Final = "dl.value"
VALUE_BYTES: Final = "dl.value_bytes"
KEY: Final = "dl.key"
HEADERS: Final = "dl.headers"
OMITTED: Final = b"omitted"
UNREADABLE: Final = b"unreadable"

Headers = tuple[tuple[str, bytes], ...]

Letter = tuple[bytes | None, bytes | None, Headers]
"""Key, value and headers of a record for the dead-letter topic."""

_LONGEST_ERROR: Final = 500
_MOST_HEADERS: Final = 8 << 10
_LONGEST_KEY: Final = 1 << 10
_OF_REPLAYS: Final = frozenset({REPLAYS, FIRST_OFFSET, CHECKED_TO, POSITION})
_OF_BARE: Final = frozenset({VALUE, VALUE_BYTES, KEY, HEADERS})
_MOST_NAMED: Final = 64

_cleaner = cleaner(keeps_emails=False)


def letter(receipt: Receipt, failed_at: float, *, is_bare: bool = False) -> Letter:
    """Key, value and headers, which say why; a bare one leaves out what may be large.

    `failed_at` is in seconds since 1970.
    """
    record = receipt.ticket.record
    if not is_bare:
        return record.key, record.value, headers(receipt, failed_at)
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
    return key, None, _headers(receipt, failed_at, own) + tuple(omitted.items())


def headers(receipt: Receipt, failed_at: float) -> Headers:
    """Original headers, then why and where from."""
    return _headers(receipt, failed_at, receipt.ticket.record.headers)


def _headers(receipt: Receipt, failed_at: float, own: Headers) -> Headers:
    """Planhat may repeat addresses or credentials in what it says: they are masked."""
    record = receipt.ticket.record
    reasons = receipt.rejections
    reason = _clean(reasons[0])
    added = {
        "dl.reason": reason,
        "dl.error": reason if len(reasons) == 1 else _clean("; ".join(reasons)),
        "dl.topic": record.partition.topic.encode(),
        "dl.partition": b"%d" % record.partition.number,
        "dl.offset": b"%d" % record.offset,
        "dl.timestamp": b"%d" % round(record.timestamp * 1000),
        "dl.attempts": b"%d" % max(receipt.attempts, 1),
        "dl.failed_at": datetime.fromtimestamp(failed_at, UTC).isoformat().encode(),
    }
    if _is_unreadable(record):
        added[VALUE] = UNREADABLE
    if receipt.position is not None:
        added[POSITION] = b"%d" % receipt.position
    kept = tuple(pair for pair in own if pair[0] not in added and pair[0] not in _OF_BARE)
    return kept + tuple(added.items())


def _is_unreadable(record: Record) -> bool:
    return record.fault is not None and record.value is None


def _size(headers: Headers) -> int:
    return sum(len(name.encode()) + len(value or b"") for name, value in headers)


def _clean(text: str) -> bytes:
    return _cleaner.text(text)[:_LONGEST_ERROR].encode()
