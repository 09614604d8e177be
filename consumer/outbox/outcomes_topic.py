"""Writes what became of each message to the outcomes topic, beside the deliveries.

No delivery waits for it. A commit does, for a moment and only while the topic takes what is
written: so that what is committed is in the topic, whatever happens then (docs/decisions/0023).
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
import structlog

from consumer.clock import loop_time
from consumer.errors import KafkaTooLarge
from consumer.log.repeats import Repeats
from consumer.outbox.block_queue import BlockQueue
from planhat_client.retry import backoff
from schemas.outcome import VERSION
from schemas.outcome.member import Gap

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from consumer.errors import KafkaUnavailable
    from consumer.outbox.block_queue import Block, Dropped
    from consumer.outbox.letter import Letter
    from schemas.outcome.member import Summary

_log = structlog.get_logger("consumer.outcomes")

_BLOCKS_AT_ONCE: Final = 16
_GATHER_SECONDS: Final = 1.0
LANDED_SECONDS: Final = 5.0
_TROUBLED_SECONDS: Final = 1.0


class Source(Protocol):
    """Where lines wait to be taken; `consumer.watch.outcomes.line.Lines` is it."""

    def __len__(self) -> int:
        """How many."""

    def take(self) -> tuple[bytes, int, int, int]:
        """Take them: lines, how many, and when the first and the last ended (ms since 1970)."""


class OutcomesTopic:
    """Keeps blocks until they are written, in bounded memory, and tells what it had to drop."""

    def __init__(
        self,
        write: Callable[[Sequence[Letter]], Awaitable[Sequence[KafkaUnavailable | None]]],
        member: str,
        run: int,
        ended: Callable[[str, int], None],
        random: Callable[[], float],
        queue: BlockQueue | None = None,
    ) -> None:
        """`write` says why a record is not safe, None if it is.

        `member` is our name, `run` when we started (ms since 1970). `ended` is told how many
        outcomes were `written`, or `dropped`.
        """
        self._write_to = write
        self._member = member
        self._run = run
        self._ended = ended
        self._random = random
        self._source: Source | None = None
        self._queue = BlockQueue() if queue is None else queue
        self._writing_since: float | None = None
        self._in_hand: Sequence[Block] = ()
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()
        self._repeats = Repeats()
        self._told_dropped = 0
        self.trouble: str | None = None
        """Why the topic took nothing at the last try; None if it did."""

    def __len__(self) -> int:
        """Outcomes that are not in the topic yet, as far as they are kept."""
        in_hand = sum([block.count for block in self._in_hand])
        return self._queue.outcomes + in_hand + len(self._source or ())

    @property
    def dropped(self) -> int:
        """Outcomes that never came into the topic, since the start."""
        return self._queue.dropped

    def feed(self, source: Source) -> None:
        """Take lines from there from now on."""
        self._source = source

    def gather(self) -> None:
        """Make a block of the lines that wait; called when there are many, too."""
        source = self._source
        if source is not None and len(source):
            self._queue.put("outcomes", *source.take())
            self._note_dropped()
            self._wake.set()

    def tell(self, summary: Summary) -> None:
        """Write a summary, after the outcomes before it."""
        self.gather()
        line = msgspec.json.encode(summary) + b"\n"
        self._queue.put("summary", line, 0, summary.since, summary.at)
        self._note_dropped()
        self._wake.set()

    async def run(self) -> None:
        """Write until cancelled."""
        failures = 0
        while True:
            if not self._has_work:
                self._wake.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_GATHER_SECONDS):
                        await self._wake.wait()
                self.gather()
            if self._has_work:
                failures = 0 if await self._write() else failures + 1
            if failures:
                await asyncio.sleep(backoff(failures, self._random()))

    async def landed(self, seconds: float = LANDED_SECONDS) -> None:
        """Wait until all that is final by now is in the topic: before a commit tells of it.

        Not while the topic is in trouble; and one that was silent for `seconds` is in trouble.
        """
        self.gather()
        began = self._writing_since
        passed = 0.0 if began is None else loop_time() - began
        await self._wait(self._queue.last_outcomes, seconds - passed, gives_up=True)

    async def flush(self, seconds: float) -> None:
        """Wait until all is written, at most `seconds`; then tell what is lost."""
        self.gather()
        seconds = _TROUBLED_SECONDS if self.trouble else seconds
        await self._wait(self._queue.last, seconds, gives_up=False)
        lost = len(self)
        if lost:
            self._ended("dropped", lost)
            _log.error("outcomes.dropped", dropped=lost, reason="the service ends")

    async def _wait(self, wanted: int, seconds: float, *, gives_up: bool) -> None:
        """Wait until the blocks up to the `wanted` one are safe."""
        try:
            async with asyncio.timeout(seconds):
                while self._unsafe <= wanted and not (gives_up and self.trouble):
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            self._troubled("no acknowledgement in time")

    @property
    def _has_work(self) -> bool:
        return len(self._queue) > 0 or self._queue.has_untold

    @property
    def _unsafe(self) -> int:
        """The number of the first block that is not in the topic."""
        return self._in_hand[0].number if self._in_hand else self._queue.first

    async def _write(self) -> bool:
        """Write the next blocks; False if none of them could be written."""
        blocks = self._queue.take(_BLOCKS_AT_ONCE)
        self._in_hand = blocks
        gap = self._queue.take_untold()
        told = [self._gap(gap)] if gap.count else []
        letters = told + [self._letter(block.kind, block.value, block.number) for block in blocks]
        outcomes: Sequence[KafkaUnavailable | None] = ()
        self._writing_since = loop_time()
        try:
            outcomes = await self._write_to(letters)
        finally:
            # Cancelled, nothing is known of them.
            self._writing_since = None
            is_told = bool(outcomes) and (not told or outcomes[0] is None)
            self._settle(blocks, outcomes[len(told) :])
            if gap.count and not is_told:
                self._queue.put_back_untold(gap)
        errors = [error for error in outcomes if error is not None]
        if errors:
            self._troubled(str(errors[0]))
        else:
            self.trouble = None
        self._moved.set()
        return len(errors) < len(letters)

    def _settle(self, blocks: Sequence[Block], outcomes: Sequence[KafkaUnavailable | None]) -> None:
        """Those that are safe are over; one that is too large can never be written."""
        self._in_hand = ()
        again: list[Block] = []
        for position, block in enumerate(blocks):
            error = outcomes[position] if position < len(outcomes) else None
            if position < len(outcomes) and error is None:
                if block.count:
                    self._ended("written", block.count)
            elif isinstance(error, KafkaTooLarge):
                self._queue.drop(block)
            else:
                again.append(block)
        self._queue.put_back(again)
        self._note_dropped()

    def _letter(self, kind: str, value: bytes, number: int) -> Letter:
        headers = {
            "schema": VERSION,
            "kind": kind,
            "member": self._member,
            "run": self._run,
            "number": number,
        }
        key = self._member.encode()
        return key, value, tuple((name, str(told).encode()) for name, told in headers.items())

    def _gap(self, gap: Dropped) -> Letter:
        now = int(time.time() * 1000)
        reason = self.trouble or ""
        line = Gap(now, self._member, self._run, gap.since, gap.until, gap.count, reason)
        return self._letter("gap", msgspec.json.encode(line) + b"\n", 0)

    def _note_dropped(self) -> None:
        dropped = self._queue.dropped - self._told_dropped
        if dropped:
            self._told_dropped = self._queue.dropped
            self._ended("dropped", dropped)

    def _troubled(self, reason: str) -> None:
        self.trouble = reason
        if self._repeats.is_due("unwritable", time.monotonic()):
            _log.error(
                "outcomes.unwritable", reason=reason, waiting=len(self), dropped=self.dropped
            )
