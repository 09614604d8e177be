"""What the lists of all segments tell of the filters: names, and ids that are gone. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from consumer.decide.custom.faults import named
from consumer.decide.forms.organisation import ACCOUNTS, USERS, gone
from consumer.decide.message import Messages
from consumer.decide.parse import parse
from consumer.settings.findings import Finding, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from consumer.offsets.record import Record
    from schemas.connector import ConnectorSettings

SEGMENT_GONE: Final = "segment-gone"
SEGMENTS_NAMED: Final = "segments-named"
_MOST: Final = 8


def segment_findings(
    connector: ConnectorSettings, newest: Mapping[str, Record]
) -> Iterator[Finding]:
    """Compare both filters with the first list that one of the newest records has."""
    parsed = [(topic, parse(record.value, record.headers)) for topic, record in newest.items()]
    lists = [
        (topic, one.organisation)
        for topic, one in parsed
        if isinstance(one, Messages) and one.organisation is not None
    ]
    if not lists:
        return
    topic, organisation = lists[0]
    yield from _of_filter(USERS, connector.contact_synchronized_segments, organisation.users, topic)
    yield from _of_filter(
        ACCOUNTS, connector.account_synchronized_segments, organisation.accounts, topic
    )


def _of_filter(
    setting: str, ids: tuple[str, ...], listed: Mapping[str, str], topic: str
) -> Iterator[Finding]:
    known = [f"{named(listed[one])} ({one})" for one in ids if one in listed]
    if known:
        more = f" and {len(known) - _MOST} more" if len(known) > _MOST else ""
        yield Finding("ok", f"{setting}: {', '.join(known[:_MOST])}{more}", SEGMENTS_NAMED)
    for one in gone(ids, listed):
        yield warning(
            f"{setting}: {named(one)} is not among the segments that Hull lists in {topic}:"
            f" nobody is in it; remove it, or take the id from Hull",
            SEGMENT_GONE,
        )
