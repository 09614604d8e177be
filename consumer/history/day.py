"""The outcomes of one day in a file of SQLite's: packs of lines, and an index of names.

Lines lie as they came, some hundred to a pack, compressed. The index grows in memory, a few MiB,
and is written as a run when it is full; what no run holds yet is indexed anew when the file is
opened. So no entry is sorted in, and a transaction costs what it brings.
"""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, Final

from consumer.history.entries import (
    MOST_PACKS,
    MOST_ROWS,
    SIZE,
    Hit,
    add,
    found,
    home,
    no_entries,
    place_of,
)
from consumer.history.row import rows_of
from consumer.history.trouble import DayDamaged, HistoryError, told
from consumer.offsets.record import Partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from consumer.history.row import Aside, Row

DAY_MS: Final = 86_400_000
_FORM: Final = 1
"""Of the file; another one is rebuilt."""
RUN_BYTES: Final = 6 << 20
_WORTH_A_RUN: Final = 1 << 20
_BUCKET_BITS: Final = 20
"""A run's row is found by its bucket and, in these bits, the number of the run."""
_LEVEL: Final = 1
_CACHE_KIB: Final = 1024
_WRITING_KIB: Final = 8192
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS pack (number INTEGER PRIMARY KEY, lines BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS run (place INTEGER PRIMARY KEY, entries BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS known (
    topic TEXT, partition INTEGER, next INTEGER NOT NULL, PRIMARY KEY (topic, partition));
CREATE TABLE IF NOT EXISTS aside (ms INTEGER NOT NULL, kind TEXT NOT NULL, line BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS span (packs INTEGER NOT NULL, runs INTEGER NOT NULL);
"""


class Day:
    """One day; `number` counts them since 1970, UTC. Every method raises HistoryError.

    Not for two threads at once.
    """

    def __init__(self, path: Path | None, number: int, run_bytes: int = RUN_BYTES) -> None:
        """Open the file, or make it; None: in memory. Raises HistoryError."""
        self.number = number
        self._run_bytes = run_bytes
        self._fresh = no_entries()
        self._fresh_size = 0
        self._is_writing = False
        with told(number):
            self._base = opened(path)
        try:
            with told(number):
                self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        base = self._base
        form = base.execute("PRAGMA user_version").fetchone()[0]
        if form not in {0, _FORM}:
            raise DayDamaged(self.number, f"its form is {form}, ours {_FORM}")
        with self._transaction():
            for statement in _TABLES.split(";"):
                base.execute(statement)
            base.execute(f"PRAGMA user_version = {_FORM}")
            base.execute("INSERT INTO span SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM span)")
        self._indexed, self._runs = base.execute("SELECT packs, runs FROM span").fetchone()
        rows = base.execute("SELECT topic, partition, next FROM known")
        self.known = {Partition(topic, partition): after for topic, partition, after in rows}
        """Partition of the topic of outcomes -> the first offset that is not in here."""
        self._packs = self._indexed
        for number, lines in base.execute(
            "SELECT number, lines FROM pack WHERE number >= ? ORDER BY number", (self._indexed,)
        ):
            self._index(rows_of(zlib.decompress(lines)).rows, int(number))
            self._packs = int(number) + 1

    def add(
        self, rows: Iterable[Row], asides: Iterable[Aside], known: Mapping[Partition, int]
    ) -> None:
        """Keep what is of this day, all or none; what lies below `known` is in here now."""
        if not self._is_writing:
            self._is_writing = True
            self._base.execute(f"PRAGMA cache_size = -{_WRITING_KIB}")
        first = self._packs
        added: list[tuple[int, list[Row]]] = []
        each = iter(rows)
        with told(self.number), self._transaction():
            while some := list(islice(each, MOST_ROWS)):
                number = first + len(added)
                if number >= MOST_PACKS:
                    raise DayDamaged(self.number, "it holds more packs than can be counted")
                lines = zlib.compress(b"\n".join([row.line for row in some]), _LEVEL)
                self._base.execute("INSERT INTO pack VALUES (?, ?)", (number, lines))
                added.append((number, some))
            self._base.executemany("INSERT INTO aside VALUES (?, ?, ?)", asides)
            self._base.executemany(
                "INSERT OR REPLACE INTO known VALUES (?, ?, ?)",
                [(*partition, after) for partition, after in known.items()],
            )
        self.known |= known
        self._packs = first + len(added)
        for number, some in added:
            self._index(some, number)
        if self._fresh_size >= self._run_bytes:
            self._write_run()

    def _index(self, rows: Iterable[Row], pack: int) -> None:
        fresh, begin, size = self._fresh, self.number * DAY_MS, 0
        for at, row in enumerate(rows):
            add(fresh, row.names, Hit(row.ms - begin, place_of(row.place), pack, at))
            size += len(row.names)
        self._fresh_size += size * SIZE

    def _write_run(self) -> None:
        with told(self.number), self._transaction():
            self._base.executemany(
                "INSERT INTO run VALUES (?, ?)",
                [
                    (at << _BUCKET_BITS | self._runs, one)
                    for at, one in enumerate(self._fresh)
                    if one
                ],
            )
            self._base.execute("UPDATE span SET packs = ?, runs = ?", (self._packs, self._runs + 1))
        self._indexed, self._runs = self._packs, self._runs + 1
        self._fresh, self._fresh_size = no_entries(), 0

    def rest(self) -> None:
        """Let memory go: other days are written."""
        if self._is_writing:
            self._is_writing = False
            if self._fresh_size >= _WORTH_A_RUN:
                self._write_run()
            with told(self.number):
                self._base.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")

    def hits(self, name: str) -> list[Hit]:
        """The outcomes that may carry a name, given in lower case; in no order."""
        bucket, mark = home(name)
        first = bucket << _BUCKET_BITS
        hits: list[Hit] = []
        with told(self.number):
            for (entries,) in self._base.execute(
                "SELECT entries FROM run WHERE place >= ? AND place < ?",
                (first, first + (1 << _BUCKET_BITS)),
            ):
                hits += found(entries, mark)
        hits += found(self._fresh[bucket], mark)
        return hits

    def pack(self, number: int) -> list[bytes]:
        """The lines of a pack."""
        with told(self.number):
            row = self._base.execute(
                "SELECT lines FROM pack WHERE number = ?", (number,)
            ).fetchone()
            if row is None:
                raise DayDamaged(self.number, f"its pack {number} is gone")
            return zlib.decompress(row[0]).split(b"\n")

    def asides(self, kind: str, since_ms: int, until_ms: int) -> list[bytes]:
        """Summaries or gaps from `since_ms` to before `until_ms`, in the order of their moments."""
        wanted = (kind, since_ms, until_ms)
        with told(self.number):
            rows = self._base.execute(
                "SELECT line FROM aside WHERE kind = ? AND ms >= ? AND ms < ? ORDER BY ms", wanted
            )
            return [line for (line,) in rows]

    def forget_known(self) -> None:
        """Take what comes for new: the topic is another one."""
        with told(self.number), self._transaction():
            self._base.execute("DELETE FROM known")
        self.known = {}

    def close(self) -> None:
        """Let go of the file; what is indexed in memory only is written, if that goes at once."""
        if self._fresh_size >= _WORTH_A_RUN // 16:
            with suppress(HistoryError):
                self._write_run()
        self._base.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._base.execute("COMMIT")
        except BaseException:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise


def opened(path: Path | None) -> sqlite3.Connection:
    """Open a file that is ours alone, with what is committed safe on the disk."""
    base = sqlite3.connect(
        ":memory:" if path is None else path,
        timeout=1.0,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=16,
    )
    try:
        base.execute("PRAGMA page_size = 4096")
        base.execute("PRAGMA locking_mode = EXCLUSIVE")
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = FULL")
        base.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    except BaseException:
        base.close()
        raise
    return base
