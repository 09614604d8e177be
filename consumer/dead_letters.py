"""Messages that can't be used: kept whole in the dead-letter topic before they are resolved."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.letter_queue import LetterQueue
from consumer.log import cleaner
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumer.errors import KafkaUnavailable
    from consumer.part import Receipt

_log = structlog.get_logger("consumer.dead_letters")

_SAY_AGAIN_SECONDS = 60.0
_GATHER_SECONDS = 0.05
_LONGEST_ERROR = 500

Headers = tuple[tuple[str, bytes], ...]

Letter = tuple[bytes | None, bytes | None, Headers]
"""Key, value and headers of a record for the dead-letter topic."""

_cleaner = cleaner(keeps_emails=False)


class Sink(Protocol):
    """A topic to write to."""

    async def write_each(self, letters: Sequence[Letter]) -> Sequence[KafkaUnavailable | None]:
        """Say of each letter, in order: None when all replicas in sync have it, or why not."""


def headers(receipt: Receipt, failed_at: float) -> Headers:
    """Original headers, then why and where from; `failed_at` in seconds since 1970.

    Planhat may repeat addresses or credentials in what it says: they are masked.
    """
    record = receipt.ticket.record
    reasons = receipt.rejections
    reason = _clean(reasons[0])
    added = {
        "dl.reason": reason,
        "dl.error": reason if len(reasons) == 1 else _clean("; ".join(reasons)),
        "dl.topic": record.partition.topic.encode(),
        "dl.partition": b"%d" % record.partition.number,
        "dl.offset": b"%d" % record.offset,
        "dl.timestamp": b"%d" % round(record.timestamp * 1000),
        "dl.attempts": b"%d" % max(receipt.attempts, 1),
        "dl.failed_at": datetime.fromtimestamp(failed_at, UTC).isoformat().encode(),
    }
    if receipt.position is not None:
        added["dl.position"] = b"%d" % receipt.position
    kept = tuple(pair for pair in record.headers if pair[0] not in added)
    return kept + tuple(added.items())


def _clean(text: str) -> bytes:
    return _cleaner.text(text)[:_LONGEST_ERROR].encode()


def _letter(receipt: Receipt, failed_at: float) -> Letter:
    record = receipt.ticket.record
    return record.key, record.value, headers(receipt, failed_at)


class DeadLetters:
    """Writes rejected messages, many at once, for as long as it takes.

    A message is resolved when all replicas in sync have it, in the order in which they came. What
    waits here is bounded by the records that may be unresolved. While the topic can't be written
    nothing is resolved: the partitions fill their window and are read no further.
    """

    def __init__(
        self,
        sink: Sink,
        resolve: Callable[[Receipt], None],
        random: Callable[[], float],
    ) -> None:
        """`resolve` is called when the topic has a message; `random` jitters the retries."""
        self._sink = sink
        self._resolve = resolve
        self._random = random
        self._queue = LetterQueue()
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()
        self._failures = 0
        self._said_at = float("-inf")
        self.failing = False

    def __len__(self) -> int:
        """Messages that are not in the topic yet."""
        return len(self._queue)

    @property
    def is_writing(self) -> bool:
        """Tell whether messages are on their way to a topic that takes them."""
        return len(self._queue) > 0 and not self.failing

    def waiting(self) -> list[Receipt]:
        """Messages that are not in the topic yet, the oldest first."""
        return self._queue.waiting()

    def put(self, receipt: Receipt) -> None:
        """Take over a rejected message."""
        self._queue.put(receipt)
        self._wake.set()

    def clear(self) -> None:
        """Forget what waits: its partitions were revoked, somebody will read it again."""
        self._queue.clear()
        self._moved.set()

    async def landed(self, seconds: float) -> None:
        """Wait until all is written, at most `seconds`, and no longer if the topic fails."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.is_writing:
                    self._moved.clear()
                    await self._moved.wait()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._gather()
            await self._write()
            if self._failures:
                await asyncio.sleep(backoff(self._failures, self._random()))

    async def _gather(self) -> None:
        """Wait for the first, and a moment for others: nobody waits for a dead letter."""
        while not len(self._queue):
            self._wake.clear()
            await self._wake.wait()
        if not self._queue.is_full:
            await asyncio.sleep(_GATHER_SECONDS)

    async def _write(self) -> None:
        now = time.time()
        letters = [_letter(receipt, now) for receipt in self._queue.take()]
        outcomes = await self._sink.write_each(letters) if letters else ()
        errors = [error for error in outcomes if error is not None]
        safe = self._queue.settle([error is None for error in outcomes])
        if len(errors) < len(letters):
            self._failures = 0
        self.failing = bool(errors) and len(errors) == len(letters)
        if errors:
            self._failures += 1
            self._complain(errors[0])
        for receipt in safe:
            self._resolve(receipt)
        self._moved.set()

    def _complain(self, error: KafkaUnavailable) -> None:
        now = time.monotonic()
        if now - self._said_at >= _SAY_AGAIN_SECONDS:
            self._said_at = now
            _log.error("dead_letters.unwritable", reason=str(error), waiting=len(self._queue))
