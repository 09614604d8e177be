"""One log event as a line for people: time, level, event, then the rest. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from consumer.log_line import fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumer.log_line import Cleaner

_COLOURS: Final = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "1;31"}


def console_line(event: Mapping[str, Any], cleaner: Cleaner, *, has_colours: bool) -> str:
    """Return a line for people; control characters in values can't leave it."""
    found = fields(event, cleaner)
    time = str(found.pop("timestamp", ""))[11:23]
    level, name = str(found.pop("level", "")), _printable(str(found.pop("event", "")))
    found.pop("logger", None)
    error = found.pop("exception", None)
    rest = " ".join(f"{_printable(key)}={_shown(value)}" for key, value in found.items())
    padded = f"{level:<8}"
    if has_colours:
        padded = f"\x1b[{_COLOURS.get(level, '0')}m{padded}\x1b[0m"
    line = f"{time} {padded} {name:<28} {rest}".rstrip()
    return line if error is None else f"{line}{_traceback(error)}"


def _shown(value: object) -> str:
    if isinstance(value, str) and value and not set(value) & set(" =\"'"):
        return _printable(value)
    return _printable(orjson.dumps(value).decode())


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _traceback(error: dict[str, Any], indent: str = "\n    ") -> str:
    text = f"{indent}{_printable(str(error['type']))}: {_printable(str(error['message']))}"
    text += "".join(f"{indent}  {_printable(str(place))}" for place in error["stack"])
    for inner in [error.get("cause"), *error.get("exceptions", ())]:
        if isinstance(inner, dict):
            text += _traceback(inner, indent + "  ")
    return text
