"""What is done twice a second: giving up what waited too long, and looking at how things are."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final

import structlog

from consumer.clock import loop_time
from consumer.decide.custom.faults import FAULTS
from consumer.engine.dispatch import is_spared
from consumer.engine.engine import pace
from consumer.engine.pace import Pace
from consumer.kafka.member import KafkaSource
from consumer.lanes.halts import refused_resources
from consumer.lanes.lane import breaker_state, count_parked
from consumer.offsets.assignment import lag
from consumer.outbox.results import Results
from consumer.probes import Probes
from consumer.send import Sender
from consumer.watch.ages import Ages
from consumer.watch.metrics import HALTS, Metrics
from consumer.watch.topic.told import Told
from planhat_client.limiter import Limiter
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from consumer.decide.custom.faults import Fault
    from consumer.decide.forms.organisation import GoneSegments
    from consumer.lanes.halts import Halted, Kind
    from consumer.lanes.lane import BreakerState, Lane

_log = structlog.get_logger("consumer.filter")

TICK_SECONDS: Final = 0.5
_BREAKER: Final[Mapping[BreakerState, int]] = {"closed": 0, "half-open": 1, "open": 2}


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
    told: Told | None = None

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
            if self.told is not None:
                self.told.look(engine.halts.service, time.time())

    def _observe_work(self, now: float) -> None:
        engine, metrics = self.probes.engine, self.metrics
        tell_lanes(metrics, engine.lanes)
        metrics.gauge("quota_limit", self.limiter.limit)
        metrics.gauge("quota_used_ratio", self.limiter.used_ratio(now))
        is_in_time = pace(engine, self.source.end) is Pace.SPARE
        metrics.gauge("quota_spared", is_in_time and is_spared(engine.dispatch, now))
        tell_halts(metrics, engine.halts.service, refused_resources(engine.halts))
        tell_faults(metrics, engine.tenant.faults)
        tell_gone(engine.tenant.in_force.gone)
        metrics.gauge("dead_letters_waiting", self.probes.dead_letters.messages)
        metrics.gauge("results_waiting", len(self.results))
        metrics.gauge("outcomes_waiting", 0 if self.told is None else len(self.told.topic))
        metrics.gauge("merges_waiting", len(engine.planner.barrier))
        metrics.gauge("ready", self.probes.ready()[0])

    def _observe_kafka(self, now: float, clock: float) -> None:
        assignment, metrics = self.probes.engine.assignment, self.metrics
        ends = {name: self.source.end(name) for name in assignment.owned}
        self.ages.look(ends, clock)
        ages: dict[tuple[str, int], float] = dict(self.ages.by_partition(clock).items())
        metrics.lags({name: lag(assignment, name, end) or 0 for name, end in ends.items()}, ages)
        metrics.gauge("kafka_refused", self.probes.blocked.reason(now) is not None)
        backlog = assignment.backlog
        metrics.gauge("pending_records", backlog.records)
        metrics.gauge("pending_bytes", backlog.bytes)
        metrics.gauge("oldest_unresolved_seconds", max(ages.values(), default=0.0))


def tell_lanes(metrics: Metrics, lanes: Mapping[Resource, Lane]) -> None:
    """Set how much each lane holds, and whether its breaker lets requests through."""
    for name, lane in lanes.items():
        metrics.gauge("in_flight", len(lane.batches), name.value)
        metrics.gauge("waiting", lane.waiting, name.value)
        metrics.gauge("parked", count_parked(lane), name.value)
        metrics.gauge("breaker_state", _BREAKER[breaker_state(lane)], name.value)


def tell_halts(metrics: Metrics, kinds: Container[Kind], lanes: Iterable[Halted]) -> None:
    """Set which kinds of halt of the service there are, and which resources Planhat refuses."""
    for kind in HALTS:
        metrics.gauge("halted", kind in kinds, kind)
    refused = {halted.resource for halted in lanes}
    for resource in Resource:
        metrics.gauge("resource_halted", resource in refused, resource.value)


def tell_faults(metrics: Metrics, faults: Iterable[Fault]) -> None:
    """Set how many faults the mapping has by the tenant's own fields."""
    counts = Counter((fault.resource, fault.kind) for fault in faults)
    for resource, kind in product(Resource, FAULTS):
        metrics.gauge("field_faults", counts[resource, kind], resource.value, kind)


def tell_gone(segments: GoneSegments) -> None:
    """Log, once each, the segments of a filter that the organisation does not have."""
    for setting, segment in segments.news():
        _log.warning("filter.segment_gone", setting=setting, segment=segment)
