"""A summary tells how the metrics of a member grew, how things are, and what happened."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec

from consumer.cli.schema import schema_text
from consumer.log.troubles import Troubles
from consumer.watch.metrics import Metrics
from consumer.watch.topic.summary import Summaries
from schemas.outcome.member import Calls, Count, Happening, Summary

RUN = 1_764_000_000_000
START = RUN / 1000


class Desk:
    def __init__(self) -> None:
        self.metrics = Metrics("1")
        self.troubles = Troubles()
        self.summaries = Summaries(
            "pod-0", RUN, "1.2.3", self.metrics.registry.collect, self.troubles
        )

    def take(self, seconds: float = 60.0, **more: Any) -> Summary:  # noqa: ANN401 - as it takes them
        return self.summaries.take(START + seconds, **more)


def test_it_tells_whose_it_is_and_of_which_span() -> None:
    desk = Desk()
    desk.take(60)
    found = desk.take(120, waiting=3, dropped=4)

    assert (found.member, found.run, found.version) == ("pod-0", RUN, "1.2.3")
    assert (found.since, found.at) == (RUN + 60_000, RUN + 120_000)
    assert (found.outcomes_waiting, found.outcomes_dropped, found.is_last) == (3, 4, False)


def test_messages_are_counted_by_ending_and_reason_of_its_span_only() -> None:
    desk = Desk()
    desk.metrics.messages.note("user:update", "delivered", "")
    desk.take(60)
    for channel in ("user:update", "account:update", "user:update"):
        desk.metrics.messages.note(channel, "delivered", "")
    desk.metrics.messages.note("user:update", "skipped", "No mapped attribute changed.")

    found = desk.take(120)

    assert [(one.ending, one.count) for one in found.messages] == [("delivered", 3), ("skipped", 1)]
    assert found.messages[0] == Count("delivered", 3)


def test_calls_are_counted_by_status_and_those_that_were_throttled() -> None:
    desk = Desk()
    desk.metrics.request("endusers", "ok", 0.2, 5)
    desk.metrics.request("endusers", "429", 0.1)
    desk.metrics.request("companies", "429", 0.1)

    found = desk.take()

    assert found.calls == (
        Calls("companies", "429", 1),
        Calls("endusers", "429", 1),
        Calls("endusers", "ok", 1),
    )
    assert found.throttled == 2


def test_latencies_are_histograms_whose_counts_stand_for_themselves() -> None:
    desk = Desk()
    for seconds in (0.01, 0.2, 0.2, 99_999.0):
        desk.metrics.observe("delivery_seconds", "endusers", seconds)

    (found,) = desk.take().latencies

    assert (found.of, found.resource) == ("delivery", "endusers")
    assert len(found.counts) == len(found.bounds) + 1
    assert (sum(found.counts), found.counts[0], found.counts[-1]) == (4, 1, 1)
    assert found.counts[found.bounds.index(0.25)] == 2
    assert desk.take(120).latencies == ()


def test_partitions_lanes_and_quota_are_those_of_now() -> None:
    desk = Desk()
    desk.metrics.lags({("hull.events", 3): 17}, {("hull.events", 3): 1.5})
    desk.metrics.gauge("waiting", 4, "endusers")
    desk.metrics.gauge("breaker_state", 2, "endusers")
    desk.metrics.gauge("quota_limit", 150)
    desk.metrics.gauge("halted", 1, "wrong host")

    found = desk.take()

    (partition,) = found.partitions
    assert (partition.topic, partition.partition, partition.lag) == ("hull.events", 3, 17)
    assert partition.age == 1.5
    lane = next(one for one in found.lanes if one.resource == "endusers")
    assert (lane.waiting, lane.breaker) == (4, "open")
    assert (found.quota_limit, found.halted) == (150, "wrong host")


def test_troubles_are_those_that_came_since() -> None:
    desk = Desk()
    line = {"level": "warning", "event": "batch.sent", "reason": "400 bad"}
    at = "2025-11-24T16:00:00.000Z"
    desk.troubles.note({**line, "timestamp": at})
    first = desk.take(60)
    nothing = desk.take(120)
    desk.troubles.note({**line, "timestamp": at})
    again = desk.take(180)

    assert [(one.event, one.reason, one.count) for one in first.troubles] == [
        ("batch.sent", "400 bad", 1)
    ]
    assert first.troubles[0].last_at == RUN
    assert nothing.troubles == ()
    assert [one.count for one in again.troubles] == [1]


def test_a_halt_is_told_when_it_begins_and_when_it_ends() -> None:
    desk = Desk()
    for seconds, halts in enumerate([[], ["wrong host"], ["wrong host"], []]):
        desk.summaries.look(halts, START + seconds)

    assert desk.take().happenings == (
        Happening(RUN + 1000, "halted", "wrong host"),
        Happening(RUN + 3000, "resumed", "wrong host"),
    )
    assert desk.take(120).happenings == ()


def test_it_is_time_once_a_minute_and_when_the_clock_was_set_back() -> None:
    desk = Desk()
    due = [desk.summaries.look([], START + seconds) for seconds in (1, 59, 60, 61)]
    desk.take(61)
    later = [desk.summaries.look([], START + seconds) for seconds in (62, 120, 121, -5)]

    assert due == [False, False, True, True]
    assert later == [False, False, True, True]


def test_it_fits_the_schema() -> None:
    desk = Desk()
    desk.metrics.request("endusers", "ok", 0.2, 5)
    desk.summaries.note("started", "", START)
    told = json.loads(msgspec.json.encode(desk.take(is_last=True)))

    jsonschema.Draft202012Validator(json.loads(schema_text("outcome"))).validate(told)
