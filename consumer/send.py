"""Sends batches to Planhat, as the engine says, and tells what became of them."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.engine.dispatch import Wait
from consumer.lanes.batch import Batch
from planhat_client.protocol import Retry
from schemas.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumer.engine.engine import Engine
    from consumer.engine.pace import Pace
    from planhat_client.protocol import Answer
    from schemas.planhat import Resource

_log = structlog.get_logger("consumer.send")

_LETTERS_SECONDS = 5.0
_ITEMS_A_TURN = 100
"""Items that are made ready before others may run: bounds how long the loop does nothing else."""


class Api(Protocol):
    """What the sender needs of Planhat; `planhat_client.Planhat` offers it."""

    async def upsert(self, resource: Resource, items: Sequence[bytes]) -> Answer:
        """Create or update records in bulk."""

    async def track(self, items: Sequence[bytes]) -> Answer:
        """Store activities in bulk."""


class Letters(Protocol):
    """The dead letters that are on their way."""

    async def landed(self, seconds: float) -> None:
        """Wait until all is written, at most `seconds`, and no longer if the topic fails."""

    def clear(self) -> None:
        """Forget what waits: somebody will read it again."""


class Sender:
    """Turns the crank: next batch, send, settle.

    Whoever comes back takes the next batch along, if there is one: nobody has to be woken for
    that. Only what more may go then, and what must wait, is found by a turn, if there is any.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - who asks and answers, and who is told of it
        self,
        engine: Engine,
        api: Api,
        batch_sent: Callable[[Batch, Answer, float], None],
        letters: Letters,
        pace: Callable[[], Pace],
        drain_seconds: float,
        settled: Callable[[], None] | None = None,
    ) -> None:
        """`batch_sent` is told of each request (seconds); `pace` tells how far behind we are.

        `settled` is told when all ended, or waits, that was in the request told last.
        """
        self._engine = engine
        self._dispatch = engine.dispatch
        self._api = api
        self._batch_sent = batch_sent
        self._settled = settled
        self._letters = letters
        self._find_pace = pace
        self._drain_seconds = drain_seconds
        self._pace: Pace | None = None
        self._now = time.monotonic  # the loop's own clock, as soon as there is a loop
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def wake(self) -> None:
        """Something changed: look again."""
        self._pace = None
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        self._now = asyncio.get_running_loop().time
        async with asyncio.TaskGroup() as batches:
            while True:
                await self._turn(batches)

    async def drain(self, seconds: float | None = None) -> bool:
        """Send nothing new; False if a request is still on its way when the time is up."""
        seconds = self._drain_seconds if seconds is None else seconds
        self._dispatch.stop()
        deadline = self._now() + seconds
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._dispatch.in_flight:
                    self._idle.clear()
                    await self._idle.wait()
        landed = not self._dispatch.in_flight
        # What is not in the dead letters yet, its next owner would write once more.
        await self._letters.landed(min(_LETTERS_SECONDS, deadline - self._now()))
        return landed

    @property
    def is_unsure(self) -> bool:
        """A request failed that may have changed something all the same."""
        return any(lane.parked for lane in self._dispatch.lanes.values())

    def forget(self) -> None:
        """Write no more dead letters of what is not ours any more."""
        self._letters.clear()

    async def _turn(self, batches: asyncio.TaskGroup) -> None:
        """Send all that may go, or wait until something may."""
        self._wake.clear()
        self._pace = None
        now, room = self._now(), _ITEMS_A_TURN
        while room > 0:
            step = self._next(now)
            if isinstance(step, Wait):
                await _woken(self._wake, step.seconds)
                return
            room -= len(step.items)
            batches.create_task(self._fly(step), name="send")
        await asyncio.sleep(0)

    def _next(self, now: float) -> Batch | Wait:
        if self._pace is None:
            self._pace = self._find_pace()
        return self._engine.next(now, self._pace)

    async def _fly(self, batch: Batch) -> None:
        step: Batch | Wait = batch
        while isinstance(step, Batch):
            started = self._now()
            answer = await self._send(step)
            now = self._now()
            self._batch_sent(step, answer, now - started)
            self._engine.answered(step, answer, now)
            if self._settled is not None:
                self._settled()
            step = self._next(now)
            if self._dispatch.has_more(now):
                self._wake.set()
        if not self._dispatch.in_flight:
            self._idle.set()
            self._wake.set()  # the pace of a backlog ends with it

    async def _send(self, batch: Batch) -> Answer:
        try:
            if MODELS[batch.resource].host == "analytics":
                return await self._api.track(batch.items)
            return await self._api.upsert(batch.resource, batch.items)
        except Exception as error:  # noqa: BLE001 - a bug of ours must not stop the others
            # Tried again and halved like any failure, it ends in the dead letters if it is an item.
            _log.error("batch.failed", resource=batch.resource.value, exc_info=error)
            return Retry(f"internal error: {type(error).__name__}")


async def _woken(wake: asyncio.Event, seconds: float | None) -> None:
    """Wait until somebody wakes us, at most so long."""
    if seconds is None:
        await wake.wait()
        return
    alarm = asyncio.get_running_loop().call_later(seconds, wake.set)
    try:
        await wake.wait()
    finally:
        alarm.cancel()
