"""The sender on a real loop: who goes when, while answers are held back at will."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import orjson
import pytest

from consumer.engine.pace import Pace
from consumer.send import Sender
from planhat_client.protocol import Delivered, Retry
from schemas.planhat import Resource
from tests.consumer.engine_run import Engine, account, account_message

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from consumer.lanes.batch import Batch
    from planhat_client.protocol import Answer

PATIENCE_SECONDS = 20.0


class Held:
    """Planhat, which answers when it is told to; tells which companies came, and how often."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.told: list[str] = []
        self.first_told = asyncio.Event()
        self._answers: dict[str, asyncio.Future[Answer]] = {}
        self._changed = asyncio.Event()

    async def upsert(self, _resource: Resource, items: Sequence[bytes]) -> Answer:
        name = "+".join(orjson.loads(item)["externalId"] for item in items)
        self.came.append(name)
        self._answers[name] = asyncio.get_running_loop().create_future()
        self._changed.set()
        return await self._answers[name]

    async def track(self, items: Sequence[bytes]) -> Answer:
        return await self.upsert(Resource.ACTIVITIES, items)

    def batch_sent(self, batch: Batch, answer: Answer, _seconds: float) -> None:
        self.first_told.set()
        self.told.append(f"{len(batch.items)} {type(answer).__name__}")

    async def landed(self, _seconds: float) -> None: ...

    def clear(self) -> None: ...

    def answer(self, name: str, answer: Answer | None = None) -> None:
        self._answers[name].set_result(answer or Delivered(None, is_whole=True))

    def fail(self, name: str) -> None:
        self._answers[name].set_exception(RuntimeError("a bug of ours"))

    async def until(self, *came: str) -> None:
        """Wait until these, and no others, came in this order."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.came != [*came]:
                self._changed.clear()
                await self._changed.wait()


class Bench:
    """An engine with a sender, for companies."""

    def __init__(self, concurrency: int, batch_size: int = 1) -> None:
        self.api = Held()
        self.pace = Pace.AT_ONCE
        self.engine = Engine(concurrency=concurrency, batch_size=batch_size)
        self.sender = Sender(
            self.engine.core,
            self.api,
            self.api.batch_sent,
            self.api,
            lambda: self.pace,
            PATIENCE_SECONDS,
        )

    def take(self, *numbers: int) -> None:
        self.engine.now = asyncio.get_running_loop().time()
        self.engine.take(*(account_message(account(number)) for number in numbers))
        self.sender.wake()


@asynccontextmanager
async def running(concurrency: int, batch_size: int = 1) -> AsyncIterator[Bench]:
    bench = Bench(concurrency, batch_size)
    work = asyncio.create_task(bench.sender.run())
    try:
        yield bench
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def test_all_that_may_go_is_in_the_air_at_once() -> None:
    async with running(concurrency=3) as bench:
        bench.take(1, 2, 3, 4)
        await bench.api.until("a-1", "a-2", "a-3")

        assert bench.engine.dispatch.in_flight == 3


async def test_who_is_answered_makes_room_for_the_next() -> None:
    async with running(concurrency=2) as bench:
        bench.take(1, 2, 3)
        await bench.api.until("a-1", "a-2")
        bench.api.answer("a-2")

        await bench.api.until("a-1", "a-2", "a-3")


async def test_the_changes_of_a_profile_follow_each_other() -> None:
    async with running(concurrency=2) as bench:
        bench.take(1)
        await bench.api.until("a-1")
        bench.engine.take(account_message(account(1, name="Another")))
        bench.sender.wake()
        bench.api.answer("a-1")

        await bench.api.until("a-1", "a-1")


async def test_a_retry_goes_when_it_is_due_while_all_others_are_slow() -> None:
    async with running(concurrency=2) as bench:
        bench.take(1, 2, 3)
        await bench.api.until("a-1", "a-2")
        bench.api.answer("a-1", Retry("503", 503))
        await bench.api.until("a-1", "a-2", "a-3")
        bench.api.answer("a-3")

        await bench.api.until("a-1", "a-2", "a-3", "a-1")


async def test_a_bug_in_the_way_to_planhat_costs_a_try() -> None:
    async with running(concurrency=1) as bench:
        bench.take(1)
        await bench.api.until("a-1")
        bench.api.fail("a-1")
        await bench.api.until("a-1", "a-1")

        assert bench.api.told == ["1 Retry"]


async def test_what_is_read_meanwhile_is_gathered_before_anything_more_goes() -> None:
    async with running(concurrency=2, batch_size=2) as bench:
        bench.take(1)
        await bench.api.until("a-1")
        bench.pace = Pace.GATHER
        bench.take(2)
        bench.api.answer("a-1")
        await bench.api.first_told.wait()
        bench.pace = Pace.AT_ONCE
        bench.take(3)

        await bench.api.until("a-1", "a-2+a-3")


@pytest.mark.parametrize(("answered", "landed"), [(True, True), (False, False)])
async def test_landing_is_waited_for_as_long_as_is_said(answered: bool, landed: bool) -> None:  # noqa: FBT001 - a case
    async with running(concurrency=2) as bench:
        bench.take(1, 2)
        await bench.api.until("a-1", "a-2")
        bench.api.answer("a-1")
        if answered:
            bench.api.answer("a-2")

        assert await bench.sender.drain(PATIENCE_SECONDS if answered else 0.05) is landed
