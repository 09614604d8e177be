"""What is done twice a second: giving up what waited too long, and looking at how things are."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from consumer.clock import loop_time
from consumer.kafka.member import KafkaSource
from consumer.lanes.halts import refused_resources
from consumer.lanes.lane import breaker_state, count_parked
from consumer.offsets.assignment import lag
from consumer.outbox.results import Results
from consumer.probes import Probes
from consumer.send import Sender
from consumer.watch.ages import Ages
from consumer.watch.metrics import Metrics
from planhat_client.limiter import Limiter

TICK_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Tick:
    """Lets time pass in the engine, and tells the metrics what it sees."""

    probes: Probes
    sender: Sender
    source: KafkaSource
    limiter: Limiter
    results: Results
    ages: Ages
    metrics: Metrics

    async def run(self) -> None:
        """Tick until cancelled."""
        engine = self.probes.engine
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = loop_time()
            engine.expire(now)
            # What was given up, or came with a directory, may have let others go on.
            if engine.assignment.backlog.records:
                self.sender.wake()
            is_held = not engine.lease.holds(now)
            self.probes.progress.look(engine.dispatch, now, is_held=is_held)
            self._observe_work(now)
            self._observe_kafka(now, time.time())

    def _observe_work(self, now: float) -> None:
        engine, metrics = self.probes.engine, self.metrics
        for name, lane in engine.lanes.items():
            flying = len(lane.batches)
            metrics.lane(name, in_flight=flying, waiting=lane.waiting, parked=count_parked(lane))
            metrics.breaker(name, breaker_state(lane))
        metrics.quota(self.limiter.limit, self.limiter.used_ratio(now))
        halts = engine.halts
        metrics.halted({halted.kind for halted in halts.service.values()})
        refused = refused_resources(halts)
        metrics.resources_halted({one.resource for one in refused if one.resource})
        metrics.gauge("dead_letters_waiting", self.probes.dead_letters.messages)
        metrics.gauge("results_waiting", len(self.results))
        metrics.gauge("ready", self.probes.ready()[0])

    def _observe_kafka(self, now: float, clock: float) -> None:
        assignment, metrics = self.probes.engine.assignment, self.metrics
        ends = {name: self.source.end(name) for name in assignment.owned}
        self.ages.look(ends, clock)
        ages: dict[tuple[str, int], float] = dict(self.ages.by_partition(clock).items())
        metrics.lags({name: lag(assignment, name, end) or 0 for name, end in ends.items()}, ages)
        metrics.gauge("kafka_refused", self.probes.blocked.reason(now) is not None)
        backlog = assignment.backlog
        metrics.backlog(backlog.records, backlog.bytes, max(ages.values(), default=0.0))
