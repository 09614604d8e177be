"""`hull-planhat dead-letters list | show`: which are meant, what was rejected, and why."""

from __future__ import annotations

import asyncio
import heapq
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from consumer.cli.read import read_environment
from consumer.cli.terminal import FAILED, guarded, say, shown, tell, tell_json
from consumer.errors import KafkaUnavailable
from consumer.kafka.reader import TopicReader
from consumer.log.printable import printable
from consumer.offsets.record import Partition
from consumer.outbox.letter import dead_letter
from consumer.outbox.replay import ranges
from schemas.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from consumer.offsets.record import Record
    from consumer.outbox.letter import DeadLetter
    from consumer.settings.kafka import KafkaSettings

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
        """Whether the letter is meant."""
        return (
            self.reason.lower() in f"{letter.reason} {letter.error}".lower()
            and (self.key is None or letter.record.key == self.key.encode())
            and (self.since is None or _rejected_at(letter) >= self.since.timestamp())
            and (self.until is None or _rejected_at(letter) <= self.until.timestamp())
            and self.name in (None, (letter.record.partition.number, letter.record.offset))
        )


Ranked: TypeAlias = "tuple[float, int, int, DeadLetter]"
"""A letter behind what it is chosen by: a time, then its place."""


def keep_highest(kept: list[Ranked], one: Ranked, limit: int) -> bool:
    """Keep the highest of many in a heap; whether one had to go for it."""
    if len(kept) < limit:
        heapq.heappush(kept, one)
        return False
    heapq.heappushpop(kept, one)
    return True


def newest_rank(letter: DeadLetter) -> Ranked:
    """By when it was rejected, wherever it lies; its value is left out."""
    place = letter.record.partition.number, letter.record.offset
    return _rejected_at(letter), *place, letter.without_value()


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


_LONGEST_TEXT: Final = 20_000
_LONGEST_RANGES: Final = 60


def list_letters(choice: LetterChoice, limit: int, *, as_json: bool) -> int:
    """Print a table or JSON lines of the newest that are meant; return the exit code."""

    def told() -> int:
        settings = read_environment(os.environ)
        found = asyncio.run(_newest(settings.kafka, choice, limit))
        masks = shown(keeps_personal=settings.log.pii)
        if as_json:
            for letter in found:
                tell_json(masks.value(letter.to_json()))
        elif found:
            Console(highlight=False).print(_table(found, masks.text))
        else:
            tell("no dead letters")
        return 0

    return guarded(told)


def show_letter(name: tuple[int, int], *, pii: bool, as_json: bool) -> int:
    """Print one whole; return the exit code."""

    def told() -> int:
        settings = read_environment(os.environ)
        found, source = asyncio.run(_one(settings.kafka, name))
        if found is None:
            say([f"hull-planhat: no dead letter {name[0]}:{name[1]}"])
            return FAILED
        told_of = _shown(found, source, keeps=pii or settings.log.pii)
        tell_json(told_of, indent=None if as_json else 2)
        return 0

    return guarded(told)


async def _newest(settings: KafkaSettings, choice: LetterChoice, limit: int) -> list[DeadLetter]:
    found: list[Ranked] = []
    async with TopicReader(settings) as reader:
        async for letter in letters(reader, settings.dead_letter_topic):
            if choice.takes(letter):
                keep_highest(found, newest_rank(letter), limit)
    return [one[-1] for one in sorted(found)]


async def _one(
    settings: KafkaSettings, name: tuple[int, int]
) -> tuple[DeadLetter | None, str | None]:
    """A letter made whole, and where what it left out lies, or why it is not there."""
    async with TopicReader(settings) as reader:
        at = Partition(settings.dead_letter_topic, name[0])
        record = await _record_at(reader, at, name[1])
        letter = None if record is None else dead_letter(record)
        if letter is None or (letter.omitted_bytes is None and letter.readable):
            return letter, None
        place = f"{letter.source.topic}, partition {letter.source.number}, offset {letter.offset}"
        if not letter.readable:
            return letter, f"could not be read at {place}"
        if letter.source.topic not in settings.topics:
            return letter, f"not read at {place}: the topic is none of KAFKA_TOPICS"
        try:
            found = await whole(reader, letter)
        except KafkaUnavailable as error:
            return letter, f"not to be read at {place}: {error}"
        return (letter, f"no longer kept at {place}") if found is None else (found, place)


def _table(found: list[DeadLetter], mask: Callable[[str], str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("letter", "rejected at", "reason", "from", "key", "attempts", "replays"):
        table.add_column(name, overflow="fold")
    for letter in found:
        place = f"{letter.source.topic} {letter.source.number}:{letter.offset}"
        if letter.positions is not None:
            counted = ranges([position + 1 for position in letter.positions])
            place += f" message{'s' * (len(letter.positions) > 1)} {counted[:_LONGEST_RANGES]}"
            place += "..." * (len(counted) > _LONGEST_RANGES)
        key = (letter.record.key or b"").decode(errors="replace")
        at = f"{letter.failed_at:%Y-%m-%d %H:%M:%S}" if letter.failed_at else "?"
        cells = (letter.name, at, letter.reason, place, key, letter.attempts, letter.replays)
        table.add_row(*(Text(printable(mask(str(cell)))) for cell in cells))
    return table


def _shown(letter: DeadLetter, source: str | None, *, keeps: bool) -> dict[str, Any]:
    own = {
        name: (value or b"").decode(errors="replace")
        for name, value in letter.record.headers
        if not name.startswith("dl.")
    }
    found: dict[str, Any] = {
        **letter.to_json(),
        "headers": own,
        "value": _value(letter.record.value),
    }
    if source is not None:
        found["value_from"] = source
    masks = shown(keeps_personal=keeps)
    masked: Any = masks.value({**found, "value": None})
    return {**masked, "topic": letter.source.topic, "value": masks.message(found["value"])}


def _value(value: bytes | None) -> Any:  # noqa: ANN401 - whatever lies in the topic
    """The JSON it holds; text that is none as it is, up to a length that people can look at."""
    if value is None:
        return None
    with suppress(ValueError):
        return read_json(value)
    return value[:_LONGEST_TEXT].decode(errors="replace")
