"""The files of the history: a day each, and one that says up to where the topic is read."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from consumer.history.day import Day, opened
from consumer.history.trouble import DayDamaged, HistoryHeld, day_named, name_of, told
from consumer.offsets.record import Partition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_ENDING: Final = ".sqlite3"
_POSITION: Final = "position"
_BESIDE: Final = ("", "-wal", "-shm", "-journal")


class Position:
    """Up to which offset each partition of the topic of outcomes is read."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, or make it."""
        with told():
            self._base = opened(path)
        try:
            with told():
                self._base.execute(
                    "CREATE TABLE IF NOT EXISTS position (topic TEXT, partition INTEGER,"
                    " next INTEGER NOT NULL, PRIMARY KEY (topic, partition))"
                )
                rows = self._base.execute("SELECT topic, partition, next FROM position")
                self.next = {Partition(topic, number): after for topic, number, after in rows}
                """Partition -> the offset to be read next."""
        except BaseException:
            self.close()
            raise

    def move(self, after: Mapping[Partition, int]) -> None:
        """What lies below is read, and kept."""
        rows = [(*partition, offset) for partition, offset in after.items()]
        with told():
            self._base.execute("BEGIN")
            self._base.executemany("INSERT OR REPLACE INTO position VALUES (?, ?, ?)", rows)
            self._base.execute("COMMIT")
        self.next.update(after)

    def clear(self) -> None:
        """Nothing is read yet."""
        with told():
            self._base.execute("DELETE FROM position")
        self.next = {}

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()


class Files:
    """A folder, or none: then everything is in memory, and gone with the process."""

    def __init__(self, folder: Path | None) -> None:
        """Make the folder; raises HistoryHeld."""
        self._folder = folder
        if folder is not None:
            with _asked():
                folder.mkdir(parents=True, exist_ok=True)

    def days(self) -> list[int]:
        """The days that have a file."""
        if self._folder is None:
            return []
        with _asked():
            names = [path.name for path in self._folder.iterdir()]
        found = (day_named(name.removesuffix(_ENDING)) for name in names if name.endswith(_ENDING))
        return sorted(number for number in found if number is not None)

    def day(self, number: int) -> Day:
        """Open a day, or begin it."""
        return Day(self._path(name_of(number)), number)

    def remove(self, number: int) -> None:
        """Remove the file of a day that is closed."""
        self._remove(name_of(number))

    def position(self) -> Position:
        """Open what says up to where the topic is read; if it is damaged, begin anew."""
        try:
            return Position(self._path(_POSITION))
        except DayDamaged:
            return self.new_position()

    def new_position(self) -> Position:
        """Begin anew."""
        self._remove(_POSITION)
        return Position(self._path(_POSITION))

    def _path(self, name: str) -> Path | None:
        return None if self._folder is None else self._folder / f"{name}{_ENDING}"

    def _remove(self, name: str) -> None:
        if self._folder is None:
            return
        for beside in _BESIDE:
            with _asked(), suppress(FileNotFoundError):
                (self._folder / f"{name}{_ENDING}{beside}").unlink()


@contextmanager
def _asked() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HistoryHeld(f"HISTORY_PATH: {error.strerror}") from error
