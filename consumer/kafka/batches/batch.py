"""Kafka's record batches (message format 2), read as far as they can be. Pure.

Only for what the C parser of aiokafka gives up: it raises at the first record of a batch that it
can't read, and never comes behind it. Here a fault costs the record that has it.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple, TypeAlias

from consumer.offsets.record import Headers

Buffer: TypeAlias = bytes | memoryview

MOST_HEADERS: Final = 1000
"""Headers of a record that are kept: an empty one takes two bytes there, and a hundred here."""

GIANT: Final = 1 << 20
"""Bytes of a record that the C parser does not get: it would make objects of all its headers."""

FRONT: Final = struct.Struct(">qiibIhiqqqhii")
"""Base offset, length, leader epoch, magic, checksum, attributes, last offset delta, first and
greatest timestamp, producer's id and epoch, first sequence number, count of records."""

CODEC: Final = 0x07
_LOG_APPEND_TIME: Final = 0x08
_TRANSACTIONAL: Final = 0x10
_CONTROL: Final = 0x20

_LENGTH_BEGINS: Final = 8
_LENGTH_ENDS: Final = 12
_MAGIC_AT: Final = 16
_LEAST: Final = 26
"""Bytes of the smallest message there is, of format 0."""

_OLD_ATTRIBUTES_AT: Final = 17
_OLD_KEY_AT: Final = 18
_OLD_TIME: Final = 8
_INT: Final = struct.Struct(">i")

_LONGEST_VARINT: Final = 10
_LAST: Final = (1 << 63) - 1


class Batch(NamedTuple):
    """The front of a batch of format 2, and all its bytes.

    `last` is the offset of the last record it had when it was written. `codec` is 0 if it is not
    compressed. A control batch holds a marker of a transaction; a transactional one counts only if
    its transaction was committed. If `is_dense`, all records are there still, and their places tell
    their offsets. `timestamp_type` is 1 if the broker set the timestamps, else 0.
    """

    raw: Buffer
    base: int
    last: int
    codec: int
    is_control: bool
    is_transactional: bool
    is_dense: bool
    timestamp_type: int
    first_timestamp: int
    max_timestamp: int
    producer_id: int
    records: int


class Found(NamedTuple):
    """A record, as far as it can be read; `fault` says what can't be, None if all can.

    `end` is where the next one begins, None if that is not to be known. `offset` is what the record
    says, which may be anything.
    """

    end: int | None
    offset: int | None = None
    timestamp: int = -1
    key: bytes | None = None
    value: bytes | None = None
    headers: Headers = ()
    fault: str | None = None


class _Unreadable(Exception):
    """What is wrong with a record."""


def batch_end(content: Buffer, at: int) -> int | None:
    """Where the batch that begins at `at` ends; None if that can't be, or it is not there whole."""
    if len(content) - at < _LENGTH_ENDS:
        return None
    end = at + _LENGTH_ENDS + int(_INT.unpack_from(content, at + _LENGTH_BEGINS)[0])
    return end if at + _LEAST <= end <= len(content) else None


def magic(raw: Buffer) -> int:
    """The message format of a whole batch."""
    return raw[_MAGIC_AT]


def first_offset(raw: Buffer) -> int:
    """The offset that a whole batch begins with; of the old formats it is the last one."""
    return int.from_bytes(raw[:_LENGTH_BEGINS], "big", signed=True)


def old_packed(raw: Buffer) -> tuple[int, Buffer] | None:
    """How a message of format 0 or 1 is compressed, if it is, and what; raises struct.error."""
    codec = raw[_OLD_ATTRIBUTES_AT] & CODEC
    if not codec:
        return None
    at = _OLD_KEY_AT + _OLD_TIME * magic(raw)
    at += 4 + max(0, _INT.unpack_from(raw, at)[0])
    size = _INT.unpack_from(raw, at)[0]
    return codec, raw[at + 4 : at + 4 + max(0, size)]


def batch(raw: Buffer) -> Batch | None:
    """Read the front of a batch of format 2; None if there is not enough of it."""
    if len(raw) < FRONT.size:
        return None
    base, _, _, _, _, attributes, delta, first, greatest, producer, _, _, count = FRONT.unpack_from(
        raw
    )
    return Batch(
        raw,
        base,
        base + max(0, delta),
        attributes & CODEC,
        bool(attributes & _CONTROL),
        bool(attributes & _TRANSACTIONAL),
        count == delta + 1,
        int(bool(attributes & _LOG_APPEND_TIME)),
        first,
        greatest,
        producer,
        count,
    )


def behind(content: Buffer, at: int) -> int | None:
    """Where the record that begins at `at` ends; None if it is beyond `GIANT`, or has no end."""
    try:
        size, begin = _varint(content, at)
    except _Unreadable:
        return None
    return begin + size if 0 <= size <= GIANT else None


def place(content: Buffer, at: int, count: int) -> int | None:
    """Where the record behind `count` others begins; None if that is not to be known."""
    for _ in range(count):
        try:
            size, at = _varint(content, at)
        except _Unreadable:
            return None
        if not 0 <= size <= len(content) - at:
            return None
        at += size
    return at


def record(content: Buffer, at: int, batch: Batch) -> Found:
    """Read the record that begins at `at` of the batch's records, unpacked."""
    try:
        size, begin = _varint(content, at)
    except _Unreadable as error:
        return Found(None, fault=str(error))
    if not 0 <= size <= len(content) - begin:
        return Found(None, fault=f"a record of {size} bytes, where {len(content) - begin} are left")
    end = begin + size
    return _Reader(content, begin, end).found(batch)


class _Reader:
    """Reads one record from its bytes; what was read before a fault is kept."""

    def __init__(self, content: Buffer, at: int, end: int) -> None:
        self._content = content
        self._at = at
        self._end = end

    def found(self, batch: Batch) -> Found:
        offset: int | None = None
        timestamp = -1
        key: bytes | None = None
        value: bytes | None = None
        headers: Headers = ()
        fault: str | None = None
        try:
            self._number()  # attributes, of which there are none: a byte, read as aiokafka does
            timestamp = _time(batch, self._number())
            offset = batch.base + self._number()
            key = self._nullable("key")
            value = self._nullable("value")
            headers, fault = self._headers()
        except _Unreadable as error:
            fault = str(error)
        return Found(self._end, offset, timestamp, key, value, headers, fault)

    def _headers(self) -> tuple[Headers, str | None]:
        count = self._number()
        if count < 0:
            raise _Unreadable(f"{count} headers")
        if count > MOST_HEADERS:
            return (), f"{count} headers, more than {MOST_HEADERS}"
        found = []
        fault = None
        for _ in range(count):
            name = self._nullable("name of a header")
            if name is None:
                fault = fault or "a header without a name"
            text, is_text = _text(name or b"")
            if not is_text:
                fault = fault or "the name of a header is not UTF-8"
            found.append((text, self._nullable("value of a header")))
        if self._at != self._end and fault is None:
            fault = f"{self._end - self._at} bytes are left behind its headers"
        return tuple(found), fault

    def _number(self) -> int:
        found, self._at = _varint(self._content, self._at, self._end)
        return found

    def _nullable(self, what: str) -> bytes | None:
        size = self._number()
        if size < 0:
            return None
        if size > self._end - self._at:
            raise _Unreadable(f"the {what} ends behind its record")
        begin, self._at = self._at, self._at + size
        return bytes(self._content[begin : self._at])


def _text(name: bytes) -> tuple[str, bool]:
    try:
        return name.decode(), True
    except UnicodeDecodeError:
        return name.decode(errors="backslashreplace"), False


def _time(batch: Batch, delta: int) -> int:
    if batch.timestamp_type:
        return batch.max_timestamp
    return max(-_LAST, min(_LAST, batch.first_timestamp + delta))


def _varint(content: Buffer, at: int, end: int | None = None) -> tuple[int, int]:
    """Read a number and where it ends."""
    end = len(content) if end is None else end
    found = shift = 0
    for place in range(at, min(end, at + _LONGEST_VARINT)):
        byte = content[place]
        found |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return (found >> 1) ^ -(found & 1), place + 1
        shift += 7
    raise _Unreadable(
        "it ends within a number" if end - at < _LONGEST_VARINT else "a broken number"
    )
