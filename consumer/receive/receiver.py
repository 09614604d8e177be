"""The life of the receiver: it listens, tells whether it may be counted on, drains, and leaves."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import structlog

from consumer.clock import loop_time
from consumer.errors import KafkaError, KafkaRefused
from consumer.kafka.inlet import KafkaInlet
from consumer.log.repeats import Repeats
from consumer.receive.bodies import Bodies
from consumer.receive.extracts import Extracts
from consumer.receive.fetch import Fetch
from consumer.receive.flow import Sizes
from consumer.receive.keys import Keys
from consumer.receive.posts import Posts
from consumer.receive.signature import NoKey
from consumer.settings.secret import mounted
from consumer.watch.metrics import Metrics
from consumer.watch.port.ops import Ops
from planhat_client.retry import backoff
from schemas.settings_error import InvalidSettings
from schemas.shown import shown_path

if TYPE_CHECKING:
    from consumer.settings import Settings
    from consumer.settings.receive import ReceiveSettings

_CONNECT_SECONDS: Final = 20.0
_LARGEST_KEY: Final = 64 * 1024
_log = structlog.get_logger("consumer.receive")


class Receiver:
    """Writes what Hull posts into the topic, until told to stop."""

    def __init__(self, settings: Settings) -> None:
        """Nothing listens before `run`; raises InvalidSettings."""
        receive, kafka = settings.receive, settings.kafka
        receive.insist()
        self.settings = settings
        self.metrics = metrics = Metrics(version("hull-planhat"))
        self._topic = kafka.topics[0]
        self._inlet = KafkaInlet(kafka, self._topic)
        self._fetch = Fetch(receive.hosts)
        self._extracts = Extracts(self._fetch, self._inlet.write, metrics)
        self._posts = Posts(
            self._inlet.write,
            Bodies(
                receive.max_body,
                receive.max_pending_bytes,
                lambda size: metrics.gauge("receive_pending_bytes", size),
            ),
            Sizes(receive.size, receive.max_body),
            Keys(self._fetch, _pinned(receive)) if receive.needs_signature else None,
            receive.token,
            self._extracts,
            metrics,
        )
        self._is_connected = False
        self.ops = Ops(self, metrics, self._posts.routes())

    def healthy(self) -> tuple[bool, str]:
        """Whoever is answered knows that it turns."""
        return True, "listening"

    def ready(self) -> tuple[bool, str]:
        """Whether posts may come; without Kafka it answers itself that they must come again."""
        if self._posts.is_stopping:
            return False, "stopping"
        if not self._is_connected:
            return False, "not connected to Kafka yet"
        return True, f"Kafka does not take it: {self._posts.trouble}" if self._posts.trouble else ""

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; raises KafkaRefused, PortTaken."""
        http = self.settings.http
        await self.ops.start(http.host, http.port)
        try:
            if await self._connected(stop):
                _log.info("receive.started", topic=self._topic)
                await stop.wait()
            _log.info("receive.stopping")
            await self._posts.stop(self.settings.shutdown_drain_seconds)
            await self._extracts.stop()
        finally:
            for close in (self._inlet.close, self._fetch.close, self.ops.stop):
                with suppress(KafkaError):
                    await close()
            _log.info("receive.stopped")

    async def _connected(self, stop: asyncio.Event) -> bool:
        """Reach the topic; False if we are told to stop before."""
        failures = 0
        repeats = Repeats()
        while not stop.is_set():
            try:
                await self._inlet.connect(_CONNECT_SECONDS)
            except KafkaRefused:
                raise
            except KafkaError as error:
                failures += 1
                if repeats.is_due(str(error), loop_time()):
                    _log.warning("kafka.unavailable", reason=str(error), attempts=failures)
            else:
                self._is_connected = True
                self.metrics.gauge("ready", 1)
                return True
            with suppress(TimeoutError):
                async with asyncio.timeout(backoff(failures, random.random())):
                    await stop.wait()
        return False


def _pinned(receive: ReceiveSettings) -> str:
    """Read the key that alone counts, if one is set; raises InvalidSettings."""
    path = receive.public_key_file
    if path is None:
        return ""
    try:
        text = mounted(path, _LARGEST_KEY).decode("utf-8", "replace")
        Keys(Fetch(()), text)
    except (OSError, NoKey) as error:
        why = getattr(error, "strerror", None) or error
        raise InvalidSettings(f"RECEIVE_PUBLIC_KEY_FILE: {shown_path(path)}: {why}") from None
    return text
