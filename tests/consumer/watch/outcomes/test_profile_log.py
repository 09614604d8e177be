"""Lines of single profiles: whom they are about, at which level, and what they cost when off."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from consumer import log
from consumer.lanes.part import Ended, Part
from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.offsets.ticket import Backlog, Receipt, Ticket
from consumer.watch.outcomes.profile_log import ProfileLog
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.log import Level


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave the logs to other tests as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def end(key: str) -> Ended:
    record = Record(Partition("hull.events", 3), 17, None, b"{}")
    receipt = Receipt(Ticket(record, Offsets(), Backlog()), None, "user:update", key)
    return Ended(Part(Resource.ENDUSERS, key, {}, (), receipt), "delivered", change="created")


def told(level: Level, sample: float, profiles: int = 1000) -> list[dict[str, Any]]:
    out = io.StringIO()
    log.configure(level, stream=out)
    profile_log = ProfileLog(sample)
    for number in range(profiles):
        profile_log.delivered(end(f"user-{number}"))
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_says_whom_it_is_about_and_where_the_message_lies() -> None:
    [line] = told("debug", 0.0, profiles=1)

    del line["timestamp"]
    assert line == {
        "level": "debug",
        "event": "outgoing.user.success",
        "logger": "consumer",
        "topic": "hull.events",
        "partition": 3,
        "offset": 17,
        "hull_id": "user-0",
        "channel": "user:update",
        "change": "created",
    }


@pytest.mark.parametrize(("level", "lines"), [("info", 0), ("debug", 1000)])
def test_without_a_sample_profiles_are_told_of_at_debug_only(level: Level, lines: int) -> None:
    assert len(told(level, 0.0)) == lines


def test_a_sample_is_told_of_at_info_and_is_always_the_same() -> None:
    first = [line["hull_id"] for line in told("info", 0.1)]
    second = [line["hull_id"] for line in told("info", 0.1)]

    assert 50 < len(first) < 200
    assert first == second


def test_a_sample_of_all_is_all() -> None:
    assert {line["level"] for line in told("info", 1.0)} == {"info"}


def test_an_error_is_told_of_always() -> None:
    out = io.StringIO()
    log.configure("error", stream=out)
    refused = end("u")
    ProfileLog().rejected(Ended(refused.part, "rejected", "400 no such jane@acme.com"))

    line = json.loads(out.getvalue())
    assert (line["event"], line["reason"]) == ("outgoing.user.error", "400 no such j***@a***.com")
