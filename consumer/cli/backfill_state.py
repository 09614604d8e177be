"""How far a backfill came: a small file beside the extract, so that it can go on."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

_EVERY: Final = 1000
_LARGEST: Final = 4096
_MOST_LINES: Final = 1 << 53


class WrongState(Exception):
    """What lies where the state should be is none; the text says what to do."""


class BackfillState:
    """Remembers the line up to which all is safe in the topic; of another file or topic nothing.

    Lines since the last note, at most about a thousand, are written again: that does no harm. The
    file is for its owner alone. Whatever else lies in its place is neither followed nor touched.
    """

    def __init__(self, extract: Path | None, topic: str, *, keeps: bool) -> None:
        """Without a file (stdin, a pipe), or where nothing is written, nothing is kept."""
        keeps = keeps and extract is not None and extract.is_file()
        self._path = extract.with_name(f"{extract.name}.backfill") if extract and keeps else None
        self._of = {"topic": topic, **(_identity(extract) if extract else {})}
        self._unsaved = 0
        self._line = 0

    def next_line(self) -> int:
        """Where to begin: 1 if nothing is known; raises WrongState."""
        if self._path is None:
            return 1
        try:
            found = json.loads(_content(self._path))
            line = found.pop("line")
        except FileNotFoundError:
            return 1
        except OSError as error:
            raise _wrong(self._path, f"{error.strerror}") from None
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            raise _wrong(self._path, "is no state of a backfill") from None
        if type(line) is not int or not 0 < line < _MOST_LINES:
            raise _wrong(self._path, "is no state of a backfill")
        return line if found == self._of else 1

    def safe(self, line: int) -> None:
        """All before this line is in the topic."""
        self._line = line
        self._unsaved += 1
        if self._unsaved >= _EVERY:
            self.save()

    def save(self) -> None:
        """Note it; a folder that can't be written only costs the way to go on."""
        self._unsaved = 0
        if self._path is None or not self._line:
            return
        with suppress(OSError):
            _replace(self._path, json.dumps({"line": self._line, **self._of}).encode())

    def done(self) -> None:
        """All is written: begin anew next time."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)


def _content(path: Path) -> bytes:
    """Read the file itself, not what a link names, and only if it can be one of ours."""
    if path.is_symlink():
        raise _wrong(path, "is a link")
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise _wrong(path, "is no file")
        if found.st_uid != os.geteuid():
            raise _wrong(path, "belongs to somebody else")
        content = os.read(handle, _LARGEST + 1)
    finally:
        os.close(handle)
    if len(content) > _LARGEST:
        raise _wrong(path, "is too large to be the state of a backfill")
    return content


def _replace(path: Path, content: bytes) -> None:
    """Write all of it or nothing, beside it under a name that nobody can know (mode 0600)."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _wrong(path: Path, reason: str) -> WrongState:
    return WrongState(f"{path}: {reason}: remove it, and the backfill begins anew")


def _identity(extract: Path) -> dict[str, int]:
    """Tell an extract from another of the same name."""
    with suppress(OSError):
        found = extract.stat()
        return {"size": found.st_size, "modified_ns": found.st_mtime_ns}
    return {}
