"""Every wait for Kafka is bounded, and says how long it was."""

from __future__ import annotations

import asyncio

import pytest

from consumer.errors import KafkaError, KafkaRefused, KafkaUnavailable
from consumer.kafka.reader import in_time


async def test_who_does_not_answer_is_named_with_the_seconds_that_were_waited() -> None:
    with pytest.raises(KafkaUnavailable, match=r"^no answer for topic events in 0\.01 s$"):
        async with in_time(" for topic events", 0.01):
            await asyncio.Event().wait()


async def test_our_own_errors_come_out_as_they_are() -> None:
    refused = KafkaRefused("no rights")

    with pytest.raises(KafkaError) as told:
        async with in_time():
            raise refused

    assert told.value is refused


async def test_who_is_cancelled_is_cancelled() -> None:
    waiting = asyncio.create_task(_wait())
    await asyncio.sleep(0)
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting


async def _wait() -> None:
    async with in_time():
        await asyncio.Event().wait()
