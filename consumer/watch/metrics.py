"""What Prometheus sees; names and units by its conventions, labels of bounded number.

What happens for each message is added up while equal ones follow each other, then in a dictionary,
and written up when somebody asks. A resource is a text: its `value` says the same and takes as long
as all the rest of a count.
"""

from __future__ import annotations

import platform
from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING, Final

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
    from collections.abc import Iterable, Mapping

    from prometheus_client import Metric

    from consumer.watch.metric_table import CounterName, GaugeName, HistogramName

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_CHANNELS: Final = frozenset({"user:update", "account:update"})
_BY_REASON: Final = frozenset({"records", "messages", "skipped", "dead_letters"})
"""Counters whose last label is a reason of any wording."""
HALTS: Final = ("unauthorized", "wrong host", "too many rejected", OTHER)
_FROM_ZERO: Final[Mapping[CounterName, Iterable[tuple[str, ...]]]] = {
    "dead_letters": [(reason,) for reason in REJECTIONS],
    "commits": [("ok",), ("refused",), ("failed",)],
    "rebalances": [("assigned",), ("revoked",)],
    "lookups": [("found",), ("absent",), ("given up",)],
    "merges": [("in order",), ("hurried",)],
    "kafka_credentials": [("renewed",), ("unusable",)],
    "items": list(product([one.value for one in Resource], ("delivered", "skipped", "rejected"))),
}
"""What alerts watch: Prometheus sees no increase in a series that starts at 1."""


class Metrics:
    """A registry of its own, so that two services in one process do not meet.

    `records` (outcome, reason, ""), `messages` (channel, outcome, reason) and `items` (resource,
    outcome, "") are for what ends; everything else has `count`, `observe` or `gauge`.
    """

    def __init__(self, version: str = "") -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
        self.registry = CollectorRegistry()
        self.registry.register(self)
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
        self._counted: defaultdict[tuple[CounterName, tuple[str, ...]], int] = defaultdict(int)
        self.records = InARow(
            lambda outcome, reason, _, by: self.count("records", outcome, reason, by=by)
        )
        self.messages = InARow(
            lambda channel, outcome, reason, by: self.count(
                "messages", channel if channel in _CHANNELS else OTHER, outcome, reason, by=by
            )
        )
        self.items = InARow(
            lambda resource, outcome, _, by: self.count("items", resource, outcome, by=by)
        )
        self._partitions: set[tuple[str, str]] = set()
        self.gauge("build_info", 1, version, platform.python_version())
        for kind in HALTS:
            self.gauge("halted", 0, kind)
        for resource in Resource:
            self.gauge("resource_halted", 0, resource.value)
        for name, series in _FROM_ZERO.items():
            for labels in series:
                self._counters[name].labels(*labels)

    def count(self, name: CounterName, *labels: str, by: int = 1) -> None:
        """Add to a counter; `labels` in the order of the table, a reason as it was worded."""
        if name in _BY_REASON:
            labels = (*labels[:-1], reason_label(labels[-1]))
        self._counted[name, labels] += by

    def observe(self, name: HistogramName, resource: str, value: float) -> None:
        """Add a value to a histogram; where clocks differ it may be below 0, and counts as 0."""
        self._histograms[name].observe(resource, max(0.0, value))

    def request(self, kind: str, status: str, seconds: float, items: int = 0) -> None:
        """A request was answered, or failed; `kind` is a resource, or what else was asked for."""
        self.count("requests", str(kind), status)
        self.observe("request_seconds", str(kind), seconds)
        if items:
            self.observe("batch_items", str(kind), items)

    def gauge(self, name: GaugeName, value: float, *labels: str) -> None:
        """Set a gauge; `labels` in the order of the table."""
        gauge = self._gauges[name]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def lags(
        self,
        lags: Mapping[tuple[str, int], int],
        ages: Mapping[tuple[str, int], float],
    ) -> None:
        """Set lag and age (seconds; none: all is final) of our partitions; others disappear."""
        ours = {(topic, str(number)) for topic, number in lags}
        for gone in self._partitions - ours:
            self._gauges["consumer_lag"].remove(*gone)
            self._gauges["partition_unresolved_seconds"].remove(*gone)
        self._partitions = ours
        for (topic, number), lag in lags.items():
            age = max(0.0, ages.get((topic, number), 0.0))
            self.gauge("consumer_lag", lag, topic, str(number))
            self.gauge("partition_unresolved_seconds", age, topic, str(number))

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)

    def collect(self) -> Iterable[Metric]:
        """Write up what was added up, before anything else of the registry is collected."""
        for row in (self.records, self.messages, self.items):
            row.flush()
        for (name, labels), count in self._counted.items():
            counter = self._counters[name]
            (counter.labels(*labels) if labels else counter).inc(count)
        self._counted.clear()
        return ()
