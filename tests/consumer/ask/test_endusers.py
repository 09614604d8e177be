"""Endusers that moved are looked up one after the other, and a failure is no answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from consumer.ask.endusers import EnduserReader
from planhat_client.errors import (
    PlanhatError,
    PlanhatRejected,
    PlanhatThrottled,
    PlanhatUnauthorized,
    PlanhatUnavailable,
)
from planhat_client.limiter import Limiter
from schemas.planhat import Resource
from tests.consumer.engine_run import Engine, account, account_message, user_message
from tests.consumer.virtual_time import in_no_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumer.engine.merge.choice import Key
    from planhat_client.endusers import Matches, Page

FOUND = "5e" + "0" * 22


class Asked:
    """Planhat, which gives its answers in turn."""

    def __init__(self, answers: Iterable[str | PlanhatError | None]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def enduser_id(self, external_id: str) -> str | None:
        self.asked.append(external_id)
        answer = self.answers.pop(0)
        if isinstance(answer, PlanhatError):
            raise answer
        return answer

    async def contacts(self, key: Key, value: str) -> Matches:
        raise AssertionError((key, value))

    async def contacts_page(self, offset: int) -> Page:
        raise AssertionError(offset)


class Desk:
    """An engine in which some users have moved."""

    def __init__(self, *answers: str | PlanhatError | None) -> None:
        self.gate = Limiter(6000, 6000)
        self.engine = Engine(gate=self.gate)
        self.engine.take(account_message(account(2)))
        self.engine.run()
        self.api = Asked(answers)
        self.let_go = asyncio.Event()
        self.told: list[str] = []
        self.reader = EnduserReader(
            self.api,
            self.engine.core,
            self.told.append,
            self.let_go.set,
        )

    def move(self, number: int) -> None:
        changes = {"is_new": False, "user": {}, "account": {"id": ["account-1", "account-2"]}}
        self.engine.take(user_message(number, account(2), changes=changes))

    async def read(self) -> None:
        """Read until somebody may go."""
        reading = asyncio.create_task(self.reader.run())
        async with asyncio.timeout(20):
            await self.let_go.wait()
        reading.cancel()
        await asyncio.wait([reading])

    @property
    def ready(self) -> int:
        return len(self.engine.lanes[Resource.ENDUSERS].ready)

    @property
    def known(self) -> str | None:
        return self.engine.lanes[Resource.ENDUSERS].memory.ids.get("user-1")


@pytest.mark.parametrize("answer", [FOUND, None])
async def test_who_was_looked_up_may_go(answer: str | None) -> None:
    desk = Desk(answer)
    desk.move(1)
    assert desk.ready == 0

    await desk.read()

    assert desk.api.asked == ["u-1"]
    assert desk.ready == 1
    assert desk.known == answer


@pytest.mark.parametrize("trouble", [PlanhatUnavailable("503", 0.0), PlanhatThrottled("429", 0.0)])
async def test_a_lookup_that_failed_is_made_again(trouble: PlanhatError) -> None:
    desk = Desk(trouble, FOUND)
    desk.move(1)

    with capture_logs() as logs:
        await desk.read()

    assert desk.api.asked == ["u-1", "u-1"]
    assert desk.known == FOUND
    assert [line["event"] for line in logs] == ["enduser.not_read"]


async def test_nobody_waits_behind_a_lookup_that_always_fails() -> None:
    desk = Desk(PlanhatUnavailable("500"), FOUND)
    desk.move(1)
    desk.move(2)

    await desk.read()

    assert desk.api.asked == ["u-1", "u-2"]
    assert desk.told == ["found"]
    assert len(desk.engine.planner.lookups) == 1


def test_a_lookup_that_fails_while_others_work_is_given_up_and_told_once() -> None:
    async def poison() -> Desk:
        desk = Desk(*[PlanhatUnavailable("500")] * 5)
        desk.move(1)
        reading = asyncio.create_task(desk.reader.run())
        async with asyncio.timeout(60):
            while not desk.let_go.is_set():
                desk.engine.dispatch.halts.works += 1  # something else works all the time
                await asyncio.sleep(0.05)
        reading.cancel()
        await asyncio.wait([reading])
        return desk

    with capture_logs() as logs:
        desk = in_no_time(poison())

    assert desk.told == ["given up"]
    assert desk.ready == 1
    assert desk.known is None
    events = [line["event"] for line in logs]
    assert events == ["enduser.not_read"] * 4 + ["enduser.given_up"]


async def test_a_lookup_that_will_never_be_answered_lets_the_user_go_without() -> None:
    desk = Desk(PlanhatRejected("400 more than one"))
    desk.move(1)

    with capture_logs() as logs:
        await desk.read()

    assert desk.ready == 1
    assert desk.known is None
    assert [line["event"] for line in logs] == ["enduser.not_found"]


async def test_a_refused_token_halts_and_nobody_goes() -> None:
    desk = Desk(PlanhatUnauthorized("401", 401))
    desk.move(1)
    reading = asyncio.create_task(desk.reader.run())
    async with asyncio.timeout(20):
        while not desk.engine.dispatch.halts.stops_all:  # noqa: ASYNC110 - the sign is no event
            await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])

    assert desk.ready == 0
    assert len(desk.engine.planner.lookups) == 1


async def test_each_lookup_counts_as_a_call() -> None:
    desk = Desk(FOUND)
    desk.move(1)

    await desk.read()

    assert desk.gate.used_ratio(asyncio.get_running_loop().time()) == pytest.approx(1 / 6000)


def test_a_lookup_that_is_told_to_wait_waits_for_as_long() -> None:
    async def seconds() -> float:
        desk, began = (
            Desk(PlanhatUnavailable("503", 17.0), FOUND),
            asyncio.get_running_loop().time(),
        )
        desk.move(1)
        await desk.read()
        return asyncio.get_running_loop().time() - began

    assert in_no_time(seconds()) == pytest.approx(17.0, abs=1.0)
