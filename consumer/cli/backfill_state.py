"""How far a backfill came: a small file beside the extract, so that it can go on."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_EVERY: Final = 1000


class BackfillState:
    """Remembers the line up to which all is safe in the topic; of another file or topic nothing.

    Lines since the last note, at most about a thousand, are written again: that does no harm.
    """

    def __init__(self, extract: Path | None, topic: str, *, keeps: bool) -> None:
        """Without a file (stdin), or where nothing is written, nothing is kept."""
        self._path = extract.with_name(f"{extract.name}.backfill") if extract and keeps else None
        self._of = {"topic": topic, **(_identity(extract) if extract else {})}
        self._unsaved = 0
        self._line = 0

    def next_line(self) -> int:
        """Where to begin: 1 if nothing is known."""
        if self._path is None:
            return 1
        try:
            found = json.loads(self._path.read_text("utf-8"))
            line = int(found.pop("line"))
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            return 1
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
        new = self._path.with_name(f"{self._path.name}.new")
        with suppress(OSError):
            new.write_text(json.dumps({"line": self._line, **self._of}), "utf-8")
            new.replace(self._path)

    def done(self) -> None:
        """All is written: begin anew next time."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)


def _identity(extract: Path) -> dict[str, int]:
    """Tell an extract from another of the same name."""
    with suppress(OSError):
        found = extract.stat()
        return {"size": found.st_size, "modified_ns": found.st_mtime_ns}
    return {}
