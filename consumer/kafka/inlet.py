"""A door to aiokafka: groups of records, each acknowledged whole or given up for good."""

from __future__ import annotations

import asyncio
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias

import structlog
from aiokafka.errors import (
    KafkaConnectionError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)

from consumer.kafka.connection import CLOSE_SECONDS, started, translated
from consumer.kafka.producer import SMALL_BATCH, made
from consumer.kafka.reader import in_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    import aiokafka

    from consumer.outbox.letter import Letter
    from consumer.settings.kafka import KafkaSettings

_TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError)
_Sent: TypeAlias = "asyncio.Future[aiokafka.structs.RecordMetadata]"
_log = structlog.get_logger("consumer.kafka")


class KafkaInlet:
    """Writes to one topic, for several callers at once.

    The records of a partition keep the order in which they were handed over. What was not
    acknowledged in time is given up with its producer: whoever sends it again, here or elsewhere,
    must not be overtaken by a try of ours that comes late.
    """

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        """Nothing is connected before `connect` or the first write."""
        self._settings = settings
        self._topic = topic
        self._producer: aiokafka.AIOKafkaProducer | None = None
        self._lock = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()

    async def connect(self, seconds: float) -> None:
        """Raise KafkaError unless the topic can be reached."""
        async with in_time(f" of topic {self._topic}", seconds), self._lock:
            await (await self._connected()).partitions_for(self._topic)

    async def write(self, letters: Sequence[Letter], seconds: float) -> set[int]:
        """Return when all replicas in sync have them, but for those (positions) too large for it.

        Raises KafkaError; some may be written then.
        """
        left = dict(enumerate(letters))
        too_large: set[int] = set()
        async with in_time(f" for topic {self._topic}", seconds):
            if left and not await self._try(left, too_large):
                # Some were refused together. What lies behind them in a partition is refused too
                # (its numbers are out of step), so that one after the other they keep their order.
                for at, letter in left.items():
                    await self._try({at: letter}, too_large)
        return too_large

    async def close(self) -> None:
        """Let go of the connection; what is not acknowledged is given up."""
        self._give_up(self._producer)
        await self._ended()

    async def _try(self, left: dict[int, Letter], too_large: set[int]) -> bool:
        """Take out of `left` what is acknowledged or too large; False if some are left.

        Raises KafkaError.
        """
        sent: dict[int, _Sent] = {}
        try:
            producer = await self._handed_over(left, sent)
            await asyncio.wait(sent.values())
        except BaseException:
            if sent:
                self._give_up(self._producer)
            for one in sent.values():
                one.cancel()
            raise
        is_alone = len(left) == 1
        refused, trouble = _settled(left, sent)
        if refused or trouble is not None:
            # After a failure an idempotent producer may be out of step with the broker for good.
            self._give_up(producer)
        if trouble is not None and not refused:
            raise trouble
        for at in refused:
            # A smaller one shared its batch with others: it may be one of them.
            if is_alone or len(left[at][1] or b"") > SMALL_BATCH:
                too_large.add(at)
                del left[at]
        return not left

    async def _handed_over(
        self, left: dict[int, Letter], sent: dict[int, _Sent]
    ) -> aiokafka.AIOKafkaProducer:
        """Give all to the producer, and add what they will become to `sent`."""
        # One group after the other: what two callers send of a key is not mixed.
        async with self._lock:
            producer = await self._connected()
            for at, (key, value, headers) in left.items():
                try:
                    one = await producer.send(self._topic, value, key, headers=list(headers))
                except MessageSizeTooLargeError as error:
                    one = asyncio.get_running_loop().create_future()
                    # Its traceback would keep the record in memory, in a circle with `sent`.
                    one.set_exception(error.with_traceback(None))
                sent[at] = one
        return producer

    async def _connected(self) -> aiokafka.AIOKafkaProducer:
        if self._producer is None:
            await self._ended()
            producer = made(self._settings, max_batch_size=SMALL_BATCH)
            await started(producer, self._settings)
            self._producer = producer
        return self._producer

    async def _ended(self) -> None:
        if self._ending:
            await asyncio.wait(self._ending)

    def _give_up(self, producer: aiokafka.AIOKafkaProducer | None) -> None:
        if producer is not None and self._producer is producer:
            self._producer = None
            ending = asyncio.get_running_loop().create_task(_end(producer))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)


def _settled(
    left: dict[int, Letter], sent: dict[int, _Sent]
) -> tuple[set[int], BaseException | None]:
    """Take out what is acknowledged; give what is refused for its size, and what else happened."""
    refused = set()
    trouble: BaseException | None = None
    for at, one in sent.items():
        error = KafkaConnectionError() if one.cancelled() else one.exception()
        if error is None:
            del left[at]
        elif isinstance(error, _TOO_LARGE):
            refused.add(at)
        else:
            trouble = error
    return refused, trouble


async def _end(producer: aiokafka.AIOKafkaProducer) -> None:
    """End it now. An idempotent one would try for ever, also after `stop` was waited for."""
    sender = producer._sender  # noqa: SLF001 - there is no public way to give up what it holds
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            if sender.sender_task is not None:
                sender.sender_task.cancel()
            await producer.client.close()
            if sender.sender_task is not None:
                await asyncio.wait([sender.sender_task])
            held = producer._message_accumulator  # noqa: SLF001 - likewise
            held.fail_all(KafkaConnectionError())
            for batch in chain(held._pending_batches, *held._batches.values()):  # noqa: SLF001 - likewise
                if batch._drain_waiter.done():  # noqa: SLF001 - else asyncio logs that nobody asked
                    batch._drain_waiter.exception()  # noqa: SLF001 - likewise
            await producer.stop()
    except Exception as error:  # noqa: BLE001 - nothing can be done with it any more
        _log.warning("kafka.not_closed", reason=str(translated(error)))
