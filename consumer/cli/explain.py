"""`hull-planhat explain`: why messages are sent or not, in lines and tables. Sends nothing."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from consumer.cli.read import read_settings
from consumer.cli.terminal import FAILED, WRONG_USE, guarded, say, shown, tell_json
from consumer.cli.topic_choice import Choice, chosen
from consumer.decide.rules import Rules
from consumer.engine.directory import CompanyDirectory, Owners
from consumer.extract.export import unwrapped
from consumer.extract.json_rows import json_rows
from consumer.extract.row import Endless
from consumer.log.printable import printable
from consumer.offsets.record import Headers
from consumer.watch.explain import explain
from consumer.watch.explain.explanation import to_json
from consumer.watch.explain.known import Known
from planhat_client.client import Planhat
from planhat_client.errors import PlanhatError
from planhat_client.transport import Transport
from schemas.shown import cleaned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from consumer.offsets.record import Record
    from consumer.settings import Settings
    from consumer.settings.planhat import PlanhatSettings
    from schemas.connector import ConnectorSettings


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

    def explained() -> int:
        settings, connector = read_settings(os.environ)
        try:
            known = _known(settings, connector, asks_planhat=options.asks_planhat)
        except PlanhatError as error:
            say([f"hull-planhat: {error}"])
            return FAILED
        tell = _teller(settings, connector, known, options)
        if options.file is None:
            return _from_topic(settings, options, tell)
        return _from_file(options.file, tell)

    return guarded(explained)


def _known(settings: Settings, connector: ConnectorSettings, *, asks_planhat: bool) -> Known:
    single = settings.planhat.activities == "single"
    found = asyncio.run(looked_up(settings.planhat, connector)) if asks_planhat else (None, None)
    return Known(found[0], found[1], settings.company_wait_seconds, single)


def _from_file(name: str, tell: Callable[[_Told], None]) -> int:
    with ExitStack() as stack:
        try:
            file: BinaryIO = (
                sys.stdin.buffer if name == "-" else stack.enter_context(Path(name).open("rb"))
            )
        except OSError as error:
            say([f"hull-planhat: {cleaned(name)}: {error.strerror}"])
            return WRONG_USE
        try:
            for told in _rows(file):
                tell(told)
        except Endless as error:
            say([f"hull-planhat: {name}: {error}"])
            return WRONG_USE
    return 0


def _rows(file: BinaryIO) -> Iterator[_Told]:
    for row in json_rows(file):
        value, note = unwrapped(row.value)
        # A row that is too long is no JSON either, and is explained as what it is: rejected.
        value = row.fault.encode() if row.fault else value
        yield _Told({"line": row.line}, f"line {row.line}", value, (), note)


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
    return 0 if found else FAILED


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
        found = masks.explanation(to_json(explain(told.value, told.headers, rules, known)))
        note = masks.text(told.note)
        if options.as_json:
            tell_json({**told.place, "note": note, **found})
            return
        for part in view(told.title, note, found["messages"]):
            console.print(part, soft_wrap=False)

    return tell


_STYLES: Final = {"send": "bold green", "skip": "bold yellow", "reject": "bold red"}
_INDENT: Final = (0, 0, 0, 2)
_LONGEST_VALUE: Final = 60


def view(title: str, note: str, messages: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    """Yield what to print for one record; `messages` as `to_json` gives them."""
    yield _text(title, "bold underline")
    if note:
        yield Padding(_text(note, "italic"), _INDENT, expand=False)
    if not messages:
        yield _text("  no messages: nothing to do")
    for message in messages:
        yield from (
            Padding(part, _INDENT, expand=False)
            for part in _message(message, alone=len(messages) == 1)
        )
    yield Text()


def _message(message: Mapping[str, Any], *, alone: bool) -> Iterator[RenderableType]:
    yield _headline(message, alone=alone)
    for condition in message["conditions"]:
        yield _text(f"if {condition}", "yellow")
    yield _steps(message["steps"])
    if message["fields"]:
        yield _fields(message["fields"])
    if not message["requests"]:
        yield _text("sends nothing", "dim")
    for request in message["requests"]:
        yield from _request(request)


def _headline(message: Mapping[str, Any], *, alone: bool) -> Text:
    line = Text() if alone else _text(f"message {message['position'] + 1}: ")
    line.append(message["verdict"].upper(), _STYLES[message["verdict"]])
    only = "only events of " if message["summary"] and message["verdict"] == "send" else ""
    line.append(f" {only}{message['kind']}")
    for name in ("hull_id", "external_id", "email"):
        if message[name]:
            line.append(f"  {name} {_short(message[name])}")
    if message["is_export"]:
        line.append("  (export)")
    if message["reason"]:
        line.append(f"\n{printable(message['summary'] or message['reason'])}", "yellow")
    return line


def _steps(steps: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for _ in range(3):
        table.add_column(overflow="fold")
    for step in steps:
        mark = Text("pass", "green") if step["passed"] else Text("stop", "red")
        table.add_row(mark, _text(step["name"]), _text(step["detail"]))
    return table


def _fields(rows: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    for name in ("Planhat's field", "mapped from", "found as", "value", "written"):
        table.add_column(name, overflow="fold")
    for row in rows:
        is_licence = row["model"] not in {"enduser", "company"}
        target = f"{row['model']}: {row['target']}" if is_licence else row["target"]
        value = "" if row["found_as"] is None else _json(row["value"])
        cells = (target, row["attribute"], row["found_as"] or "", value, _written(row))
        table.add_row(*(_text(cell) for cell in cells), style="" if row["is_sent"] else "dim")
    return table


def _written(row: Mapping[str, Any]) -> str:
    if not row["is_sent"]:
        return f"({row['note']})"
    written = "as it is" if row["written"] == row["value"] else _json(row["written"])
    return f"{written} ({row['note']})" if row["note"] else written


def _request(request: Mapping[str, Any]) -> Iterator[RenderableType]:
    line = _text(f"{request['method']} {request['path']}", "bold cyan")
    if request["host"] == "analytics":
        line.append(" at the analytics host")
    if request["only_if"]:
        line.append(f"  only if {printable(request['only_if'])}", "yellow")
    yield line
    body = json.dumps(request["body"], indent=2, ensure_ascii=False)
    yield Padding(
        _text("\n".join(printable(one) for one in body.splitlines())), _INDENT, expand=False
    )


def _text(text: str, style: str = "") -> Text:
    """Data is never read as markup, and can't command the terminal."""
    return Text("\n".join(printable(line) for line in text.split("\n")), style)


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def _json(value: object) -> str:
    return _short(json.dumps(value, ensure_ascii=False))


async def looked_up(
    settings: PlanhatSettings, connector: ConnectorSettings
) -> tuple[CompanyDirectory, Owners]:
    """Read companies and users, in two calls; raises InvalidSettings and PlanhatError."""
    companies, owners = CompanyDirectory(), Owners()
    api = Planhat(
        Transport(settings.request_timeout_seconds, 2),
        settings.endpoints(connector),
        settings.token(connector),
    )
    try:
        companies.read(await api.companies(), 0.0)
        owners.read(await api.users(), 0.0)
    finally:
        await api.close()
    return companies, owners
