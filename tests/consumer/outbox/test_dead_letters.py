"""Rejected messages are resolved when the topic has them, not before, and all of them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from consumer.errors import KafkaTooLarge, KafkaUnavailable
from consumer.log import hide
from consumer.outbox.dead_letters import DeadLetters
from consumer.outbox.letter import headers
from tests.consumer.outbox.test_letter_queue import letter, names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from consumer.offsets.ticket import Ticket
    from consumer.outbox.letter import Letter


class Topic:
    """A topic that answers when it is open; values longer than `most` are refused."""

    def __init__(self, most: int = 100) -> None:
        self.writes: list[list[bytes | None]] = []
        self.records: list[bytes | None] = []
        self.most = most
        self.open = asyncio.Event()
        self.open.set()
        self.tried = asyncio.Event()
        self.broken = False

    async def write_each(self, letters: Sequence[Letter]) -> list[KafkaUnavailable | None]:
        self.writes.append([value for _, value, _ in letters])
        self.tried.set()
        await self.open.wait()
        outcomes = [self._outcome(value or b"") for _, value, _ in letters]
        self.records += [
            value for (_, value, _), error in zip(letters, outcomes, strict=True) if error is None
        ]
        return outcomes

    def _outcome(self, value: bytes) -> KafkaUnavailable | None:
        if self.broken:
            return KafkaUnavailable("no leader")
        return KafkaTooLarge("too large") if len(value) > self.most else None


class Desk:
    def __init__(self) -> None:
        self.topic = Topic()
        self.resolved: list[Ticket] = []
        self.letters = DeadLetters(self.topic.write_each, self.resolved.append, lambda: 0.0)

    def put(self, *numbers: int, size: int = 10) -> None:
        for number in numbers:
            self.letters.put(letter(number, size))

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.letters.run())
        try:
            yield
        finally:
            task.cancel()


async def test_many_fly_together_and_are_resolved_in_their_order() -> None:
    desk = Desk()
    desk.put(*range(20))

    async with desk.writing():
        await desk.letters.landed(5.0)

    assert len(desk.topic.writes) == 1
    assert names(desk.resolved) == list(range(20))


async def test_none_is_resolved_before_the_topic_has_it() -> None:
    desk = Desk()
    desk.topic.open.clear()
    desk.put(1, 2)

    async with desk.writing():
        await desk.topic.tried.wait()
        before = (names(desk.resolved), len(desk.letters._queue), desk.letters.messages)
        desk.topic.open.set()
        await desk.letters.landed(5.0)

    assert before == ([], 2, 2)
    assert (names(desk.resolved), len(desk.letters._queue)) == ([1, 2], 0)


async def test_one_that_is_too_large_goes_without_its_value_and_all_others_whole() -> None:
    desk = Desk()
    desk.put(0)
    desk.put(1, size=200)
    desk.put(2, 3)

    with capture_logs() as logs:
        async with desk.writing():
            await desk.letters.landed(5.0)

    assert sorted(names(desk.resolved)) == [0, 1, 2, 3]
    assert sorted(len(value or b"") for value in desk.topic.records) == [0, 10, 10, 10]
    assert [(line["event"], line["offset"], line["bytes"]) for line in logs] == [
        ("dead_letter.value_omitted", 1, 200)
    ]
    assert desk.letters.trouble is None


async def test_a_topic_that_takes_not_even_a_bare_letter_is_told() -> None:
    desk = Desk()
    desk.topic.most = -1
    desk.put(1)

    with capture_logs() as logs:
        async with desk.writing():
            await desk.letters.landed(5.0)

    assert desk.letters.trouble == "too large"
    assert [line["event"] for line in logs] == [
        "dead_letter.value_omitted",
        "dead_letters.unwritable",
    ]


async def test_what_was_forgotten_while_it_flew_is_not_resolved() -> None:
    desk = Desk()
    desk.topic.open.clear()
    desk.put(1, 2)

    async with desk.writing():
        await desk.topic.tried.wait()
        desk.letters.clear()
        desk.put(3)
        desk.topic.open.set()
        await desk.letters.landed(5.0)

    assert names(desk.resolved) == [3]


async def test_a_topic_that_fails_is_told_and_not_waited_for() -> None:
    desk = Desk()
    desk.topic.broken = True
    desk.put(1)

    with capture_logs() as logs:
        async with desk.writing():
            await desk.letters.landed(60.0)

    assert desk.letters.trouble is not None
    assert not desk.resolved
    assert logs == [
        {
            "event": "dead_letters.unwritable",
            "log_level": "error",
            "reason": "no leader",
            "waiting": 1,
        }
    ]


async def test_waiting_for_them_has_an_end() -> None:
    desk = Desk()
    desk.topic.open.clear()
    desk.put(1)

    async with desk.writing():
        await desk.topic.tried.wait()
        await desk.letters.landed(0.0)

    assert desk.resolved == []


def test_a_letter_tells_nothing_secret_and_no_address() -> None:
    hide("a-token-that-was-added-late")
    reason = "ann@example.com was refused with a-token-that-was-added-late"

    told = dict(headers(letter(1, reason=reason), 0.0))

    assert told["dl.reason"] == told["dl.error"] == b"a***@e***.com was refused with ***"
