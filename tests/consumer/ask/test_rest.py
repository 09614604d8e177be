"""Who looks rests long while nothing is in work, and no longer than until something is."""

from __future__ import annotations

import asyncio

import pytest

from consumer.ask.rest import IDLE_SECONDS, Rest
from consumer.clock import loop_time
from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from tests.consumer.joined import joined, rules_of
from tests.consumer.virtual_time import in_no_time

BUSY_SECONDS = 0.1
USER = b'{"user": {"id": "u", "email": "u@a.com"}, "account": {"id": "a", "external_id": "a"},\
 "segments": [{"id": "s"}]}'
SETTINGS = """
contact_synchronized_segments: [s]
contact_attributes_outbound: [{hull_field_name: email, service_field_name: email}]
"""


class Desk:
    """One who rests, beside an engine that has nothing to do."""

    def __init__(self) -> None:
        self.engine = joined(rules_of(SETTINGS))
        self.engine.companies_read([], 0.0)
        self.rest = Rest(self.engine, BUSY_SECONDS)

    def read(self) -> None:
        record = Record(Partition("events", 0), 0, b"u", USER, ())
        self.engine.take([record], Offsets(0, ""), loop_time())

    async def rested(self) -> float:
        started = loop_time()
        await self.rest.take()
        return loop_time() - started


def test_a_rest_is_long_while_nothing_is_in_work() -> None:
    desk = Desk()

    assert in_no_time(desk.rested()) == pytest.approx(IDLE_SECONDS)


def test_a_rest_is_short_while_a_record_is_in_work() -> None:
    async def rested() -> float:
        desk = Desk()
        desk.read()
        return await desk.rested()

    assert in_no_time(rested()) == pytest.approx(BUSY_SECONDS)


def test_a_rest_is_short_while_planhat_halts_us() -> None:
    desk = Desk()
    desk.engine.halts.read_refused("users", 401, "401 Unauthorized", 0.0)

    assert in_no_time(desk.rested()) == pytest.approx(BUSY_SECONDS)


def test_a_rest_is_short_before_the_companies_were_read() -> None:
    rest = Rest(joined(), BUSY_SECONDS)

    async def rested() -> float:
        started = loop_time()
        await rest.take()
        return loop_time() - started

    assert in_no_time(rested()) == pytest.approx(BUSY_SECONDS)


def test_work_ends_a_long_rest() -> None:
    async def rested() -> float:
        desk = Desk()
        asyncio.get_running_loop().call_later(0.5, desk.rest.work_came)
        return await desk.rested()

    assert in_no_time(rested()) == pytest.approx(0.5)


def test_more_work_does_not_shorten_the_rests_of_who_has_some() -> None:
    async def rested() -> float:
        desk = Desk()
        desk.read()
        asyncio.get_running_loop().call_later(0.01, desk.rest.work_came)
        return await desk.rested()

    assert in_no_time(rested()) == pytest.approx(BUSY_SECONDS)
