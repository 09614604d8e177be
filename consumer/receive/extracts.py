"""Extracts that Hull names by URL: downloaded as a stream, written row by row as exports.

Rows are read by a thread, as files are; it waits for the loop wherever it needs the network.
"""

from __future__ import annotations

import asyncio
import io
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias, TypeVar, cast

import structlog

from consumer.clock import loop_time
from consumer.decide.forms.rows import Kind
from consumer.errors import KafkaError
from consumer.extract.csv_rows import csv_rows
from consumer.extract.export import Bad, exports
from consumer.extract.json_rows import json_rows
from consumer.extract.row import Endless
from consumer.log.repeats import FOREIGN_SECONDS, Repeats
from consumer.receive.fetch import NotFetched
from consumer.receive.refused import Refused
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from consumer.outbox.letter import Letter
    from consumer.receive.fetch import Content, Fetch
    from consumer.watch.metrics import Metrics

Got = TypeVar("Got")
Write: TypeAlias = "Callable[[Sequence[Letter], float], Awaitable[set[int]]]"
"""Writes records within seconds, and gives the positions of those that are too large; raises
KafkaError."""

_MOST: Final = 2
_DOWNLOADS: Final = 5
_BEGIN_SECONDS: Final = 10.0
_WRITE_SECONDS: Final = 30.0
_LONGEST_SECONDS: Final = 6 * 3600.0
_ROWS: Final = 200
_BYTES: Final = 1 << 20
_log = structlog.get_logger("consumer.receive")


class Ended(Exception):
    """We stop, or it took too long."""


@dataclass(slots=True)
class Job:
    """One extract: all rows before `line` are in the topic."""

    url: str
    of: Kind
    is_csv: bool
    line: int = 1
    written: int = 0
    bad: int = 0


class Extracts:
    """The owner of the extracts under way."""

    def __init__(self, fetch: Fetch, write: Write, metrics: Metrics) -> None:
        self._fetch = fetch
        self._write_to = write
        self._metrics = metrics
        self._running: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._repeats = Repeats(FOREIGN_SECONDS)

    async def begin(self, url: str, of: Kind, *, is_csv: bool) -> None:
        """Return when the download has begun; raises Refused, NotAllowed, NotFetched."""
        if len(self._running) >= _MOST:
            raise Refused("BUSY", f"{_MOST} extracts are under way")
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._run(Job(url, of, is_csv), begun))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            async with asyncio.timeout(_BEGIN_SECONDS):
                await asyncio.shield(begun)
        except TimeoutError:
            task.cancel()
            raise NotFetched("no answer in time") from None

    async def stop(self) -> None:
        """End those under way, and tell of each what is not done."""
        self._ended.set()
        if self._running:
            await asyncio.wait(self._running)

    async def _run(self, job: Job, begun: asyncio.Future[None]) -> None:
        outcome, reason = "failed", ""
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                await self._download(job, begun)
            outcome = "done"
        except Ended:
            outcome, reason = "stopped", "the receiver ends"
        except TimeoutError:
            reason = "it took too long"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            if not begun.done():
                begun.set_exception(error)
                return
            reason = str(error) or type(error).__name__
        self._metrics.count("extracts", outcome)
        told = {"of": job.of, "written": job.written, "bad": job.bad}
        if outcome == "done":
            _log.info("extract.done", **told)
        elif outcome == "stopped":
            _log.error("extract.stopped", line=job.line, reason=reason, **told)
        else:
            _log.error("extract.failed", line=job.line, reason=reason, **told)

    async def _download(self, job: Job, begun: asyncio.Future[None]) -> None:
        for attempt in range(1, _DOWNLOADS + 1):
            try:
                async with self._fetch.opened(job.url) as content:
                    if not begun.done():
                        begun.set_result(None)
                        _log.info("extract.started", of=job.of)
                    await asyncio.to_thread(self._copy, job, content, asyncio.get_running_loop())
                    return
            except NotFetched as error:
                if not begun.done() or attempt == _DOWNLOADS:
                    raise
                _log.warning("extract.interrupted", line=job.line, reason=str(error))
            await self._unless_ended(asyncio.sleep(backoff(attempt, random.random())))

    def _copy(self, job: Job, content: Content, loop: asyncio.AbstractEventLoop) -> None:
        """Write what lies from the job's line on; in a thread."""

        def wait(work: Coroutine[Any, Any, Got]) -> Got:
            return asyncio.run_coroutine_threadsafe(self._unless_ended(work), loop).result()

        file = cast("BinaryIO", io.BufferedReader(_Download(lambda: wait(content.readany()))))
        rows = csv_rows(file) if job.is_csv else json_rows(file)
        group: list[Letter] = []
        size = 0
        try:
            for row in rows:
                if row.line < job.line:
                    continue
                for export in exports(row, job.of):
                    if isinstance(export, Bad):
                        loop.call_soon_threadsafe(self._bad, job, row.line, export.reason)
                    else:
                        group.append((export.key, export.value, ()))
                        size += len(export.value)
                if len(group) >= _ROWS or size >= _BYTES:
                    wait(self._write(job, group, row.line))
                    group, size = [], 0
            wait(self._write(job, group, job.line))
        except Endless as error:
            raise RuntimeError(str(error)) from None

    def _bad(self, job: Job, line: int, reason: str) -> None:
        job.bad += 1
        self._metrics.count("received", "bad row")
        if self._repeats.is_due(reason, loop_time()):
            _log.warning("extract.bad_row", line=line, reason=reason)

    async def _write(self, job: Job, group: list[Letter], line: int) -> None:
        """Return when all are safe, however long Kafka is away."""
        failures = 0
        too_large: set[int] | None = None
        while too_large is None:
            try:
                too_large = await self._write_to(group, _WRITE_SECONDS)
            except KafkaError as error:
                failures += 1
                if self._repeats.is_due("unwritable", loop_time()):
                    _log.error("receive.unwritable", reason=str(error))
                await asyncio.sleep(backoff(failures, random.random()))
        for _ in too_large:
            self._bad(job, line, "too large for the topic")
        job.written += len(group) - len(too_large)
        job.line = line + 1
        self._metrics.count("received", "written", by=len(group) - len(too_large))

    async def _unless_ended(self, work: Coroutine[Any, Any, Got]) -> Got:
        """Raise Ended as soon as we stop."""
        task = asyncio.ensure_future(work)
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait([task, ended], return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise Ended
            return task.result()
        finally:
            ended.cancel()
            task.cancel()


class _Download(io.RawIOBase):
    """A download as a file; `piece` gives its next bytes, none at its end."""

    def __init__(self, piece: Callable[[], bytes]) -> None:
        self._piece = piece
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - the interface of a file
        if not self._rest:
            self._rest = self._piece()
        found = self._rest[: len(buffer)]
        self._rest = self._rest[len(found) :]
        buffer[: len(found)] = found
        return len(found)
