"""What Prometheus sees; names and units by its conventions, labels of bounded number.

What is counted for each message is added up in a row and in a dictionary, and written up when
somebody asks.
A resource is a text: its `value` says the same and takes as long as all the rest of a count.
"""

from __future__ import annotations

import platform
import time
from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from consumer.watch.counting import Histogram, InARow
from consumer.watch.metric_table import COUNTERS, GAUGES, HISTOGRAMS, PREFIX
from consumer.watch.reason_label import OTHER, REJECTIONS, reason_label
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from prometheus_client import Metric

    from consumer.lanes.lane import BreakerState

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_BREAKER: Final[Mapping[BreakerState, float]] = {"closed": 0, "half-open": 1, "open": 2}
_CHANNELS: Final = frozenset({"user:update", "account:update"})
_OF_PARTITIONS: Final = ("consumer_lag", "partition_unresolved_seconds")
HALTS: Final = ("unauthorized", "wrong host", "too many rejected", OTHER)


class Metrics:
    """A registry of its own, so that two services in one process do not meet."""

    def __init__(self, version: str = "") -> None:
        """All series begin at nothing."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
        self.registry = CollectorRegistry()
        self.registry.register(_Before(self._write_up))
        ProcessCollector(registry=self.registry)
        self._counters = {
            name: Counter(PREFIX + name, text, labels, registry=self.registry)
            for name, (text, labels) in COUNTERS.items()
        }
        self._histograms = {
            name: Histogram(PREFIX + name, text, "resource", edges)
            for name, (text, edges) in HISTOGRAMS.items()
        }
        for histogram in self._histograms.values():
            self.registry.register(histogram)
        self._gauges = {
            name: Gauge(PREFIX + name, text, labels, registry=self.registry)
            for name, (text, labels) in GAUGES.items()
        }
        self._children: dict[tuple[str, ...], Counter | Gauge] = {}
        self._counted: defaultdict[tuple[str, ...], int] = defaultdict(int)
        self._records = InARow(self._add_records)
        self._messages = InARow(self._add_messages)
        self._items = InARow(self._add_items)
        self._partitions: set[tuple[str, str]] = set()
        self.gauge("build_info", 1.0, {"version": version, "python": platform.python_version()})
        self.halted(())
        self.resources_halted(())
        self._begin()

    # What ended

    def record(self, outcome: str, reason: str = "") -> None:
        """A record is final: delivered, skipped or rejected."""
        self._records.note(outcome, reason, "")

    def message(self, outcome: str, reason: str = "", channel: str = "") -> None:
        """A message is final."""
        self._messages.note(channel, outcome, reason)

    def skipped(self, resource: Resource, reason: str) -> None:
        """A change was not sent, on purpose."""
        self._count("skipped", resource, reason_label(reason))

    def left_out(self, resource: Resource, field: str, reason: str) -> None:
        """A field was of a wrong type; `field` is one of Planhat's, or a part of a message."""
        self._count("left_out", resource.value, field, reason)

    def delivered(self, resource: Resource, appended_at: float) -> None:
        """A change was delivered; `appended_at` (or read at) in seconds since 1970."""
        seconds = max(0.0, time.time() - appended_at)
        self._histograms["delivery_seconds"].observe(resource, seconds)

    def item(self, resource: Resource, outcome: str) -> None:
        """A change of a profile ended."""
        self._items.note(resource, outcome, "")

    def unattributed(self) -> None:
        """An activity was sent whose contact is not known to be in Planhat."""
        self._count("activities_unattributed")

    def dead_letter(self, reason: str) -> None:
        """A message is safe in the dead-letter topic."""
        self._count("dead_letters", reason_label(reason))

    def results(self, outcome: str, count: int) -> None:
        """So many results for Hull were written, or dropped."""
        self._count("results", outcome, by=count)

    # What was done

    def request(self, kind: str, status: str, seconds: float, items: int = 0) -> None:
        """A request was answered, or failed; `kind` is a resource, or what else was asked for."""
        self._count("requests", str(kind), status)
        self._histograms["request_seconds"].observe(str(kind), seconds)
        if items:
            self._histograms["batch_items"].observe(str(kind), items)

    def committed(self, result: str) -> None:
        """A commit ended."""
        self._count("commits", result)

    def looked_up(self, outcome: Literal["found", "absent", "given up"]) -> None:
        """The look-up of an enduser ended."""
        self._count("lookups", outcome)

    def rebalanced(self, kind: Literal["assigned", "revoked"]) -> None:
        """Partitions came or went."""
        self._count("rebalances", kind)

    def credentials(self, result: Literal["renewed", "unusable"]) -> None:
        """A file with credentials for Kafka holds something new."""
        self._count("kafka_credentials", result)

    def refused(self, reason: str) -> None:
        """A connection or a request to our port was refused; reasons are few."""
        self._count("http_refused", reason)

    # How things are

    def gauge(self, name: str, value: float, labels: Mapping[str, str] | None = None) -> None:
        """Set a gauge of the catalogue."""
        if name == "halted" and not labels:
            self.halted((OTHER,) if value else ())
        elif labels:
            self._gauges[name].labels(**labels).set(value)
        else:
            self._gauges[name].set(value)

    def lane(self, resource: Resource, *, in_flight: int, waiting: int, parked: int) -> None:
        """Set how much a lane holds."""
        for name, value in (("in_flight", in_flight), ("waiting", waiting), ("parked", parked)):
            self._set(name, resource.value, value=value)

    def breaker(self, resource: Resource, state: BreakerState) -> None:
        """Set whether a lane sends."""
        self._set("breaker_state", resource.value, value=_BREAKER[state])

    def lags(
        self,
        lags: Mapping[tuple[str, int], int],
        ages: Mapping[tuple[str, int], float] | None = None,
    ) -> None:
        """Set lag and age (seconds) of each partition that is ours; the others disappear.

        One without an age has nothing that is not final.
        """
        ours = {(topic, str(number)) for topic, number in lags}
        for gone, name in product(self._partitions - ours, _OF_PARTITIONS):
            self._gauges[name].remove(*gone)
            self._children.pop((name, *gone), None)
        self._partitions = ours
        for (topic, number), lag in lags.items():
            age = max(0.0, (ages or {}).get((topic, number), 0.0))
            self._set("consumer_lag", topic, str(number), value=lag)
            self._set("partition_unresolved_seconds", topic, str(number), value=age)

    def backlog(self, records: int, size: int, oldest_seconds: float) -> None:
        """Set what is read and not final; `size` in bytes."""
        self.gauge("pending_records", records)
        self.gauge("pending_bytes", size)
        self.gauge("oldest_unresolved_seconds", max(0.0, oldest_seconds))

    def quota(self, limit: float, used_ratio: float) -> None:
        """Set the calls a minute that are allowed now, and how much of the share is used."""
        self.gauge("quota_limit", limit)
        self.gauge("quota_used_ratio", used_ratio)

    def halted(self, kinds: Collection[str]) -> None:
        """Set which halts of the service there are; none: all is well."""
        for known in HALTS:
            self._set("halted", known, value=known in kinds)

    def resources_halted(self, resources: Collection[Resource]) -> None:
        """Set which resources Planhat refuses."""
        for resource in Resource:
            self._set("resource_halted", resource.value, value=resource in resources)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)

    def _begin(self) -> None:
        """Let what alerts watch begin at 0: who starts at 1 shows Prometheus no increase."""
        for reason in REJECTIONS:
            self._counter("dead_letters", reason)
        for result in ("ok", "refused", "failed"):
            self._counter("commits", result)
        for kind in ("assigned", "revoked"):
            self._counter("rebalances", kind)
        for outcome in ("found", "absent", "given up"):
            self._counter("lookups", outcome)
        for result in ("renewed", "unusable"):
            self._counter("kafka_credentials", result)
        for resource, outcome in product(Resource, ("delivered", "skipped", "rejected")):
            self._counter("items", resource.value, outcome)

    def _count(self, *key: str, by: int = 1) -> None:
        self._counted[key] += by

    def _add_records(self, outcome: str, reason: str, _: str, count: int) -> None:
        self._count("records", outcome, reason_label(reason), by=count)

    def _add_messages(self, channel: str, outcome: str, reason: str, count: int) -> None:
        known = channel if channel in _CHANNELS else OTHER
        self._count("messages", known, outcome, reason_label(reason), by=count)

    def _add_items(self, resource: str, outcome: str, _: str, count: int) -> None:
        self._count("items", resource, outcome, by=count)

    def _write_up(self) -> None:
        for row in (self._records, self._messages, self._items):
            row.flush()
        for key, count in self._counted.items():
            self._counter(*key).inc(count)
        self._counted.clear()

    def _counter(self, *key: str) -> Counter:
        child = self._children.get(key)
        if not isinstance(child, Counter):
            counter = self._counters[key[0]]
            child = self._children[key] = counter.labels(*key[1:]) if key[1:] else counter
        return child

    def _set(self, *key: str, value: float) -> None:
        child = self._children.get(key)
        if not isinstance(child, Gauge):
            child = self._children[key] = self._gauges[key[0]].labels(*key[1:])
        child.set(value)


class _Before:
    """Calls a function before anything else of the registry is collected; has no metrics."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call

    def collect(self) -> Iterable[Metric]:
        self._call()
        return ()
