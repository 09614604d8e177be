"""Messages that can't be used: kept whole in the dead-letter topic before they are resolved."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.errors import KafkaUnavailable
from consumer.log import cleaner
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.part import Receipt

_log = structlog.get_logger("consumer.dead_letters")

_SAY_AGAIN_SECONDS = 60.0
_LONGEST_ERROR = 500

Headers = tuple[tuple[str, bytes], ...]


class Sink(Protocol):
    """A topic to write to."""

    async def write(self, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Return when all replicas in sync have it; raises KafkaUnavailable."""


def headers(receipt: Receipt, failed_at: float) -> Headers:
    """Original headers, then why and where from; `failed_at` in seconds since 1970.

    Planhat may repeat addresses or credentials in what it says: they are masked.
    """
    clean = cleaner(keeps_emails=False).text
    record = receipt.ticket.record
    added = {
        "dl.reason": clean(receipt.rejections[0])[:_LONGEST_ERROR],
        "dl.error": clean("; ".join(receipt.rejections))[:_LONGEST_ERROR],
        "dl.topic": record.partition.topic,
        "dl.partition": str(record.partition.number),
        "dl.offset": str(record.offset),
        "dl.timestamp": str(round(record.timestamp * 1000)),
        "dl.attempts": str(max(receipt.attempts, 1)),
        "dl.failed_at": datetime.fromtimestamp(failed_at, UTC).isoformat(),
    }
    if receipt.position is not None:
        added["dl.position"] = str(receipt.position)
    kept = tuple(pair for pair in record.headers if pair[0] not in added)
    return kept + tuple((name, value.encode()) for name, value in added.items())


class DeadLetters:
    """Writes rejected messages, one after the other, for as long as it takes.

    What waits here is bounded by the records that may be unresolved. While the topic can't be
    written nothing is resolved: the partitions fill their window and are read no further.
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
        self._waiting: deque[Receipt] = deque()
        self._wake = asyncio.Event()
        self._said_at = float("-inf")
        self.failing = False

    def __len__(self) -> int:
        """Messages that are not in the topic yet."""
        return len(self._waiting)

    def waiting(self) -> list[Receipt]:
        """Messages that are not in the topic yet, the oldest first."""
        return list(self._waiting)

    def put(self, receipt: Receipt) -> None:
        """Take over a rejected message."""
        self._waiting.append(receipt)
        self._wake.set()

    def clear(self) -> None:
        """Forget what waits: its partitions were revoked, somebody will read it again."""
        self._waiting.clear()

    async def run(self) -> None:
        """Write until cancelled."""
        failures = 0
        while True:
            while not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            receipt = self._waiting[0]
            try:
                record = receipt.ticket.record
                await self._sink.write(record.key, record.value, headers(receipt, time.time()))
            except KafkaUnavailable as error:
                failures += 1
                self.failing = True
                self._complain(error)
                # One that is too large for the topic must not keep the others out of it.
                self._waiting.rotate(-1)
                await asyncio.sleep(backoff(failures, self._random()))
                continue
            failures = 0
            self.failing = False
            # Unless it was revoked meanwhile: then its next owner writes it once more.
            if self._waiting and self._waiting[0] is receipt:
                self._waiting.popleft()
                self._resolve(receipt)

    def _complain(self, error: KafkaUnavailable) -> None:
        now = time.monotonic()
        if now - self._said_at >= _SAY_AGAIN_SECONDS:
            self._said_at = now
            _log.error("dead_letters.unwritable", reason=str(error), waiting=len(self._waiting))
