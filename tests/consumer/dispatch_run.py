"""Lanes and their dispatch, with a Planhat that answers in no time: minutes for a test."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from consumer.engine.pace import Pace
from consumer.lanes.batch import Batch
from consumer.lanes.part import Part
from planhat_client.limiter import Limiter
from planhat_client.protocol import Answer, Delivered, Retry
from planhat_client.sparing import Sparing
from schemas.planhat import BulkResult, Resource
from tests.consumer.joined import joined
from tests.consumer.lane_bench import receipt

if TYPE_CHECKING:
    from collections.abc import Iterable

MAIN = (Resource.COMPANIES, Resource.ENDUSERS, Resource.LICENSES)
START = 1_000.0

Change = tuple[float, Resource, str]


@dataclass
class World:
    """Lanes behind a quota of 200 a minute, and a Planhat that takes 100 ms and 1 ms an item."""

    limiter: Limiter = field(default_factory=lambda: Limiter(200, 10, Sparing(0.5, 5.0)))
    lanes: dict[str, Any] = field(default_factory=dict)
    permits: int = 10
    pace: Pace = Pace.SPARE
    answers: tuple[Answer, ...] = ()
    """The first ones; all others are good, but for those that follow."""
    refuses: tuple[float, float] = (0.0, 0.0)
    """What goes from one moment to another is answered 429."""
    fixed_seconds: float = 0.1
    calls: list[tuple[float, Resource, int]] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    refused_at: list[float] = field(default_factory=list)
    """When the calls went that were answered 429."""
    told_at: list[float] = field(default_factory=list)
    """When we were told of a failure."""

    def __post_init__(self) -> None:
        self._answers = iter(self.answers)
        settings = {"merges": True, "concurrency": 1, **self.lanes}
        self.limiter.wait(START - 100)
        self.dispatch = joined(
            limiter=self.limiter, lanes=settings, max_concurrent=self.permits
        ).dispatch

    def run(self, changes: Iterable[Change]) -> None:
        """Let changes come at their times, until all is delivered."""
        sequence = count()
        landings: list[tuple[float, int, Batch, Answer]] = []
        coming = sorted(changes, key=lambda change: change[0], reverse=True)
        now, look_at = START, float("inf")
        while coming or landings or look_at < float("inf"):
            now = min(
                look_at,
                coming[-1][0] if coming else float("inf"),
                landings[0][0] if landings else float("inf"),
            )
            while coming and coming[-1][0] <= now:
                at, resource, key = coming.pop()
                part = Part(resource, key, {"externalId": key, "at": at}, (key,), receipt())
                self.dispatch.lanes[resource].add(part, now)
            while landings and landings[0][0] <= now:
                batch, answer = heapq.heappop(landings)[2:]
                if isinstance(answer, Retry):
                    self.told_at.append(now)
                self.dispatch.answered(batch, answer, now)
                self._note_ends(now)
            while isinstance(step := self.dispatch.next(now, self.pace), Batch):
                self.calls.append((now, step.resource, len(step.items)))
                lands_at = now + self.fixed_seconds + 0.001 * len(step.items)
                heapq.heappush(landings, (lands_at, next(sequence), step, self._answer(step, now)))
            look_at = float("inf") if step.seconds is None else now + step.seconds

    def _answer(self, batch: Batch, now: float) -> Answer:
        if self.refuses[0] <= now < self.refuses[1]:
            self.refused_at.append(now)
            return Retry("429", 429)
        return next(self._answers, delivered(batch))

    def _note_ends(self, now: float) -> None:
        for lane in self.dispatch.lanes.values():
            self.delays += [now - end.part.since for end in lane.ended]
            lane.ended = []

    @property
    def main(self) -> list[float]:
        """When calls to the main API went."""
        return [at for at, resource, _ in self.calls if resource in MAIN]

    def within(self, seconds: float) -> float:
        """The share of the changes that were delivered within so long."""
        return sum(delay <= seconds for delay in self.delays) / len(self.delays)


def delivered(batch: Batch) -> Delivered:
    return Delivered(BulkResult(created=len(batch.items)))


def evenly(rate: float, seconds: float, *resources: Resource) -> list[Change]:
    """Changes of one profile after the other, in turn to the resources."""
    return [
        (START + number / rate, resources[number % len(resources)], f"k{number}")
        for number in range(int(rate * seconds))
    ]
