"""Messages that can't be used: kept whole in the dead-letter topic before they are resolved."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from consumer.errors import KafkaTooLarge
from consumer.log.repeats import Repeats
from consumer.outbox.letter import letter
from consumer.outbox.letter_queue import LetterQueue
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from consumer.errors import KafkaUnavailable
    from consumer.offsets.ticket import Ticket
    from consumer.outbox.letter import Letter

_log = structlog.get_logger("consumer.dead_letters")

_GATHER_SECONDS = 0.05


class DeadLetters:
    """Writes records with rejected messages, many at once, for as long as it takes.

    A record is resolved when all replicas in sync have it, in the order in which they came. What
    waits here is bounded by the records that may be unresolved. While the topic can't be written
    nothing is resolved: the partitions fill their window and are read no further. What is larger
    than the topic takes is written without its value.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Letter]], Awaitable[Sequence[KafkaUnavailable | None]]],
        resolve: Callable[[Ticket], None],
        random: Callable[[], float],
    ) -> None:
        """`write` says why a letter is not safe, None if it is; `resolve` is told of the safe."""
        self._write_to = write
        self._resolve = resolve
        self._random = random
        self._queue = LetterQueue()
        self._bare: set[Ticket] = set()
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()
        self._failures = 0
        self._repeats = Repeats()
        self.trouble: str | None = None
        """Why the topic took nothing at the last try; None if it did."""

    @property
    def messages(self) -> int:
        """Rejected messages of these."""
        return sum([len(ticket.rejected) for ticket in self._queue])

    def put(self, ticket: Ticket) -> None:
        """Take over a record of which something was rejected."""
        self._queue.put(ticket)
        self._wake.set()

    def clear(self) -> None:
        """Forget what waits: its partitions were revoked, somebody will read it again."""
        self._queue.clear()
        self._bare.clear()
        self._moved.set()

    async def landed(self, seconds: float) -> None:
        """Wait until all is written, at most `seconds`, and no longer if the topic fails."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(self._queue) and self.trouble is None:
                    self._moved.clear()
                    await self._moved.wait()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            while not len(self._queue):
                self._wake.clear()
                await self._wake.wait()
            if not self._queue.is_full:
                # A moment for others: nobody waits for a dead letter.
                await asyncio.sleep(_GATHER_SECONDS)
            await self._write()
            if self._failures:
                await asyncio.sleep(backoff(self._failures, self._random()))

    async def _write(self) -> None:
        now = time.time()
        flying = self._queue.take()
        letters = [letter(one, now, is_bare=one in self._bare) for one in flying]
        outcomes = await self._write_to(letters) if letters else ()
        large = [isinstance(error, KafkaTooLarge) for error in outcomes]
        is_large = any(
            too_large and one not in self._bare
            for one, too_large in zip(flying, large, strict=True)
        )
        is_alone = len(flying) == 1
        if is_large and is_alone and self._queue.flying:
            self._shrink(flying[0], str(outcomes[0]))
        safe = self._queue.settle([one is None for one in outcomes], None if is_alone else large)
        errors = [error for error in outcomes if error is not None]
        self._note(errors if not is_large else [], is_partial=bool(safe))
        for ticket in safe:
            self._bare.discard(ticket)
            self._resolve(ticket)
        self._moved.set()

    def _shrink(self, ticket: Ticket, reason: str) -> None:
        """Let one that was refused for its size though it flew alone go without its value."""
        self._bare.add(ticket)
        record = ticket.record
        _log.warning(
            "dead_letter.value_omitted",
            topic=record.partition.topic,
            partition=record.partition.number,
            offset=record.offset,
            bytes=len(record.value or b""),
            reason=reason,
        )

    def _note(self, errors: Sequence[KafkaUnavailable], *, is_partial: bool) -> None:
        """Remember how the last write went; none of `errors` has an end by itself."""
        if not errors or is_partial:
            self._failures = 0
        self.trouble = str(errors[0]) if errors and not is_partial else None
        if errors:
            self._failures += 1
            if self._repeats.is_due("unwritable", time.monotonic()):
                reason = str(errors[0])
                _log.error("dead_letters.unwritable", reason=reason, waiting=len(self._queue))
