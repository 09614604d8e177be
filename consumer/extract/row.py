"""One row of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LONGEST: Final = 16 << 20
"""Bytes of a row: what Kafka takes at most in one record (`max_request_size` of our producers)."""


@dataclass(frozen=True, slots=True)
class Row:
    """The text of one JSON value and the line on which it begins; `fault` if it has none.

    `end` is where in the file it ends, in bytes: for progress.
    """

    line: int
    value: bytes
    fault: str = ""
    end: int = 0


def too_long(line: int, end: int) -> Row:
    """A row that nobody could take; the rest goes on."""
    return Row(line, b"", f"longer than {LONGEST >> 20} MiB", end)
