"""Outcomes as the topic tells them, and stores that take them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from consumer.history.day import DAY_MS
from consumer.history.files import Files
from consumer.history.row import rows_of
from consumer.history.search import MOST_READ, Span, search
from consumer.history.store import Store, Told
from consumer.offsets.record import Partition
from schemas.outcome.message import Change, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from consumer.history.row import Row
    from consumer.history.search import Cursor, Page

TODAY: Final = 20_000
NOON: Final = TODAY * DAY_MS + DAY_MS // 2
"""When these tests take place."""
TOPIC: Final = Partition("outcomes", 0)
ALL: Final = Span(0, NOON + 2 * DAY_MS)


def outcome(at: int = NOON, hull_id: str = "u1", offset: int = 1, **other: Any) -> Outcome:  # noqa: ANN401 - any of its fields
    """The end of a message, delivered unless `other` says otherwise."""
    facts = {"ending": "delivered", "topic": "hull.events", "partition": 3, **other}
    return Outcome(at=at, hull_id=hull_id, offset=offset, **facts)


def with_planhat_id(planhat_id: str, **facts: Any) -> Outcome:  # noqa: ANN401 - any of its fields
    """One whose contact Planhat has under this id."""
    change = Change(resource="endusers", ending="delivered", planhat_id=planhat_id)
    return outcome(changes=(change,), **facts)


def value(*lines: msgspec.Struct | bytes) -> bytes:
    """A record of the topic."""
    encode = msgspec.json.encode
    return b"\n".join(one if isinstance(one, bytes) else encode(one) for one in lines)


def told(offset: int, *lines: msgspec.Struct | bytes, partition: Partition = TOPIC) -> Told:
    """The same, at its offset."""
    return Told(partition, offset, value(*lines))


def row(one: Outcome) -> Row:
    """A line as the store reads it."""
    (found,) = rows_of(value(one)).rows
    return found


@contextmanager
def store(folder: Path | None = None, days: int = 14, now_ms: int = NOON) -> Iterator[Store]:
    """A store that is closed in the end."""
    made = Store(Files(folder), days, now_ms)
    try:
        yield made
    finally:
        made.close()


def found(
    one: Store,
    *names: str,
    span: Span = ALL,
    after: Cursor | None = None,
    most: int = 50,
    most_read: int = MOST_READ,
) -> Page:
    """What a store has by these names, of any time."""
    return search(one, names, span, after, most, most_read)


def offsets(page: Page) -> list[int]:
    """The offsets of the messages on a page, in its order."""
    return [item.row.place.offset for item in page.items]
