"""Rows of JSON: lines, one array, or documents over many lines; in bounded memory.

What is no JSON is a row as well: whoever reads it says what is wrong, and the rest goes on.
"""

from __future__ import annotations

import io
import re
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final

from consumer.extract.row import (
    LONGEST,
    MOST_BLANK,
    MOST_STRANGE,
    Endless,
    Row,
    check_end,
    too_long,
)
from schemas.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK: Final = 1 << 18
_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = b" \t\r\n"
_TOKEN: Final = re.compile(rb'\\[\s\S]|["{}\[\],\n]')
_DEPTH: Final = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}


def json_rows(file: BinaryIO) -> Iterator[Row]:
    """Yield the rows of a file, whatever its layout; raises Endless where no row comes any more."""
    head = _Head(file)
    if head.is_array:
        return _known(_array(head))
    return _known(_lines(head) if head.is_lines else _documents(head))


def _known(rows: Iterator[Row]) -> Iterator[Row]:
    """Give up when a thousand rows one after the other can't be of Hull: noise may never end."""
    strange = 0
    for row in rows:
        yield row
        is_json = row.value.startswith((b"{", b"[")) and row.value.endswith((b"}", b"]"))
        strange = 0 if is_json else strange + 1
        if strange >= MOST_STRANGE:
            raise Endless(f"line {row.line}: {strange:,} rows in a row are no objects of JSON")


class _Head:
    """A file whose first lines were looked at; they are read again as if they were not."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        seen = bytearray()
        line = file.readline(LONGEST).removeprefix(_BOM)
        while line and not line.strip(_BLANK) and len(seen) <= MOST_BLANK:
            seen += line
            line = file.readline(LONGEST)
        first, second = line.strip(_BLANK), file.readline(LONGEST)
        self._seen = io.BytesIO(seen + line + second)
        self.is_array = first.startswith(b"[")
        # A first line that is broken does not make one document of the lines after it.
        self.is_lines = not first.startswith(b"{") or _is_object(first) or _is_object(second)

    def line(self) -> bytes:
        """The next line, or a part of one that is too long; empty at the end."""
        return self._seen.readline(LONGEST) or self._file.readline(LONGEST)

    def chunk(self) -> bytes:
        """The next bytes; empty at the end."""
        return self._seen.read(_CHUNK) or self._file.read(_CHUNK)


def _is_object(line: bytes) -> bool:
    with suppress(ValueError):
        text = line.strip(_BLANK)
        return text.startswith(b"{") and isinstance(read_json(text), dict)
    return False


class _Value:
    """The bytes of a value so far, and where it began."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._is_too_long = False
        self._line = 1
        self._begun_on = 1
        self._end = 0
        self._closed_at = 0

    def add(self, text: bytes, counted: int = 0) -> None:
        """Append; `counted` bytes more of the file were read, but are no part of it."""
        self._end += len(text) + counted
        is_blank = not self._bytes and not self._is_too_long
        line = self._line if is_blank else self._begun_on
        check_end(line, self._end - self._closed_at - len(text), is_blank=is_blank)
        if not self._bytes:
            text = text.lstrip(_BLANK) if not self._is_too_long else b""
            self._begun_on = self._line if not self._is_too_long else self._begun_on
        if len(self._bytes) + len(text) > LONGEST:
            self._is_too_long = True
            self._bytes.clear()
        elif not self._is_too_long:
            self._bytes += text

    def newline(self) -> None:
        self.add(b"\n")
        self._line += 1

    def closed(self) -> Iterator[Row]:
        """Yield the value, if there is one, and begin the next."""
        text = bytes(self._bytes.rstrip(_BLANK))
        if self._is_too_long:
            yield too_long(self._begun_on, self._end)
        elif text:
            yield Row(self._begun_on, text, "", self._end)
        if text or self._is_too_long:
            self._closed_at = self._end
        self._bytes.clear()
        self._is_too_long = False


def _lines(head: _Head) -> Iterator[Row]:
    value = _Value()
    while line := head.line():
        value.add(line.removesuffix(b"\n"))
        if line.endswith(b"\n"):
            yield from value.closed()
            value.newline()
    yield from value.closed()


def _array(head: _Head) -> Iterator[Row]:
    value = _Value()
    depth = 0
    for text, sign in _signs(head):
        value.add(text)
        if sign == b"\n":
            value.newline()
        elif (depth == 0 and sign == b"[") or (depth == 1 and sign in (b",", b"]")):
            yield from value.closed()
            value.add(b"", counted=1)
            depth = 0 if sign == b"]" else 1
        else:
            value.add(sign)
            depth = max(depth + _DEPTH.get(sign, 0), min(depth, 1))
    yield from value.closed()


def _documents(head: _Head) -> Iterator[Row]:
    value = _Value()
    depth = 0
    for text, sign in _signs(head):
        value.add(text)
        if sign == b"\n":
            value.newline()
            continue
        value.add(sign)
        before, depth = depth, max(0, depth + _DEPTH.get(sign, 0))
        if before == 1 and depth == 0:
            yield from value.closed()
    yield from value.closed()


def _signs(head: _Head) -> Iterator[tuple[bytes, bytes]]:
    """Cut at brackets, commas and ends of lines outside of texts: (what is before, the sign)."""
    in_text, carried = False, b""
    while chunk := head.chunk():
        chunk = carried + chunk
        carried = b""
        start = 0
        for token in _TOKEN.finditer(chunk):
            sign = token[0]
            if sign == b'"':
                in_text = not in_text
            elif sign == b"\n" or (not in_text and len(sign) == 1):
                yield chunk[start : token.start()], sign
                start = token.end()
        rest = chunk[start:]
        # An escape may be cut in two: its first half waits for the next bytes.
        if (len(rest) - len(rest.rstrip(b"\\"))) % 2:
            rest, carried = rest[:-1], b"\\"
        if rest:
            yield rest, b""
    if carried:
        yield carried, b""
