"""A door to aiokafka: writes to topics for the commands, acknowledged by all replicas in sync."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

import aiokafka

from consumer.kafka.connection import CLOSE_SECONDS, connection
from consumer.kafka.credentials import keep_renewed
from consumer.kafka.topic_reader import told

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from types import TracebackType

    from consumer.offsets.record import Headers
    from consumer.settings.kafka_settings import KafkaSettings

_ANSWER_SECONDS: Final = 20.0
_LARGEST_BATCH: Final = 1 << 18


class TopicWriter:
    """Used by `async with`; raises KafkaUnavailable and KafkaRefused, each wait is bounded."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Nothing is connected yet."""
        self._settings = settings
        self._producer: aiokafka.AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        """Connect."""
        producer = aiokafka.AIOKafkaProducer(
            **connection(self._settings),
            acks="all",
            enable_idempotence=True,
            compression_type="gzip",
            linger_ms=20,
            max_batch_size=_LARGEST_BATCH,
            request_timeout_ms=round(_ANSWER_SECONDS * 1000),
            max_request_size=16 << 20,
            client_id="hull-planhat",
        )
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await producer.start()
        except BaseException as error:
            await producer.stop()
            raise told(error, f" from {self._settings.bootstrap_servers}") from error
        keep_renewed(producer, self._settings)
        self._producer = producer
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the connection; what was not acknowledged may be lost."""
        if self._producer is not None:
            # It would wait for brokers that are gone for as long as they are.
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._producer.stop()

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
    ) -> Awaitable[int]:
        """Hand a record over; what is returned gives its offset once it is safe.

        Without a partition the key chooses it, as Kafka's own clients do (murmur2).
        """
        assert self._producer is not None  # noqa: S101 - used by `async with`
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                future = await self._producer.send(
                    topic, value, key, partition, headers=list(headers)
                )
        except Exception as error:
            raise told(error, f" for topic {topic}") from error
        return _offset(topic, future)


async def _offset(topic: str, future: asyncio.Future[aiokafka.structs.RecordMetadata]) -> int:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            return int((await future).offset)
    except Exception as error:
        raise told(error, f" for topic {topic}") from error
