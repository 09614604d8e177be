"""What a member tells of each minute in the outcomes topic: how its metrics grew. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from consumer.watch.metric_table import PREFIX
from schemas.outcome.member import (
    Calls,
    Count,
    Happening,
    Histogram,
    LaneState,
    PartitionState,
    Summary,
    Trouble,
)
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client import Metric

    from consumer.log.troubles import Troubles

Samples: TypeAlias = "dict[tuple[str, tuple[str, ...]], float]"
"""Value of each series, by its name without our prefix and the values of its labels."""

SUMMARY_SECONDS: Final = 60.0
_MOST_HAPPENINGS: Final = 200
_MOST_REASONS: Final = 200
_BREAKER: Final = ("closed", "half-open", "open")
_LATENCIES: Final = {"delivery": "delivery_seconds", "request": "request_seconds"}


class Summaries:
    """Remembers how things were at the last summary, and what happened since."""

    def __init__(
        self,
        member: str,
        run: int,
        version: str,
        collect: Callable[[], Iterable[Metric]],
        troubles: Troubles,
    ) -> None:
        """`member` is our name, `run` when we started (ms since 1970)."""
        self._member = member
        self._run = run
        self._version = version
        self._collect = collect
        self._troubles = troubles
        self._told_at = run
        self._samples: Samples = {}
        self._counted: dict[tuple[str, str, str], int] = {}
        self._happenings: list[Happening] = []
        self._halts: frozenset[str] = frozenset()

    def note(self, what: str, detail: str, now: float) -> None:
        """Something happened at `now` (seconds since 1970) that explains a picture."""
        if len(self._happenings) < _MOST_HAPPENINGS:
            self._happenings.append(Happening(int(now * 1000), what, detail))

    def look(self, halts: Iterable[str], now: float) -> bool:
        """Note which halts there are; whether it is time for a summary."""
        found = frozenset(halts)
        for kind in sorted(found - self._halts):
            self.note("halted", kind, now)
        for kind in sorted(self._halts - found):
            self.note("resumed", kind, now)
        self._halts = found
        return not 0 <= now * 1000 - self._told_at < SUMMARY_SECONDS * 1000

    def take(
        self, now: float, *, waiting: int = 0, dropped: int = 0, is_last: bool = False
    ) -> Summary:
        """Tell how things are, and what came since the last time.

        Of the outcomes so many are `waiting` to be written, or were `dropped` since the start.
        """
        samples = flat(self._collect())
        grown = {key: value - self._samples.get(key, 0.0) for key, value in samples.items()}
        since, self._told_at = self._told_at, int(now * 1000)
        happenings, self._happenings = self._happenings, []
        self._samples = samples
        calls = _calls(grown)
        return Summary(
            at=max(since, self._told_at),
            since=since,
            member=self._member,
            run=self._run,
            version=self._version,
            is_last=is_last,
            messages=_messages(grown),
            partitions=_partitions(samples),
            lanes=_lanes(samples),
            calls=calls,
            throttled=sum(one.count for one in calls if one.status == "429"),
            quota_limit=samples.get(("quota_limit", ()), 0.0),
            quota_used=round(samples.get(("quota_used_ratio", ()), 0.0), 4),
            halted=", ".join(
                labels[0] for (name, labels), value in samples.items() if name == "halted" and value
            ),
            dead_letters_waiting=int(samples.get(("dead_letters_waiting", ()), 0)),
            latencies=tuple(_latencies(grown)),
            troubles=tuple(self._new_troubles()),
            happenings=tuple(happenings),
            outcomes_waiting=waiting,
            outcomes_dropped=dropped,
        )

    def _new_troubles(self) -> Iterator[Trouble]:
        """Those that came since the last time, with how often they did."""
        before, self._counted = self._counted, {}
        for one in self._troubles.latest():
            key = (one.level, one.event, one.first_at)
            self._counted[key] = self._counted.get(key, 0) + one.count
            count = self._counted[key] - before.get(key, 0)
            if count > 0:
                yield Trouble(one.level, one.event, count, _millis(one.last_at), one.reason)


def flat(metrics: Iterable[Metric]) -> Samples:
    """Give the value of each of our series."""
    return {
        (sample.name.removeprefix(PREFIX), tuple(sample.labels.values())): sample.value
        for metric in metrics
        if metric.name.startswith(PREFIX)
        for sample in metric.samples
    }


def _messages(grown: Samples) -> tuple[Count, ...]:
    found: Counter[tuple[str, str]] = Counter()
    for (name, labels), value in grown.items():
        if name == "messages_total" and value:
            _, ending, reason = labels
            found[ending, reason] += int(value)
    return tuple(
        Count(ending, count, reason) for (ending, reason), count in found.most_common(_MOST_REASONS)
    )


def _calls(grown: Samples) -> tuple[Calls, ...]:
    return tuple(
        Calls(labels[0], labels[1], int(value))
        for (name, labels), value in sorted(grown.items())
        if name == "requests_total" and value
    )


def _partitions(samples: Samples) -> tuple[PartitionState, ...]:
    return tuple(
        PartitionState(
            topic := labels[0],
            int(labels[1]),
            int(value),
            round(samples.get(("partition_unresolved_seconds", (topic, labels[1])), 0.0), 3),
        )
        for (name, labels), value in sorted(samples.items())
        if name == "consumer_lag"
    )


def _lanes(samples: Samples) -> tuple[LaneState, ...]:
    def value(name: str, resource: Resource) -> int:
        return int(samples.get((name, (resource.value,)), 0))

    return tuple(
        LaneState(
            one.value,
            value("waiting", one),
            value("in_flight", one),
            value("parked", one),
            _BREAKER[value("breaker_state", one)],
            is_halted=bool(value("resource_halted", one)),
        )
        for one in Resource
    )


def _latencies(grown: Samples) -> Iterator[Histogram]:
    for of, metric in _LATENCIES.items():
        edges: defaultdict[str, dict[float, int]] = defaultdict(dict)
        for (name, labels), value in grown.items():
            if name == f"{metric}_bucket":
                edges[labels[0]][float(labels[1])] = int(value)
        for resource, counts in edges.items():
            bounds = sorted(counts)
            below = [0, *(counts[bound] for bound in bounds)]
            if below[-1]:
                yield Histogram(
                    of,
                    resource,
                    tuple(bounds[:-1]),
                    tuple(after - before for before, after in pairwise(below)),
                    round(grown.get((f"{metric}_sum", (resource,)), 0.0), 3),
                )


def _millis(moment: str) -> int:
    """Milliseconds since 1970 of a line of the log."""
    try:
        return int(datetime.fromisoformat(moment).timestamp() * 1000)
    except ValueError:
        return 0
