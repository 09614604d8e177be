"""Every metric of our own, as the pages and files that name them should have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from consumer.watch.metric_table import COUNTERS, GAUGES, HISTOGRAMS, PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Described:
    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str


def described() -> Iterator[Described]:
    for counter, (text, labels) in COUNTERS.items():
        yield Described(f"{PREFIX}{counter}_total", "counter", labels, text)
    for histogram, (text, _) in HISTOGRAMS.items():
        yield Described(f"{PREFIX}{histogram}", "histogram", ("resource",), text)
    for gauge, (text, labels) in GAUGES.items():
        yield Described(f"{PREFIX}{gauge}", "gauge", labels, text)
