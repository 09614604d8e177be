"""Writing to Kafka: the dead letters, the results."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiokafka
import structlog

from consumer.errors import KafkaError, KafkaUnavailable
from consumer.kafka.connection import CLOSE_SECONDS, connection, door, translated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from consumer.dead_letters import Headers
    from consumer.settings.kafka_settings import KafkaSettings

_log = structlog.get_logger("consumer.kafka")

_WRITE_SECONDS = 30.0


class KafkaSink:
    """Writes to one topic, acknowledged by all replicas in sync."""

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        """Nothing is connected before the first write."""
        self._settings = settings
        self._topic = topic
        self._producer: aiokafka.AIOKafkaProducer | None = None

    async def write(self, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Return when the record is safe; raises KafkaUnavailable."""
        async with self._writing() as producer:
            await producer.send_and_wait(self._topic, value, key, headers=list(headers))

    async def write_all(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Return when all records, (key, value), are safe; raises KafkaUnavailable.

        If it raises, some may be written all the same.
        """
        async with self._writing() as producer:
            sent = [await producer.send(self._topic, value, key) for key, value in records]
            outcomes = await asyncio.gather(*sent, return_exceptions=True)
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[aiokafka.AIOKafkaProducer]:
        try:
            with door():
                async with asyncio.timeout(_WRITE_SECONDS):
                    yield await self._connected()
        except KafkaError as error:
            # After a failure an idempotent producer may be out of step with the broker for good.
            await self.close()
            raise KafkaUnavailable(str(error)) from error

    async def close(self) -> None:
        """Let go of the connection."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await producer.stop()
        except Exception as error:  # noqa: BLE001 - nothing can be done with it any more
            _log.warning("kafka.not_closed", reason=str(translated(error)))

    async def _connected(self) -> aiokafka.AIOKafkaProducer:
        if self._producer is None:
            producer = aiokafka.AIOKafkaProducer(
                **connection(self._settings),
                acks="all",
                enable_idempotence=True,
                # A rejected record is written with headers added: uncompressed, the largest ones
                # would not fit into a topic with the limits of the one they came from.
                compression_type="gzip",
                request_timeout_ms=20_000,
                max_request_size=16 << 20,
                client_id="hull-planhat",
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer
