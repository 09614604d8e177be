"""One log event as a line for people: time, level, event, then the rest. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from consumer.log.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

_COLOURS: Final = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "1;31"}


def console_line(fields: Mapping[str, Any], *, has_colours: bool) -> str:
    """Return a line for people of clean fields; control characters in values can't leave it."""
    found = dict(fields)
    time = str(found.pop("timestamp", ""))[11:23]
    level, name = str(found.pop("level", "")), printable(str(found.pop("event", "")))
    found.pop("logger", None)
    error = found.pop("exception", None)
    rest = " ".join(f"{printable(key)}={_shown(value)}" for key, value in found.items())
    padded = f"{level:<8}"
    if has_colours:
        padded = f"\x1b[{_COLOURS.get(level, '0')}m{padded}\x1b[0m"
    line = f"{time} {padded} {name:<28} {rest}".rstrip()
    return line if error is None else f"{line}{_traceback(error)}"


def _shown(value: object) -> str:
    if isinstance(value, str) and value and not set(value) & set(" =\"'"):
        return printable(value)
    return printable(orjson.dumps(value).decode())


def _traceback(error: dict[str, Any], indent: str = "\n    ") -> str:
    text = f"{indent}{printable(str(error['type']))}: {printable(str(error['message']))}"
    text += "".join(f"{indent}  {printable(str(place))}" for place in error["stack"])
    for inner in [error.get("cause"), *error.get("exceptions", ())]:
        if isinstance(inner, dict):
            text += _traceback(inner, indent + "  ")
    return text
