"""What Prometheus sees; names and units by its conventions, labels of bounded number."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.planhat import Resource

_SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)
_ITEMS = (1, 10, 50, 100, 250, 500, 1000, 2500, 5000)


class Metrics:
    """A registry of its own, so that two services in one process do not meet."""

    def __init__(self, version: str = "") -> None:
        """All series begin at nothing."""
        self.registry = CollectorRegistry()
        self._messages = self._counter("messages", "Messages by outcome", "outcome")
        self._skipped = self._counter("skipped", "Changes not sent", "resource", "reason")
        self._requests = self._counter("requests", "Requests to Planhat", "resource", "status")
        self._commits = self._counter("commits", "Commits by result", "result")
        self._took = self._histogram("request_seconds", "Time of a request", _SECONDS)
        self._items = self._histogram("batch_items", "Items in a request", _ITEMS)
        self._delivery = self._histogram("delivery_seconds", "From Kafka to answered", _SECONDS)
        self._gauges: dict[str, Gauge] = {}
        self.gauge("build_info", 1.0, {"version": version})

    def message(self, outcome: str) -> None:
        """A message is final."""
        self._messages.labels(outcome).inc()

    def skipped(self, resource: Resource, reason: str) -> None:
        """A change was not sent; `reason` is one of consumer/reasons.py."""
        self._skipped.labels(resource.value, reason).inc()

    def delivered(self, resource: Resource, appended_at: float) -> None:
        """A change was delivered; `appended_at` in seconds since 1970."""
        self._delivery.labels(resource.value).observe(max(0.0, time.time() - appended_at))

    def request(self, resource: Resource, status: str, seconds: float, items: int) -> None:
        """A request was answered, or failed."""
        self._requests.labels(resource.value, status).inc()
        self._took.labels(resource.value).observe(seconds)
        self._items.labels(resource.value).observe(items)

    def committed(self, result: str) -> None:
        """A commit ended."""
        self._commits.labels(result).inc()

    def gauge(self, name: str, value: float, labels: Mapping[str, str] | None = None) -> None:
        """Set a gauge."""
        labels = labels or {}
        gauge = self._gauges.get(name)
        if gauge is None:
            gauge = self._gauges[name] = Gauge(
                f"hull_planhat_{name}", name.replace("_", " "), list(labels), registry=self.registry
            )
        (gauge.labels(**labels) if labels else gauge).set(value)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"hull_planhat_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(
            f"hull_planhat_{name}", text, ["resource"], buckets=buckets, registry=self.registry
        )
