"""A door to aiokafka: writing, acknowledged by all replicas in sync.

`KafkaSink` is the service's, for dead letters, results and outcomes; `TopicWriter` the commands'.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal, Self, TypeAlias

import aiokafka
import structlog
from aiokafka.errors import MessageSizeTooLargeError

from consumer.errors import KafkaError, KafkaUnavailable
from consumer.kafka.connection import CLOSE_SECONDS, connection, door, started, translated
from consumer.kafka.reader import in_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from consumer.offsets.record import Headers
    from consumer.outbox.letter import Letter
    from consumer.settings.kafka import KafkaSettings

_log = structlog.get_logger("consumer.kafka")

_WRITE_SECONDS = 30.0
_ANSWER_SECONDS: Final = 20.0
SMALL_BATCH: Final = 1 << 16
"""Of what one request writes to a partition: small enough for any topic, so that only a record
that is too large by itself is refused for its size."""
_LARGE_BATCH: Final = 1 << 18

_Sent: TypeAlias = "asyncio.Future[aiokafka.structs.RecordMetadata]"


Codec = Literal["gzip", "zstd"]


def made(
    settings: KafkaSettings, codec: Codec = "gzip", **options: int
) -> aiokafka.AIOKafkaProducer:
    """Make what writes records that all replicas in sync acknowledge; nothing is connected."""
    return aiokafka.AIOKafkaProducer(
        **connection(settings),
        **options,
        acks="all",
        enable_idempotence=True,
        # A rejected record is written with headers added: uncompressed, the largest ones would not
        # fit into a topic with the limits of the one they came from.
        compression_type=codec,
        request_timeout_ms=round(_ANSWER_SECONDS * 1000),
        max_request_size=16 << 20,
        client_id="hull-planhat",
    )


class KafkaSink:
    """Writes to one topic, acknowledged by all replicas in sync."""

    def __init__(self, settings: KafkaSettings, topic: str, codec: Codec = "gzip") -> None:
        """Nothing is connected before the first write; zstd costs a twentieth of gzip's time."""
        self._settings = settings
        self._codec = codec
        self._topic = topic
        self._producer: aiokafka.AIOKafkaProducer | None = None

    async def write_each(self, letters: Sequence[Letter]) -> list[KafkaUnavailable | None]:
        """Say of each record, in order: None when all replicas in sync have it, or why not.

        All are on their way at once. One that is refused keeps none before it out; those behind it
        may fail with it.
        """
        sent: list[_Sent] = []
        trouble = KafkaUnavailable(f"no acknowledgement in {_WRITE_SECONDS:g} s")
        try:
            async with asyncio.timeout(_WRITE_SECONDS):
                await self._hand_over(letters, sent)
                if sent:
                    # It raises nothing: a traceback of here would keep the letters in a circle.
                    await asyncio.wait(sent)
        except TimeoutError:
            pass
        except KafkaError as error:
            trouble = KafkaUnavailable(str(error))
        finally:
            for one in sent:
                one.cancel()
        outcomes = [_outcome(one, trouble) for one in sent]
        outcomes += [trouble] * (len(letters) - len(sent))
        if any(outcomes):
            # After a failure an idempotent producer may be out of step with the broker for good.
            await self.close()
        return outcomes

    async def write_all(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Return when all (key, value) are safe; some may be if it raises KafkaUnavailable."""
        outcomes = await self.write_each([(key, value, ()) for key, value in records])
        for error in filter(None, outcomes):
            raise error

    async def _hand_over(self, letters: Sequence[Letter], sent: list[_Sent]) -> None:
        """Give records to the producer and add what they will become to `sent`."""
        with door():
            producer = await self._connected()
            for name, value, headers in letters:
                # Kafka takes a record without either, aiokafka's producer does not.
                key = b"" if name is None and value is None else name
                try:
                    one = await producer.send(self._topic, value, key, headers=list(headers))
                except MessageSizeTooLargeError as error:
                    one = asyncio.get_running_loop().create_future()
                    # Its traceback would keep the letter in memory, in a circle with `sent`.
                    one.set_exception(error.with_traceback(None))
                sent.append(one)

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
            producer = made(self._settings, self._codec, max_batch_size=SMALL_BATCH)
            await started(producer, self._settings)
            self._producer = producer
        return self._producer


def _outcome(one: _Sent, unknown: KafkaUnavailable) -> KafkaUnavailable | None:
    """What became of a record; `unknown` if that was not told in time."""
    if one.cancelled():
        return unknown
    error = one.exception()
    if not isinstance(error, Exception):
        return None
    told = translated(error)
    return told if isinstance(told, KafkaUnavailable) else KafkaUnavailable(str(told))


class TopicWriter:
    """Used by `async with`; raises KafkaUnavailable and KafkaRefused, each wait is bounded."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: aiokafka.AIOKafkaProducer

    async def __aenter__(self) -> Self:
        """Connect."""
        self._producer = made(self._settings, max_batch_size=_LARGE_BATCH, linger_ms=20)
        async with in_time(f" from {self._settings.bootstrap_servers}", _ANSWER_SECONDS):
            await started(self._producer, self._settings)
        return self

    async def __aexit__(self, *error: object) -> None:
        """Let go of the connection; what was not acknowledged may be lost."""
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
        async with in_time(f" for topic {topic}", _ANSWER_SECONDS):
            sent = await self._producer.send(topic, value, key, partition, headers=list(headers))
        return _offset(topic, sent)


async def _offset(topic: str, future: asyncio.Future[aiokafka.structs.RecordMetadata]) -> int:
    async with in_time(f" for topic {topic}", _ANSWER_SECONDS):
        found = await future
    return int(found.offset)
