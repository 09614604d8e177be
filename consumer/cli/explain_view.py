"""An explanation for people: plain lines and tables, coloured where the terminal can."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from consumer.log.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from rich.console import RenderableType

_STYLES: Final = {"send": "bold green", "skip": "bold yellow", "reject": "bold red"}
_INDENT: Final = (0, 0, 0, 2)
_LONGEST_VALUE: Final = 60


def view(title: str, note: str, messages: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    """Yield what to print for one record; `messages` as `Explanation.to_json` gives them."""
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
        target = row["target"] if row["model"] in {"enduser", "company"} else _licence(row)
        value = "" if row["found_as"] is None else _json(row["value"])
        cells = (target, row["attribute"], row["found_as"] or "", value, _written(row))
        table.add_row(*(_text(cell) for cell in cells), style="" if row["is_sent"] else "dim")
    return table


def _written(row: Mapping[str, Any]) -> str:
    if not row["is_sent"]:
        return f"({row['note']})"
    written = "as it is" if row["written"] == row["value"] else _json(row["written"])
    return f"{written} ({row['note']})" if row["note"] else written


def _licence(row: Mapping[str, Any]) -> str:
    return f"{row['model']}: {row['target']}"


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
