"""What can go wrong with the files of the history, named for what to do next.

* HistoryError
  x HistoryHeld     wait, and try again: the disk is full, or refuses; nothing is lost
  x DayDamaged      drop this day, and read it from the topic again
  x HistoryTaken    stop: another process has the files
"""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import contextmanager, suppress
from datetime import date
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST: Final = date(1970, 1, 1).toordinal()
_DAMAGED: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT", "SQLITE_ERROR")
_TAKEN: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")


class HistoryError(Exception):
    """Anything between us and the files; the text is fit for a log."""


class HistoryHeld(HistoryError):
    """Not now: the disk is full, or does not let us write."""


class HistoryTaken(HistoryError):
    """Another process uses the same files."""


class DayDamaged(HistoryError):
    """The file of a day cannot be read; `day` counts since 1970 (None: that of the position)."""

    def __init__(self, day: int | None, why: str) -> None:
        """`why` says what is wrong with it."""
        super().__init__(f"{_file(day)} is damaged: {why}")
        self.day = day


def name_of(day: int) -> str:
    """A day as people write it, 2026-11-28."""
    return date.fromordinal(_FIRST + day).isoformat()


def day_named(name: str) -> int | None:
    """The day of such a name; None if it is none."""
    with suppress(ValueError):
        day = date.fromisoformat(name).toordinal() - _FIRST
        return day if name_of(day) == name else None
    return None


def _file(day: int | None) -> str:
    return "the file of the position" if day is None else f"the file of {name_of(day)}"


@contextmanager
def told(day: int | None = None) -> Iterator[None]:
    """Let only our own errors out."""
    try:
        yield
    except (sqlite3.Error, zlib.error, TypeError, ValueError) as error:  # values of a wrong type
        raise _named(error, day) from error


def _named(error: Exception, day: int | None) -> HistoryError:
    # What is no error of SQLite's own library has no name: a text that is no UTF-8, say.
    name = getattr(error, "sqlite_errorname", "SQLITE_CORRUPT")
    if name.startswith(_TAKEN):
        return HistoryTaken("another process uses the same HISTORY_PATH")
    if name.startswith(_DAMAGED):
        return DayDamaged(day, str(error))
    return HistoryHeld(f"{_file(day)}: {error}")
