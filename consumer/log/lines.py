"""One clean log event as a line: JSON for machines, or structlog's own form for people. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from structlog.dev import ConsoleRenderer, plain_traceback

from consumer.log.printable import printable, printable_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def json_line(found: Mapping[str, Any]) -> str:
    """Return a line for machines."""
    return printable_json(orjson.dumps(found).decode())


def console_lines(*, has_colours: bool) -> Callable[[Mapping[str, Any]], str]:
    """Return what makes lines for people; no sign in a value can command their terminal."""
    render = ConsoleRenderer(
        colors=has_colours, sort_keys=False, exception_formatter=plain_traceback
    )

    def line(found: Mapping[str, Any]) -> str:
        # The renderer writes short texts as they are; what lies deeper it writes by `repr`.
        shown = {
            printable(name): printable(value) if isinstance(value, str) else value
            for name, value in found.items()
        }
        if isinstance(error := shown.get("exception"), dict):
            shown["exception"] = "\n".join(_traceback(error, "    "))
        return str(render(None, "", shown))

    return line


def _traceback(error: dict[str, Any], indent: str) -> list[str]:
    lines = [f"{error['type']}: {error['message']}", *(f"  {place}" for place in error["stack"])]
    lines = [indent + printable(line) for line in lines]
    for inner in [error.get("cause"), *error.get("exceptions", ())]:
        lines += _traceback(inner, indent + "  ") if isinstance(inner, dict) else []
    return lines
