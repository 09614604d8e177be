"""Results are written beside the deliveries, and told when they cannot be."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from consumer.errors import KafkaRefused, KafkaUnavailable
from consumer.lanes.part import Ended, Part
from consumer.outbox.results import Results
from schemas.planhat import Resource
from tests.consumer.lane_bench import receipt
from tests.consumer.virtual_time import in_no_time

if TYPE_CHECKING:
    from collections.abc import Sequence


class Topic:
    """A topic that can be closed; `tries` counts the writes."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes, bytes]] = []
        self.broken: Exception | None = None
        self.tried = asyncio.Event()
        self.failed = asyncio.Event()
        self.hangs = False
        self.tried_at: list[float] = []

    async def write_all(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        self.tried_at.append(asyncio.get_running_loop().time())
        self.tried.set()
        await asyncio.sleep(0)
        if self.hangs:
            await asyncio.Event().wait()
        if self.broken is not None:
            self.failed.set()
            raise self.broken
        self.records += records


class Desk:
    def __init__(self, most: int = 100, random: float = 0.0) -> None:
        self.topic = Topic()
        self.counts: Counter[str] = Counter()
        self.results = Results(self.topic.write_all, self.ended, lambda: random, most)

    def ended(self, outcome: str, count: int) -> None:
        self.counts[outcome] += count

    def deliver(self, number: int) -> None:
        part = Part(Resource.ENDUSERS, f"u{number}", {}, (), receipt())
        self.results.note(Ended(part, "delivered", "", f"p{number}", "updated"))


async def test_what_is_delivered_is_written_keyed_by_the_hull_id() -> None:
    desk = Desk()
    for number in range(3):
        desk.deliver(number)

    writing = asyncio.create_task(desk.results.run())
    await desk.results.flush(5.0)
    writing.cancel()

    assert [key for key, _ in desk.topic.records] == [b"u0", b"u1", b"u2"]
    assert [json.loads(value)["planhat_id"] for _, value in desk.topic.records] == [
        "p0",
        "p1",
        "p2",
    ]
    assert desk.counts == {"written": 3}


async def test_what_could_not_be_written_is_written_when_the_topic_is_back() -> None:
    desk = Desk()
    desk.topic.broken = KafkaUnavailable("no leader")
    desk.deliver(1)
    with capture_logs() as logs:
        writing = asyncio.create_task(desk.results.run())
        await desk.topic.failed.wait()
        desk.topic.broken = None
        await desk.results.flush(5.0)
    writing.cancel()

    assert [key for key, _ in desk.topic.records] == [b"u1"]
    told = [(line["event"], line["reason"], line["waiting"]) for line in logs]
    assert told == [("results.unwritable", "no leader", 1)]


async def test_a_topic_that_refuses_us_is_told_once_a_minute_and_not_for_each_try() -> None:
    desk = Desk()
    desk.topic.broken = KafkaRefused("no rights")
    desk.deliver(1)
    with capture_logs() as logs:
        writing = asyncio.create_task(desk.results.run())
        for _ in range(3):
            desk.topic.tried.clear()
            await desk.topic.tried.wait()
        writing.cancel()
        await asyncio.wait([writing])

    told = [line for line in logs if line["event"] == "results.unwritable"]
    assert [(line["reason"], line["log_level"]) for line in told] == [("no rights", "error")]


async def test_what_gives_way_to_newer_results_is_counted() -> None:
    desk = Desk(most=5)
    desk.topic.broken = KafkaUnavailable("no leader")
    for number in range(8):
        desk.deliver(number)
    writing = asyncio.create_task(desk.results.run())
    await desk.topic.tried.wait()
    desk.topic.broken = None
    await desk.results.flush(5.0)
    writing.cancel()

    assert desk.counts == {"written": 5, "dropped": 3}


async def test_what_is_lost_at_the_end_is_told() -> None:
    desk = Desk()
    desk.topic.broken = KafkaUnavailable("no leader")
    desk.deliver(1)
    desk.deliver(2)

    with capture_logs() as logs:
        await desk.results.flush(0.01)

    assert desk.counts == {"dropped": 2}
    assert [(line["event"], line["dropped"]) for line in logs] == [("results.dropped", 2)]


async def test_nothing_to_write_holds_nobody_up() -> None:
    await Desk().results.flush(60.0)


def tries(desk: Desk, seconds: float) -> list[float]:
    """The times between the tries to write, within so many seconds."""

    async def write() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await desk.results.run()

    in_no_time(write())
    return [later - earlier for earlier, later in pairwise(desk.topic.tried_at)]


def test_a_topic_that_fails_is_tried_less_and_less_often() -> None:
    desk = Desk(random=0.5)
    desk.topic.broken = KafkaUnavailable("no leader")
    desk.deliver(1)

    gaps = tries(desk, 120.0)

    assert gaps[:5] == pytest.approx([0.25, 0.5, 1.0, 2.0, 4.0])
    assert gaps[-1] == pytest.approx(15.0)
    assert len(desk.results) == 1


def test_a_topic_that_never_answers_is_tried_again() -> None:
    desk = Desk()
    desk.topic.hangs = True
    desk.deliver(1)

    with capture_logs() as logs:
        gaps = tries(desk, 100.0)

    assert len(gaps) >= 2
    assert [line["reason"] for line in logs] == ["time-out"]
    assert len(desk.results) == 1


async def test_what_was_being_written_when_the_service_ends_is_told_as_lost() -> None:
    desk = Desk()
    desk.topic.hangs = True
    desk.deliver(1)
    writing = asyncio.create_task(desk.results.run())
    await desk.topic.tried.wait()

    writing.cancel()
    await asyncio.wait([writing])
    await desk.results.flush(0.0)

    assert desk.counts == {"dropped": 1}
