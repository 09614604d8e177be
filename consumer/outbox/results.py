"""Writes back for Hull what Planhat took of each profile, beside the deliveries, never before them.

A delivery does not wait for its result, nor does a commit (docs/decisions/0040).

What Planhat took of each profile, until it is written back for Hull. Pure.

One entry a profile: what comes while the older one still waits is joined with it, so that neither a
backlog nor a topic that can't be written takes more memory than `most` profiles do.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, Protocol

import orjson
import structlog

from consumer.errors import KafkaError
from planhat_client.retry import backoff
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from consumer.lanes.part import Ended

Kind = Literal["user", "account"]
_KINDS: dict[Resource, Kind] = {Resource.ENDUSERS: "user", Resource.COMPANIES: "account"}

_LONGEST_ID: Final = 1000
"""Letters of a Hull id that is written back: a topic that refuses one result keeps all others out,
and Hull's own have 24."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was done for a profile; `action` and `planhat_id` are None where no answer told.

    `at` is the moment of the answer, in seconds since 1970.
    """

    kind: Kind
    hull_id: str
    planhat_id: str | None
    action: str | None
    at: float

    @property
    def key(self) -> bytes:
        """The Hull id, as the key of the record."""
        return self.hull_id.encode()

    @property
    def value(self) -> bytes:
        """The record; its form is a contract with the bridge (docs/write-back.md)."""
        moment = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")
        return orjson.dumps(
            {
                "type": self.kind,
                "hull_id": self.hull_id,
                "planhat_id": self.planhat_id,
                "action": self.action,
                "delivered_at": f"{moment[:-6]}Z",
            }
        )

    def then(self, newer: Result) -> Result:
        """Both in one: created stays created, and what changed is not called unchanged."""
        keeps = self.action == "created" or newer.action in ("unchanged", None)
        return replace(
            newer,
            action=self.action if keeps and self.action else newer.action,
            planhat_id=newer.planhat_id or self.planhat_id,
        )


def result_of(end: Ended, at: float) -> Result | None:
    """Give the result of a part that ended; None for what Hull has no use for."""
    kind = _KINDS.get(end.part.resource)
    if kind is None or end.ending != "delivered" or len(end.part.key) > _LONGEST_ID:
        return None
    return Result(kind, end.part.key, end.planhat_id, end.change, at)


class ResultQueue:
    """Results in the order of their first change; beyond `most` the oldest is dropped."""

    def __init__(self, most: int) -> None:
        """Nothing waits."""
        self._most = most
        self._waiting: OrderedDict[tuple[Kind, str], Result] = OrderedDict()
        self.dropped = 0

    def __len__(self) -> int:
        """Profiles that wait."""
        return len(self._waiting)

    def put(self, result: Result) -> None:
        """Let a result wait, joined with the older one of its profile."""
        name = (result.kind, result.hull_id)
        older = self._waiting.get(name)
        self._waiting[name] = result if older is None else older.then(result)
        if len(self._waiting) > self._most:
            self._waiting.popitem(last=False)
            self.dropped += 1

    def take(self, most: int) -> list[Result]:
        """Give the first ones, to be written."""
        count = min(most, len(self._waiting))
        return [self._waiting.popitem(last=False)[1] for _ in range(count)]

    def put_back(self, results: Iterable[Result]) -> None:
        """They could not be written: they wait on, before all others."""
        for result in reversed(list(results)):
            name = (result.kind, result.hull_id)
            newer = self._waiting.get(name)
            self._waiting[name] = result if newer is None else result.then(newer)
            self._waiting.move_to_end(name, last=False)
        while len(self._waiting) > self._most:
            self._waiting.popitem(last=False)
            self.dropped += 1


_log = structlog.get_logger("consumer.results")

_MOST_WAITING = 20_000
_BATCH = 500
_SAY_AGAIN_SECONDS = 60.0
_WRITE_SECONDS = 30.0


class ResultSink(Protocol):
    """The topic to write to."""

    async def write_all(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Return when all replicas in sync have all; raises KafkaUnavailable or KafkaRefused."""


class ResultReport(Protocol):
    """Who wants to know what became of results."""

    def results(self, outcome: str, count: int) -> None:
        """So many results were `written`, or `dropped`."""


class Results:
    """Keeps results until they are written: the newest `most` profiles, for as long as it takes."""

    def __init__(
        self,
        sink: ResultSink,
        report: ResultReport,
        random: Callable[[], float],
        most: int = _MOST_WAITING,
    ) -> None:
        """`random` gives floats in [0, 1), for the jitter of retries."""
        self._sink = sink
        self._report = report
        self._random = random
        self._queue = ResultQueue(most)
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._in_hand = 0
        self._told_dropped = 0
        self._said_at = float("-inf")

    def __len__(self) -> int:
        """Profiles whose result is not in the topic yet, as far as they are kept."""
        return len(self._queue) + self._in_hand

    def note(self, end: Ended) -> None:
        """Something ended; what was delivered of a user or an account is written back."""
        result = result_of(end, time.time())
        if result is None:
            return
        self._queue.put(result)
        self._empty.clear()
        self._wake.set()

    async def run(self) -> None:
        """Write until cancelled."""
        failures = 0
        while True:
            while not len(self._queue):
                self._empty.set()
                self._wake.clear()
                await self._wake.wait()
            failures = await self._write(failures)
            if failures:
                await asyncio.sleep(backoff(failures, self._random()))

    async def flush(self, seconds: float) -> None:
        """Wait until all is written, at most `seconds`; then tell what is lost."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        lost = len(self)
        if lost:
            self._report.results("dropped", lost)
            _log.error("results.dropped", dropped=lost, reason="the service ends")

    async def _write(self, failures: int) -> int:
        batch = self._queue.take(_BATCH)
        self._in_hand = len(batch)
        try:
            async with asyncio.timeout(_WRITE_SECONDS):
                await self._sink.write_all([(result.key, result.value) for result in batch])
        except (KafkaError, TimeoutError) as error:
            self._put_back(batch)
            self._complain(str(error) or "time-out")
            return failures + 1
        except asyncio.CancelledError:
            self._put_back(batch)
            raise
        self._in_hand = 0
        self._report.results("written", len(batch))
        self._tell_dropped()
        return 0

    def _put_back(self, batch: Sequence[Result]) -> None:
        self._in_hand = 0
        self._queue.put_back(batch)
        self._tell_dropped()

    def _tell_dropped(self) -> None:
        dropped = self._queue.dropped - self._told_dropped
        if dropped:
            self._told_dropped = self._queue.dropped
            self._report.results("dropped", dropped)

    def _complain(self, reason: str) -> None:
        now = time.monotonic()
        if now - self._said_at >= _SAY_AGAIN_SECONDS:
            self._said_at = now
            _log.error(
                "results.unwritable",
                reason=reason,
                waiting=len(self),
                dropped=self._queue.dropped,
            )
