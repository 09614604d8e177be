"""`hull-planhat backfill`: an extract of Hull into the topic, as export messages."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
import tempfile
from collections import deque
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from consumer.cli.read import read_environment
from consumer.cli.terminal import FAILED, WRONG_USE, Pace, guarded, say, tell
from consumer.decide.forms.rows import Kind
from consumer.extract.csv_rows import csv_rows
from consumer.extract.export import BARE, Bad, exports
from consumer.extract.json_rows import json_rows
from consumer.extract.row import Endless
from consumer.kafka.producer import TopicWriter
from consumer.kafka.reader import TopicReader
from consumer.wording import plural
from schemas.shown import cleaned

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from consumer.extract.export import Export
    from consumer.extract.row import Row
    from consumer.settings import Settings

_EVERY: Final = 1000
_LARGEST: Final = 4096
_MOST_LINES: Final = 1 << 53


class Broken(Exception):
    """The file, or what lies where its state should be, is no use; the text says what to do."""


class BackfillState:
    """Remembers, beside the extract, the line up to which all of it is safe in this topic.

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
        """Where to begin: 1 if nothing is known; raises Broken."""
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


def _wrong(path: Path, reason: str) -> Broken:
    return Broken(f"{path}: {reason}: remove it, and the backfill begins anew")


def _identity(extract: Path) -> dict[str, int]:
    """Tell an extract from another of the same name."""
    with suppress(OSError):
        found = extract.stat()
        return {"size": found.st_size, "modified_ns": found.st_mtime_ns}
    return {}


_IN_FLIGHT: Final = 1000
_MOST_TOLD: Final = 100


@dataclass(frozen=True, slots=True)
class BackfillOptions:
    """What was asked for; `rate` in records a second, `from_line` 0: where the last run ended."""

    file: str
    topic: str | None
    of: Kind | None
    is_csv: bool
    numbers: frozenset[str]
    rate: float
    from_line: int
    dry_run: bool


def run_backfill(options: BackfillOptions) -> int:
    """Write all rows that can be used; return 0, or 1 if some were bad or Kafka failed."""

    def written() -> int:
        settings = read_environment(os.environ)
        try:
            return asyncio.run(_Backfill(settings, options).run())
        except (Broken, Endless) as error:
            say([f"hull-planhat: {error}"])
            return WRONG_USE

    return guarded(written)


class _Backfill:
    def __init__(self, settings: Settings, options: BackfillOptions) -> None:
        self._settings = settings
        self._options = options
        self._topic = options.topic or settings.kafka.topics[0]
        self._sent = 0
        self._bad = 0
        self._waiting: deque[tuple[int, Awaitable[int]]] = deque()

    async def run(self) -> int:
        with ExitStack() as stack:
            path = None if self._options.file == "-" else Path(self._options.file)
            file = sys.stdin.buffer if path is None else stack.enter_context(_opened(path))
            state = BackfillState(path, self._topic, keeps=not self._options.dry_run)
            noted = state.next_line()
            first = self._options.from_line or noted
            if first > 1:
                say([f"hull-planhat: going on from line {first}"])
            progress = stack.enter_context(_progress())
            bar = progress.add_task("rows", total=path.stat().st_size if path else None)
            if self._options.dry_run:
                for row in self._rows(file, first):
                    self._sent += sum(1 for _ in self._usable(row))
                    progress.update(bar, completed=row.end)
            else:
                try:
                    await self._write(self._rows(file, first), state, progress, bar)
                except BaseException:
                    state.save()
                    raise
                state.done()
        self._sum_up()
        return FAILED if self._bad else 0

    async def _write(
        self, rows: Iterator[Row], state: BackfillState, progress: Progress, bar: object
    ) -> None:
        async with TopicReader(self._settings.kafka) as reader:
            await reader.spans(self._topic)
        pace = Pace(self._options.rate)
        async with TopicWriter(self._settings.kafka) as writer:
            for row in rows:
                for export in self._usable(row):
                    await pace.next()
                    sent = await writer.send(self._topic, export.key, export.value)
                    self._waiting.append((row.line, sent))
                    if len(self._waiting) >= _IN_FLIGHT:
                        await self._acknowledged(state)
                progress.update(bar, completed=row.end)  # type: ignore[arg-type]  # rich's own id
            while self._waiting:
                await self._acknowledged(state)

    async def _acknowledged(self, state: BackfillState) -> None:
        """Wait for the oldest record: all before its row is safe in the topic then."""
        line, sent = self._waiting.popleft()
        await sent
        self._sent += 1
        state.safe(line)

    def _rows(self, file: BinaryIO, first: int) -> Iterator[Row]:
        options = self._options
        rows = csv_rows(file, options.numbers) if options.is_csv else json_rows(file)
        return (row for row in rows if row.line >= first)

    def _usable(self, row: Row) -> Iterator[Export]:
        for found in exports(row, self._options.of):
            if not isinstance(found, Bad):
                yield found
            elif found.reason == BARE:
                raise Broken(f"{self._options.file}: line {row.line}: {BARE}")
            else:
                self._bad += 1
                if self._bad <= _MOST_TOLD:
                    say([f"line {row.line}: {found.reason}"])

    def _sum_up(self) -> None:
        verb = "would be written" if self._options.dry_run else "written"
        bad = f", {self._bad} {plural(self._bad, 'row')} bad" if self._bad else ""
        if self._bad > _MOST_TOLD:
            more = self._bad - _MOST_TOLD
            say([f"and {more} bad {plural(more, 'row')} more"])
        records = plural(self._sent, "record")
        tell(f"{self._sent} {records} {verb} to {self._topic}{bad}")


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise Broken(f"{cleaned(str(path))}: {error.strerror}") from error


def _progress() -> Progress:
    """A bar for people; nothing where nobody looks."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
