"""`check` names the segments of the filters, and tells of those that are gone."""

from __future__ import annotations

import json
from typing import Any

from consumer.live.segments import SEGMENT_GONE, SEGMENTS_NAMED, segment_findings
from consumer.offsets.record import Partition, Record
from schemas.connector import ConnectorSettings

CONNECTOR = ConnectorSettings(
    contact_synchronized_segments=("s1", "s2"), account_synchronized_segments=("a1",)
)
MESSAGE: dict[str, Any] = {"user": {"id": "u1"}, "segments": [{"id": "s2", "name": "Two"}]}


GONE = (
    "contact_synchronized_segments: s2 is not among the segments that Hull lists in hull.events:"
    " nobody is in it; remove it, or take the id from Hull"
)


def said(document: object) -> list[tuple[str, str, str]]:
    record = Record(Partition("hull.events", 0), 7, b"u1", json.dumps(document).encode())
    found = segment_findings(CONNECTOR, {"hull.events": record})
    return [(one.status, one.code, one.message) for one in found]


def test_both_filters_are_named_and_what_is_gone_is_told() -> None:
    envelope = {
        "segments": [{"id": "s1", "name": "Trial"}],
        "accounts_segments": [{"id": "a1", "name": "Customers"}],
        "messages": [MESSAGE],
    }

    assert said(envelope) == [
        ("ok", SEGMENTS_NAMED, "contact_synchronized_segments: Trial (s1)"),
        (
            "warning",
            SEGMENT_GONE,
            GONE,
        ),
        ("ok", SEGMENTS_NAMED, "account_synchronized_segments: Customers (a1)"),
    ]


def test_a_message_without_an_envelope_tells_nothing_of_the_organisation() -> None:
    assert said(MESSAGE) == []
    assert said({"messages": [MESSAGE]}) == []
    assert said([]) == []
