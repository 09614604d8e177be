"""Joining the group at the start, however long that takes."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.clock import loop_time
from consumer.errors import KafkaBlocked, KafkaUnavailable
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from consumer.watch.blocked import Blocked

_log = structlog.get_logger("consumer.app")

_LONGEST_PAUSE = 10.0


class Joins(Protocol):
    """What is to be joined."""

    async def start(self) -> None:
        """Join the group; raises KafkaUnavailable, KafkaBlocked or KafkaRefused."""


async def joined(source: Joins, blocked: Blocked, stop: asyncio.Event) -> bool:
    """Join; False if we are told to stop before. Raises KafkaRefused."""
    failures = 0
    while not stop.is_set():
        failures += 1
        pause = 0.5 + backoff(failures, random.random())
        try:
            await source.start()
        except KafkaUnavailable as error:
            _log.warning("kafka.unavailable", reason=str(error), attempts=failures)
        except KafkaBlocked as error:
            blocked.note(str(error), loop_time())
            pause = min(pause, _LONGEST_PAUSE)  # so that it does not count as over meanwhile
        else:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()
    return False
