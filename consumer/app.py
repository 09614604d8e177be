"""The life of the service: it joins, serves until told to stop, drains, commits and leaves."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog

from consumer.clock import loop_time
from consumer.engine.dispatch import is_drained
from consumer.errors import KafkaBlocked, KafkaError, KafkaUnavailable
from consumer.log.troubles import Troubles
from consumer.parts import Parts
from consumer.version import is_compiled
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from consumer.settings import Settings
    from schemas.connector import ConnectorSettings

_log = structlog.get_logger("consumer.app")

_FLUSH_SECONDS: Final = 5.0
_CLOSE_SECONDS: Final = 5.0
_LONGEST_PAUSE: Final = 10.0


class Service:
    """Reads Hull's changes from Kafka and brings Planhat up to date, until told to stop."""

    def __init__(
        self, settings: Settings, connector: ConnectorSettings, troubles: Troubles | None = None
    ) -> None:
        """Nothing is connected before `run`. `troubles` are fed by the log."""
        self.settings = settings
        self.parts = Parts(settings, connector, troubles or Troubles())
        self.engine = self.parts.engine
        self.metrics = self.parts.metrics
        self.tally = self.parts.reporter.tally

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then drain, commit, leave; raises KafkaRefused, PortTaken."""
        parts, http = self.parts, self.settings.http
        if http.enabled:
            await parts.ops.start(http.host, http.port)
        try:
            if await _joined(parts, stop):
                await self._serve(stop)
        finally:
            await self._close()

    async def _serve(self, stop: asyncio.Event) -> None:
        _log.info("service.started", topics=self.settings.kafka.topics, compiled=is_compiled())
        parts = self.parts
        async with asyncio.TaskGroup() as group:
            helpers = [
                group.create_task(work, name=name)
                for name, work in (
                    ("poll", parts.poller.run(stop)),
                    ("send", parts.sender.run()),
                    ("commit", parts.committer.run(self.engine.assignment)),
                    ("dead-letters", parts.dead_letters.run()),
                    ("results", parts.results.run()),
                    ("directories", parts.directory_reader.run()),
                    ("endusers", parts.enduser_reader.run()),
                    ("removals", parts.remover.run()),
                    ("merges", parts.barrier_watch.run()),
                    ("halt", parts.halt_watch.run()),
                    ("tick", parts.tick.run()),
                )
            ]
            if parts.told is not None:
                helpers.append(group.create_task(parts.told.run(), name="outcomes"))
            await stop.wait()
            await self._finish()
            for helper in helpers:
                helper.cancel()

    async def _finish(self) -> None:
        """Send what is ready, within the bound, and commit."""
        engine, parts = self.engine, self.parts
        engine.is_finishing = True
        _log.info("service.stopping", waiting=engine.dispatch.waiting)
        deadline = loop_time() + self.settings.shutdown_drain_seconds
        parts.sender.wake()
        while not is_drained(engine.dispatch) and loop_time() < deadline:  # noqa: ASYNC110 - time is awaited too
            await asyncio.sleep(0.02)
        landed = await parts.sender.drain(max(0.0, deadline - loop_time()))
        is_clean = landed and not parts.sender.is_unsure
        await parts.committer.commit(engine.assignment, is_clean=is_clean)
        async with asyncio.TaskGroup() as flushed:
            flushed.create_task(parts.results.flush(_FLUSH_SECONDS))
            if parts.told is not None:
                flushed.create_task(parts.told.flush(_FLUSH_SECONDS))

    async def _close(self) -> None:
        parts = self.parts
        sinks = [parts.dead_letter_sink.close, parts.result_sink.close]
        if parts.told is not None:
            sinks.append(parts.told.close)
        for close in (self._leave, *sinks, parts.api.close, parts.ops.stop):
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await close()
        _log.info("service.stopped")

    async def _leave(self) -> None:
        """Leave the group, unless a request of ours may still change something at Planhat.

        Then the others get our partitions only when the session has timed out, as after a crash.
        """
        flying = self.engine.dispatch.in_flight
        if flying:
            _log.warning("service.left_in_silence", requests=flying)
        await self.parts.source.stop(leaves=not flying)


async def _joined(parts: Parts, stop: asyncio.Event) -> bool:
    """Join; False if we are told to stop before. Raises KafkaRefused."""
    failures = 0
    while not stop.is_set():
        failures += 1
        pause = 0.5 + backoff(failures, random.random())
        try:
            await parts.source.start(parts.membership)
        except KafkaUnavailable as error:
            _log.warning("kafka.unavailable", reason=str(error), attempts=failures)
        except KafkaBlocked as error:
            parts.blocked.note(str(error), loop_time())
            pause = min(pause, _LONGEST_PAUSE)  # so that it does not count as over meanwhile
        else:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()
    return False
