"""The metrics of our own: their names, kinds, labels, buckets, and what each means. Pure.

docs/metrics.md has the same tables; a test keeps the two the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "hull_planhat_"
_REQUEST_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30)
_DELIVERY_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
_ITEMS: Final = (1, 10, 50, 100, 250, 500, 1000, 2500, 5000)

_OfRecords = Literal["records", "messages", "skipped", "left_out", "items", "rebalances", "commits"]
_OfDoors = Literal["dead_letters", "results", "outcomes", "http_refused", "kafka_credentials"]
_OfPlanhat = Literal["requests", "lookups", "merges", "activities_unattributed"]
_OfReceiver = Literal["received", "posts", "extracts"]
CounterName = Literal[_OfRecords, _OfDoors, _OfPlanhat, _OfReceiver]
HistogramName = Literal["request_seconds", "batch_items", "delivery_seconds"]
_OfWork = Literal[
    "consumer_lag", "pending_records", "pending_bytes", "in_flight", "waiting", "parked"
]
_OfAges = Literal["partition_unresolved_seconds", "oldest_unresolved_seconds"]
_OfQuota = Literal["quota_used_ratio", "quota_limit", "quota_spared", "breaker_state"]
_OfState = Literal["halted", "resource_halted", "field_faults", "kafka_refused", "ready"]
_OfReceived = Literal["receive_pending_bytes"]
_OfQueues = Literal["dead_letters_waiting", "results_waiting", "merges_waiting", "outcomes_waiting"]
GaugeName = Literal[_OfWork, _OfAges, _OfQuota, _OfState, _OfQueues, _OfReceived, "build_info"]

COUNTERS: Final[Mapping[CounterName, tuple[str, tuple[str, ...]]]] = {
    "records": ("Records of Kafka that are final", ("outcome", "reason")),
    "messages": ("Messages of Hull that are final", ("channel", "outcome", "reason")),
    "skipped": ("Changes of profiles that were not sent, on purpose", ("resource", "reason")),
    "left_out": (
        "Fields and parts of messages that could not be used, while the rest was",
        ("resource", "field", "reason"),
    ),
    "requests": ("Requests to Planhat, by status or how they failed", ("resource", "status")),
    "items": ("Changes of profiles that ended", ("resource", "outcome")),
    "activities_unattributed": ("Activities sent whose contact Planhat is not known to have", ()),
    "dead_letters": ("Messages written to the dead-letter topic", ("reason",)),
    "results": ("Results for Hull that were written back, or dropped", ("outcome",)),
    "outcomes": ("Outcomes of messages that were written to their topic, or dropped", ("outcome",)),
    "rebalances": ("Partitions assigned or revoked", ("kind",)),
    "commits": ("Commits of offsets, by result", ("result",)),
    "lookups": ("Endusers that moved or were merged, looked up, by how that ended", ("outcome",)),
    "merges": ("Merges of Hull that went on, by whether all before was read", ("outcome",)),
    "http_refused": ("Connections and requests to our port that were refused", ("reason",)),
    "kafka_credentials": ("Rotated credentials for Kafka, by what became of them", ("result",)),
    "received": ("Messages that came over HTTP, by what became of them", ("outcome",)),
    "posts": ("Posts of Hull, by their path and the status of the answer", ("path", "status")),
    "extracts": ("Extracts that Hull named by URL, by how they ended", ("outcome",)),
}
HISTOGRAMS: Final[Mapping[HistogramName, tuple[str, tuple[float, ...]]]] = {
    "request_seconds": ("Time from sending a request to its answer", _REQUEST_SECONDS),
    "batch_items": ("Profiles or activities in a request", _ITEMS),
    "delivery_seconds": ("Time from the record in Kafka to Planhat's answer", _DELIVERY_SECONDS),
}
GAUGES: Final[Mapping[GaugeName, tuple[str, tuple[str, ...]]]] = {
    "in_flight": ("Requests that are not answered yet", ("resource",)),
    "waiting": ("Changes of profiles that are not final yet", ("resource",)),
    "parked": ("Profiles that wait for their next try", ("resource",)),
    "breaker_state": ("0 closed, 1 probing, 2 open: Planhat keeps failing", ("resource",)),
    "consumer_lag": ("Records of a partition that are not read yet", ("topic", "partition")),
    "partition_unresolved_seconds": (
        "Age of the oldest record of a partition that is not final",
        ("topic", "partition"),
    ),
    "oldest_unresolved_seconds": ("Age of the oldest record that is not final", ()),
    "quota_used_ratio": ("Calls of the last minute, divided by our share of the quota", ()),
    "quota_limit": ("Calls a minute that we allow ourselves now", ()),
    "quota_spared": ("1 while what is ready waits for others, as nothing is late", ()),
    "halted": ("1 while nothing is sent until a person acts", ("reason",)),
    "resource_halted": ("1 while Planhat refuses all writes of a resource", ("resource",)),
    "field_faults": (
        "Mapped custom fields that nobody would see in Planhat, and mandatory ones without a row",
        ("resource", "fault"),
    ),
    "kafka_refused": ("1 while Kafka refuses what we need, until a person acts", ()),
    "ready": ("1 while there are partitions and Planhat lets us in", ()),
    "dead_letters_waiting": ("Rejected messages that are not in the dead-letter topic yet", ()),
    "results_waiting": ("Results for Hull that are not in their topic yet", ()),
    "outcomes_waiting": ("Outcomes of messages that are not in their topic yet", ()),
    "receive_pending_bytes": ("Bytes of posts that are not answered yet", ()),
    "merges_waiting": ("Messages that wait for what was published before a merge", ()),
    "pending_records": ("Records that are read and not final", ()),
    "pending_bytes": ("Bytes of the same", ()),
    "build_info": ("Always 1; the version is in the labels", ("version", "python")),
}
