"""One row of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LONGEST: Final = 16 << 20
"""Bytes of a row: what Kafka takes at most in one record (`max_request_size` of our producers)."""

FARTHEST: Final = 32 << 20
"""Bytes that are read in search of the end of a row that is too long."""
MOST_BLANK: Final = 1 << 20
"""Bytes between two rows."""
MOST_STRANGE: Final = 1000
"""Rows one after the other that are no JSON objects: then it is no file of Hull's."""


class Endless(Exception):
    """There is no use in reading on; the text says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One JSON value, or its `fault`, and on which line it begins; `end` in bytes of the file."""

    line: int
    value: bytes
    fault: str = ""
    end: int = 0


def too_long(line: int, end: int) -> Row:
    """A row that nobody could take; the rest goes on."""
    return Row(line, b"", f"longer than {LONGEST >> 20} MiB", end)


def check_end(line: int, length: int, *, is_blank: bool) -> None:
    """Raise Endless if nothing came for as long as anybody would look."""
    most = MOST_BLANK if is_blank else FARTHEST
    if length > most:
        raise Endless(f"line {line}: no row ends within {most >> 20} MiB: read no further")
