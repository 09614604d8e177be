"""Which dead letters a command is about, and how they are read."""

from __future__ import annotations

import heapq
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from consumer.offsets.record import Partition
from consumer.outbox.letter import dead_letter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from consumer.kafka.reader import TopicReader
    from consumer.offsets.record import Record
    from consumer.outbox.letter import DeadLetter

_AGO: Final = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_NAME: Final = re.compile(r"(?:(\d{1,9}):)?(\d{1,18})")
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LetterChoice:
    """Filters; all must hold. `reason` is a part of it, in any case; `name` is one letter."""

    reason: str = ""
    key: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    name: tuple[int, int] | None = None

    @property
    def is_filter(self) -> bool:
        """Something was asked for."""
        return self != LetterChoice()

    def takes(self, letter: DeadLetter) -> bool:
        """Tell whether the letter is meant."""
        return (
            self.reason.lower() in f"{letter.reason} {letter.error}".lower()
            and (self.key is None or letter.record.key == self.key.encode())
            and self._is_in_time(letter)
            and self.name in (None, (letter.record.partition.number, letter.record.offset))
        )

    def _is_in_time(self, letter: DeadLetter) -> bool:
        at = _rejected_at(letter)
        return (self.since is None or at >= self.since.timestamp()) and (
            self.until is None or at <= self.until.timestamp()
        )


class NewestLetters:
    """The newest letters by when they were rejected, wherever they lie; `limit` are kept."""

    def __init__(self, limit: int) -> None:
        """None was seen."""
        self._limit = limit
        self._oldest_first: list[tuple[float, int, int, DeadLetter]] = []

    def add(self, letter: DeadLetter) -> None:
        """See one; if there are too many, the oldest goes."""
        record = letter.record
        rank = _rejected_at(letter), record.partition.number, record.offset, letter
        if len(self._oldest_first) < self._limit:
            heapq.heappush(self._oldest_first, rank)
        else:
            heapq.heappushpop(self._oldest_first, rank)

    def in_order(self) -> list[DeadLetter]:
        """Those that are left, the newest last."""
        return [rank[-1] for rank in sorted(self._oldest_first, key=lambda rank: rank[:-1])]


def _rejected_at(letter: DeadLetter) -> float:
    """Seconds since 1970; a timestamp of Kafka may lie where no calendar reaches."""
    at = letter.failed_at
    return letter.record.timestamp if at is None else at.timestamp()


async def letters(reader: TopicReader, topic: str) -> AsyncIterator[DeadLetter]:
    """Yield all letters of the dead-letter topic as it is now; raises KafkaError."""
    for number, (start, end) in (await reader.spans(topic)).items():
        async for record in reader.read(Partition(topic, number), start, end):
            letter = dead_letter(record)
            if letter is not None:
                yield letter


async def letter_at(reader: TopicReader, topic: str, name: tuple[int, int]) -> DeadLetter | None:
    """Read the letter of this name; None if there is none; raises KafkaError."""
    record = await _record_at(reader, Partition(topic, name[0]), name[1])
    return None if record is None else dead_letter(record)


async def whole(reader: TopicReader, letter: DeadLetter) -> DeadLetter | None:
    """Fetch what a letter left out from its source; None if it is not kept any more."""
    if letter.omitted_bytes is None:
        return letter
    source = await _record_at(reader, letter.source, letter.offset)
    return None if source is None else letter.whole(source)


async def _record_at(reader: TopicReader, partition: Partition, offset: int) -> Record | None:
    start, end = (await reader.spans(partition.topic)).get(partition.number, (0, 0))
    if start <= offset < end:
        async for record in reader.read(partition, offset, offset + 1):
            return record
    return None


def moment(text: str, now: datetime) -> datetime:
    """Read `2h` (ago), or a day or moment in ISO 8601 (UTC unless it says); raises ValueError."""
    if ago := _AGO.fullmatch(text.strip()):
        try:
            return max(_EARLIEST, now - timedelta(**{_UNITS[ago[2]]: float(ago[1])}))
        except OverflowError:
            return _EARLIEST
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r}: must be like 2h, 3d or 2026-11-24T10:00:00Z") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def letter_name(text: str) -> tuple[int, int]:
    """Read `PARTITION:OFFSET` or `OFFSET` of partition 0; raises ValueError."""
    found = _NAME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r}: must be PARTITION:OFFSET, as `dead-letters list` shows it")
    return int(found[1] or 0), int(found[2])
