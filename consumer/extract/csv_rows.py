"""Rows of a CSV extract as JSON: the header names the attributes; in bounded memory."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from consumer.extract.row import LONGEST, Endless, Row, check_end, too_long
from consumer.wording import plural
from schemas.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS: Final = {"true": True, "false": False}
_ACCOUNT: Final = "account."
_NOT_UTF_8: Final = re.compile("[\udc80-\udcff]")
"""What Python reads for bytes that are no text."""
_OPEN: Final = "a quote is opened and never closed"
_MESSAGES: Final = {"user", "account"}
"""Columns of whole objects, which no profile by itself has."""


def csv_rows(file: BinaryIO, numbers: frozenset[str] = frozenset()) -> Iterator[Row]:
    """Yield each line as an object; `numbers` names the columns whose texts are numbers.

    An empty cell is no value; a row without an id has null for one. Truth values, and lists and
    objects written as JSON, are read as what they are. All else stays text: CSV does not tell the
    number 7 from the text "7".
    """
    csv.field_size_limit(LONGEST)
    counted = _Counted(file)
    buffered = io.BufferedReader(counted)
    text = _Lines(io.TextIOWrapper(buffered, "utf-8-sig", "surrogateescape", newline=""))
    lines = csv.reader(text)
    header: list[str] | None = None
    while True:
        line = text.number + 1
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line, b"", f"not CSV: {error}", counted.read_bytes)
            cells = [""]
        except _TooLong:
            yield too_long(line, counted.read_bytes)
            cells = [""]
        if any(cells) and header is None:
            header = _names(line, cells)
        elif any(cells):
            found = _row(line, header or [], cells, numbers, counted.read_bytes)
            yield replace(found, value=b"", fault=_OPEN) if text.is_over else found
        text.next_row(is_blank=not cells)


def _names(line: int, cells: list[str]) -> list[str]:
    names = [name.strip() for name in cells]
    if not "".join(names).isprintable():
        raise Endless(f"line {line}: no header of CSV: it holds signs that cannot be seen")
    return names


def _row(line: int, header: list[str], cells: list[str], numbers: frozenset[str], end: int) -> Row:
    if _NOT_UTF_8.search("".join(cells)):
        return Row(line, b"", "not UTF-8", end)
    if len(cells) != len(header):
        found = f"{len(cells)} {plural(len(cells), 'cell')}"
        return Row(line, b"", f"{found}, but the header names {len(header)}", end)
    return Row(line, json.dumps(_object(header, cells, numbers)).encode(), "", end)


def _object(header: list[str], cells: list[str], numbers: frozenset[str]) -> dict[str, Any]:
    # A row is a profile by itself, also where its id is missing: not a message without a user.
    found: dict[str, Any] = {} if _MESSAGES & set(header) else {"id": None}
    account: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=True):
        if not cell or not name:
            continue
        value = _number(cell) if name in numbers else _value(cell)
        if name.startswith(_ACCOUNT):
            account[name.removeprefix(_ACCOUNT)] = value
        else:
            found[name] = value
    return {**found, "account": account} if account else found


def _value(cell: str) -> object:
    if cell.lower() in _WORDS:
        return _WORDS[cell.lower()]
    if cell[0] in "[{":
        with suppress(ValueError):
            return read_json(cell)
    return cell


def _number(cell: str) -> object:
    try:
        found = read_json(cell.strip())
    except ValueError:
        return cell
    return found if isinstance(found, int | float) and not isinstance(found, bool) else cell


class _TooLong(Exception):
    """A row holds more than anybody could take."""


class _Lines:
    """The lines of a file as text, with their number; of a row not more than anybody could take."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._of_row = 0
        self._of_blanks = 0
        self._begun_on = 1
        self._quotes = 0
        self.number = 0
        self.is_over = False
        """Whether the end was met: within a row it is in an open quote."""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._piece()
        self.number += bool(line)
        is_too_long = self._of_row > LONGEST
        while len(line) == LONGEST:
            line = self._piece()
            is_too_long = True
        if is_too_long:
            self._to_its_end()
            raise _TooLong
        if not line:
            self.is_over = True
            raise StopIteration
        return line

    def next_row(self, *, is_blank: bool) -> None:
        """What is read now belongs to another row."""
        self._of_blanks = self._of_blanks + self._of_row if is_blank else 0
        self._of_row = self._quotes = 0
        self._begun_on = self.number + 1

    def _to_its_end(self) -> None:
        """Pass over the rest of a row: what stands in its quotes is no row."""
        while self._quotes % 2 and (line := self._piece()):
            self.number += line.endswith("\n")

    def _piece(self) -> str:
        line = self._text.readline(LONGEST)
        self._of_row += len(line)
        self._quotes += line.count('"')
        check_end(self._begun_on, self._of_row, is_blank=False)
        check_end(self._begun_on, self._of_blanks, is_blank=True)
        return line


class _Counted(io.RawIOBase):
    """Counts what was read, for progress."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.read_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - the interface of a file
        found = self._file.read(len(buffer))
        buffer[: len(found)] = found
        self.read_bytes += len(found)
        return len(found)
