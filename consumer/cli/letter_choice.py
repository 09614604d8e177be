"""Which dead letters a command is about, and how they are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from consumer.dead_letter import dead_letter
from consumer.part import Partition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from consumer.dead_letter import DeadLetter
    from consumer.kafka.topic_reader import TopicReader

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
        at = letter.failed_at or datetime.fromtimestamp(letter.record.timestamp, UTC)
        return (self.since is None or at >= self.since) and (self.until is None or at <= self.until)


async def letters(reader: TopicReader, topic: str) -> AsyncIterator[DeadLetter]:
    """Yield all letters of the dead-letter topic as it is now; raises KafkaError."""
    for number, (start, end) in (await reader.spans(topic)).items():
        async for record in reader.read(Partition(topic, number), start, end):
            letter = dead_letter(record)
            if letter is not None:
                yield letter


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
