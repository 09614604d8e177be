"""`hull-planhat dead-letters list | show`: what was rejected, and why."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from consumer.cli.foreground import quiet
from consumer.cli.letter_choice import NewestLetters, letter_at, letters, whole
from consumer.cli.output import say, shown, tell, tell_json
from consumer.cli.read import read_environment
from consumer.errors import KafkaError, KafkaUnavailable
from consumer.kafka.topic_reader import TopicReader
from consumer.log.printable import printable
from consumer.outbox.replay import ranges
from schemas.json_text import read_json
from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.cli.letter_choice import LetterChoice
    from consumer.outbox.letter import DeadLetter
    from consumer.settings import Settings
    from consumer.settings.kafka_settings import KafkaSettings

_FAILED: Final = 1
_WRONG_SETTINGS: Final = 2
_LONGEST_TEXT: Final = 20_000
_LONGEST_RANGES: Final = 60


def list_letters(choice: LetterChoice, limit: int, *, as_json: bool) -> int:
    """Print a table or JSON lines of the newest that are meant; return the exit code."""

    def told(settings: Settings) -> int:
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

    return _guarded(told)


def show_letter(name: tuple[int, int], *, pii: bool, as_json: bool) -> int:
    """Print one whole; return the exit code."""

    def told(settings: Settings) -> int:
        found, source = asyncio.run(_one(settings.kafka, name))
        if found is None:
            say([f"hull-planhat: no dead letter {name[0]}:{name[1]}"])
            return _FAILED
        told_of = _shown(found, source, keeps=pii or settings.log.pii)
        tell_json(told_of, indent=None if as_json else 2)
        return 0

    return _guarded(told)


def _guarded(act: Callable[[Settings], int]) -> int:
    """Run with the settings of the environment; what a user can cause is a line each."""
    quiet()
    try:
        return act(read_environment(os.environ))
    except InvalidSettings as error:
        say(error.lines, keeps_personal=True)
        return _WRONG_SETTINGS
    except KafkaError as error:
        say([f"hull-planhat: {error}"])
        return _FAILED


async def _newest(settings: KafkaSettings, choice: LetterChoice, limit: int) -> list[DeadLetter]:
    found = NewestLetters(limit)
    async with TopicReader(settings) as reader:
        async for letter in letters(reader, settings.dead_letter_topic):
            if choice.takes(letter):
                found.add(letter.without_value())
    return found.in_order()


async def _one(
    settings: KafkaSettings, name: tuple[int, int]
) -> tuple[DeadLetter | None, str | None]:
    """A letter made whole, and where what it left out lies, or why it is not there."""
    async with TopicReader(settings) as reader:
        letter = await letter_at(reader, settings.dead_letter_topic, name)
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
    try:
        return read_json(value)
    except ValueError:
        return value[:_LONGEST_TEXT].decode(errors="replace")
