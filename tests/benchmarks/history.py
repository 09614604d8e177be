"""The store of the history: ingest and search over generated days, without Kafka."""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
import time
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from consumer.history.day import DAY_MS, RUN_BYTES
from consumer.history.entries import BUCKETS, SIZE
from consumer.history.files import Files
from consumer.history.search import Span, search
from consumer.history.store import Store, Told
from consumer.offsets.record import Partition
from schemas.outcome.message import Change, Outcome, Skip
from tests.benchmarks.figures import Result, Row, percentile, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.options import Options

_DAYS: Final = 14
_TODAY: Final = 20_000
_NOW: Final = _TODAY * DAY_MS + DAY_MS - 1
_BLOCK: Final = 300
"""Outcomes of one record of the topic."""
_AT_ONCE: Final = 40
_QUERIES: Final = 400
_MESSAGES: Final = 50
"""Of one profile in all days, on average."""
_ENTRIES: Final = 3.5
"""Names that an outcome has on average."""
_PAYLOAD: Final = msgspec.Raw(
    b'{"externalId":"user-123456","email":"j***@a***.com","firstName":"J***","lastName":"D***",'
    b'"companyId":"5f1b2c3d4e5f6a7b8c9d0e1e","custom":{"plan":"enterprise","seats":42}}'
)


def run(options: Options) -> Result:
    """Fill a store, ask it warm, open it again, ask it cold; all that with a larger index too."""
    count = options.size or (100_000 if options.quick else 1_000_000)
    rows = [_measured(count, 0), _measured(count, 1_000_000 if options.quick else 50_000_000)]
    about = f"a profile has {_MESSAGES} messages; asked by one of its four names, 50 are told"
    return Result("history", about, rows)


def _measured(count: int, padded: int) -> Row:
    row = Row(f"{count:,} outcomes in {_DAYS} days")
    if padded:
        row.case += f", the index padded to that of {padded:,}"
    with tempfile.TemporaryDirectory(prefix="bench-history-") as folder:
        store = Store(Files(Path(folder)), _DAYS, _NOW)
        seconds, cpu = _fill(store, count)
        row.add(outcomes_per_s=count / seconds, outcomes_per_CPU_s=count / cpu)
        if padded:
            store.close()
            _pad(Path(folder), int((padded - count) * _ENTRIES / _DAYS))
            store = Store(Files(Path(folder)), _DAYS, _NOW)
        _ask(store, count, row, "warm")
        store.close()
        files = [path for path in Path(folder).iterdir() if path.is_file()]
        row.add(bytes_per_outcome=sum(path.stat().st_size for path in files) / count)
        for path in files:
            _forget(path)
        started = time.perf_counter()
        store = Store(Files(Path(folder)), _DAYS, _NOW)
        row.add(open_s=time.perf_counter() - started)
        _ask(store, count, row, "cold")
        store.close()
    row.add(resident_MiB=_resident())
    return row


def _pad(folder: Path, entries: int) -> None:
    """Add so many entries of nobody to the index of each day, in runs as long as real ones."""
    of_bucket = RUN_BYTES // BUCKETS // SIZE
    runs = entries // (of_bucket * BUCKETS)
    for path in folder.glob("2*.sqlite3"):
        with closing(sqlite3.connect(path)) as base, base:
            for run in range(runs):
                noise = os.urandom(of_bucket * SIZE * BUCKETS)
                size = of_bucket * SIZE
                base.executemany(
                    "INSERT INTO run VALUES (?, ?)",
                    (
                        (at << 20 | 1000 + run, noise[at * size : (at + 1) * size])
                        for at in range(BUCKETS)
                    ),
                )


def _fill(store: Store, count: int) -> tuple[float, float]:
    """Take so many; return the seconds and CPU seconds that the store needed."""
    seconds = cpu = 0.0
    each = _outcomes(count)
    offset = 0
    encode = msgspec.json.Encoder().encode_lines
    while some := list(islice(each, _BLOCK * _AT_ONCE)):
        records = []
        for first in range(0, len(some), _BLOCK):
            value = encode(some[first : first + _BLOCK])
            records.append(Told(Partition("outcomes", 0), offset, value))
            offset += 1
        begun, begun_cpu = time.perf_counter(), time.process_time()
        store.take(records, _NOW)
        seconds += time.perf_counter() - begun
        cpu += time.process_time() - begun_cpu
        taken = store.lines["kept"]
        if taken % (1_000_000 // 12_000 * 12_000) == 0:
            say(f"{taken:,} outcomes, {taken / seconds:,.0f} a second, {_resident():.0f} MiB")
    return seconds, cpu


def _outcomes(count: int) -> Iterator[Outcome]:
    """In the order of time, each of a profile by chance: half are skipped, half delivered."""
    chance = random.Random(count)
    first = (_TODAY - _DAYS + 1) * DAY_MS
    profiles = max(1, count // _MESSAGES)
    skips = (Skip("endusers", "No mapped attribute changed."),)
    for at in range(count):
        ms = first + at * (_DAYS * DAY_MS - 1) // count
        number = chance.randrange(profiles)
        hull_id, external_id, digest, planhat_id = _names(number)
        is_sent = chance.random() < 0.5
        done = (
            Change(
                resource="endusers",
                ending="delivered",
                change="updated",
                planhat_id=planhat_id,
                sent_at=ms - 400,
                answered_at=ms - 3,
                status=200,
                payload=_PAYLOAD if at % 5 == 0 else msgspec.UNSET,
            ),
        )
        yield Outcome(
            at=ms,
            hull_id=hull_id,
            ending="delivered" if is_sent else "skipped",
            topic="hull.events",
            partition=number % 12,
            offset=at,
            reason="" if is_sent else "No mapped attribute changed.",
            external_id=external_id,
            email="j***@a***.com",
            email_digest=digest,
            channel="user:update",
            appended_at=ms - 1500,
            read_at=ms - 900,
            skips=() if is_sent else skips,
            changes=done if is_sent else (),
        )


def _names(number: int) -> tuple[str, str, str, str]:
    """Hull id, external id, digest of the address, Planhat id."""
    mixed = number * 0x9E3779B97F4A7C15 % (1 << 96)
    text = f"{mixed:024x}"
    hull_id = f"{text[:8]}-{text[8:12]}-4{text[12:15]}-9{text[15:18]}-{number:012x}"
    return hull_id, f"user-{number}", text[::-1][:16], text


def _ask(store: Store, count: int, row: Row, how: str) -> None:
    chance = random.Random(1)
    profiles = max(1, count // _MESSAGES)
    spent = []
    for at in range(_QUERIES):
        name = _names(chance.randrange(profiles))[at % 4]
        begun = time.perf_counter()
        page = search(store, [name], Span(0, _NOW + 1))
        spent.append((time.perf_counter() - begun) * 1000)
        assert page.items
    for title, share in (("median", 0.5), ("p95", 0.95)):
        row.add(**{f"search_{how}_{title}_ms": percentile(spent, share)})


def _forget(path: Path) -> None:
    """Let the kernel forget what it holds of a file, as far as it is asked."""
    with path.open("rb") as file:
        os.fdatasync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _resident() -> float:
    """MiB of this process at their highest."""
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")
