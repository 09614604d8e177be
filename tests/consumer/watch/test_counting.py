"""Our histogram says what that of prometheus_client would say."""

from __future__ import annotations

import prometheus_client
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from consumer.watch.counting import Histogram

EDGES = (0.05, 1, 10)
VALUES = st.sampled_from([0.0, 0.05, 0.06, 1, 2.5, 10, 11])


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), VALUES)))
def test_it_reads_as_the_library_s_own(observed: list[tuple[str, float]]) -> None:
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    mine = Histogram("h", "Help", "kind", EDGES)
    ours.register(mine)
    model = prometheus_client.Histogram("h", "Help", ["kind"], registry=theirs, buckets=EDGES)

    for kind, value in observed:
        mine.observe(kind, value)
        model.labels(kind).observe(value)

    assert generate_latest(ours) == generate_latest(theirs)
