"""Writes back for Hull what Planhat took of each profile, beside the deliveries, never before them.

A delivery does not wait for its result, nor does a commit (docs/decisions/0013).
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from consumer.errors import KafkaError
from consumer.log.repeats import Repeats
from consumer.outbox.result_queue import ResultQueue, result_of
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from consumer.lanes.part import Ended
    from consumer.outbox.result_queue import Result

_log = structlog.get_logger("consumer.results")

_MOST_WAITING = 20_000
_BATCH = 500
_WRITE_SECONDS = 30.0


class Results:
    """Keeps results until they are written: the newest `most` profiles, for as long as it takes."""

    def __init__(
        self,
        write: Callable[[Sequence[tuple[bytes, bytes]]], Awaitable[None]],
        ended: Callable[[str, int], None],
        random: Callable[[], float],
        most: int = _MOST_WAITING,
    ) -> None:
        """`write` raises KafkaError; `ended` is told how many were `written`, or `dropped`."""
        self._write_to = write
        self._ended = ended
        self._random = random
        self._queue = ResultQueue(most)
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._in_hand = 0
        self._told_dropped = 0
        self._repeats = Repeats()

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
            self._ended("dropped", lost)
            _log.error("results.dropped", dropped=lost, reason="the service ends")

    async def _write(self, failures: int) -> int:
        batch = self._queue.take(_BATCH)
        self._in_hand = len(batch)
        try:
            async with asyncio.timeout(_WRITE_SECONDS):
                await self._write_to([(result.hull_id.encode(), result.value) for result in batch])
        except (KafkaError, TimeoutError) as error:
            self._put_back(batch)
            self._log_throttled(str(error) or "time-out")
            return failures + 1
        except asyncio.CancelledError:
            self._put_back(batch)
            raise
        self._in_hand = 0
        self._ended("written", len(batch))
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
            self._ended("dropped", dropped)

    def _log_throttled(self, reason: str) -> None:
        if self._repeats.is_due("unwritable", time.monotonic()):
            _log.error(
                "results.unwritable",
                reason=reason,
                waiting=len(self),
                dropped=self._queue.dropped,
            )
