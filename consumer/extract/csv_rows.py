"""Rows of a CSV extract as JSON: the header names the attributes; in bounded memory."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from consumer.extract.row import LONGEST, Row
from consumer.json_text import read_json
from consumer.plural import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS: Final = {"true": True, "false": False}
_ACCOUNT: Final = "account."
_MESSAGES: Final = {"user", "account"}
"""Columns of whole objects, which no profile by itself has."""


def csv_rows(file: BinaryIO, numbers: frozenset[str] = frozenset()) -> Iterator[Row]:
    """Yield each line as an object; `numbers` names the columns whose texts are numbers.

    An empty cell is no value; a row without an id has null for one. Truth values, and lists and
    objects written as JSON, are read as what they are. All else stays text: CSV does not tell the
    number 7 from the text "7".
    """
    counted = _Counted(file)
    csv.field_size_limit(LONGEST)
    text = io.TextIOWrapper(io.BufferedReader(counted), "utf-8-sig", "replace", newline="")
    lines = csv.reader(text)
    header: list[str] | None = None
    line = 1
    while True:
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line, b"", f"not CSV: {error}", counted.read_bytes)
            cells = []
        if any(cells) and header is None:
            header = [name.strip() for name in cells]
        elif any(cells):
            yield _row(line, header or [], cells, numbers, counted.read_bytes)
        line = lines.line_num + 1


def _row(line: int, header: list[str], cells: list[str], numbers: frozenset[str], end: int) -> Row:
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
        try:
            return read_json(cell)
        except ValueError:
            return cell
    return cell


def _number(cell: str) -> object:
    try:
        found = read_json(cell.strip())
    except ValueError:
        return cell
    return found if isinstance(found, int | float) and not isinstance(found, bool) else cell


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
