"""`hull-planhat explain`: why messages are sent or not. Sends nothing."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from rich.console import Console

from consumer.cli.explain_view import view
from consumer.cli.foreground import quiet
from consumer.cli.look_up import looked_up
from consumer.cli.output import say, shown, tell_json
from consumer.cli.read import read_settings
from consumer.cli.topic_choice import Choice, chosen
from consumer.decide.rules import Rules
from consumer.errors import KafkaError
from consumer.extract.json_rows import json_rows
from consumer.extract.row import Endless
from consumer.extract.unwrap import unwrapped
from consumer.offsets.record import Headers
from consumer.watch.explain import Known, explain
from planhat_client.errors import PlanhatError
from schemas.settings_error import InvalidSettings
from schemas.shown import cleaned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from consumer.offsets.record import Record
    from consumer.settings import Settings
    from schemas.connector import ConnectorSettings

_FAILED: Final = 1
_WRONG_USE: Final = 2


@dataclass(frozen=True, slots=True)
class ExplainOptions:
    """What was asked for; `file` or `choice` says where the messages are."""

    file: str | None
    choice: Choice | None
    as_json: bool = False
    pii: bool = False
    asks_planhat: bool = False


@dataclass(frozen=True, slots=True)
class _Told:
    """A record to explain, and how to call it."""

    place: dict[str, Any]
    title: str
    value: bytes | None
    headers: Headers = ()
    note: str = ""


def run_explain(options: ExplainOptions) -> int:
    """Explain each; return 0, 1 if the topic can't be read, 2 if settings or the file are wrong."""
    quiet()
    try:
        settings, connector = read_settings(os.environ)
        known = _known(settings, connector, asks_planhat=options.asks_planhat)
        tell = _teller(settings, connector, known, options)
        return (
            _from_topic(settings, options, tell)
            if options.file is None
            else _from_file(options.file, tell)
        )
    except InvalidSettings as error:
        say(error.lines, keeps_personal=True)
        return _WRONG_USE
    except (KafkaError, PlanhatError) as error:
        say([f"hull-planhat: {error}"])
        return _FAILED


def _known(settings: Settings, connector: ConnectorSettings, *, asks_planhat: bool) -> Known:
    single = settings.planhat.activities == "single"
    wait = settings.company_wait_seconds
    if not asks_planhat:
        return Known(company_wait_seconds=wait, single_activities=single)
    companies, owners = asyncio.run(looked_up(settings.planhat, connector))
    return Known(companies, owners, wait, single)


def _from_file(name: str, tell: Callable[[_Told], None]) -> int:
    with ExitStack() as stack:
        try:
            file: BinaryIO = (
                sys.stdin.buffer if name == "-" else stack.enter_context(Path(name).open("rb"))
            )
        except OSError as error:
            say([f"hull-planhat: {cleaned(name)}: {error.strerror}"])
            return _WRONG_USE
        try:
            for told in _rows(file):
                tell(told)
        except Endless as error:
            say([f"hull-planhat: {name}: {error}"])
            return _WRONG_USE
    return 0


def _rows(file: BinaryIO) -> Iterator[_Told]:
    for row in json_rows(file):
        inner = unwrapped(row.value)
        # A row that is too long is no JSON either, and is explained as what it is: rejected.
        value = inner.value if not row.fault else row.fault.encode()
        yield _Told({"line": row.line}, f"line {row.line}", value, (), inner.note)


def _from_topic(settings: Settings, options: ExplainOptions, tell: Callable[[_Told], None]) -> int:
    assert options.choice is not None  # noqa: S101 - the command line saw to it
    found = asyncio.run(chosen(settings.kafka, options.choice))
    for record in found:
        topic, partition = record.partition
        place = {"topic": topic, "partition": partition, "offset": record.offset}
        title = f"{topic}, partition {partition}, offset {record.offset}"
        note = _by_timestamp(record) if options.choice.key is not None else ""
        tell(_Told(place, title, record.value, record.headers, note))
    if not found:
        say([f"hull-planhat: {options.choice.missing}"])
    return 0 if found else _FAILED


def _by_timestamp(record: Record) -> str:
    """What the search for the newest went by: it may be a producer's clock."""
    try:
        at = f"{datetime.fromtimestamp(record.timestamp, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        at = f"{record.timestamp:g} s"
    whose = "Kafka's clock" if record.since == record.timestamp else "its producer's clock"
    return f"timestamp {at}, by {whose}"


def _teller(
    settings: Settings, connector: ConnectorSettings, known: Known, options: ExplainOptions
) -> Callable[[_Told], None]:
    rules = Rules.compile(connector)
    masks = shown(keeps_personal=options.pii or settings.log.pii, rules=rules)
    console = Console(highlight=False, emoji=False, markup=False)

    def tell(told: _Told) -> None:
        found = masks.explanation(explain(told.value, told.headers, rules, known).to_json())
        note = masks.text(told.note)
        if options.as_json:
            tell_json({**told.place, "note": note, **found})
            return
        for part in view(told.title, note, found["messages"]):
            console.print(part, soft_wrap=False)

    return tell
