"""The message in whatever Planhat sends to say what is wrong. Pure.

Only messages are taken, never the items that an entry may repeat: those are people's data. What a
message itself repeats of them, `clean` takes out (see echo.py), before it is shortened: no half of
a value may be left. No sign that is not to be seen gets any further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

NO_MESSAGE = "an error without a message"
_PERMISSION = "permission"

_LONGEST = 200
_LONGEST_READ = 2000
_DEEPEST = 6
_MOST_VALUES = 500
"""Values that are looked at in search of a message."""
_FIELD = "el"
"""Names the field that a message is about, as in {"el":"externalId","error":"Not valid type"}."""
_NAMES = (
    "error",
    "message",
    "msg",
    "reason",
    "errmsg",
    "description",
    "detail",
    "details",
    "why",
    "errors",
    "code",
)


Clean: TypeAlias = Callable[[str], str]
"""Takes out of a text what we had sent."""


def error_text(
    entry: Any,  # noqa: ANN401 - whatever Planhat sent
    clean: Clean = str,
    *,
    permission_errors: Sequence[Any] = (),
) -> str:
    """Say what an error entry of any shape says, shortened; never raises.

    One of `permission_errors` may be but the key of an item: it is said what it lacks.
    """
    told = _fit(_text(entry), clean)
    if _PERMISSION in told.lower() or not any(one is entry for one in permission_errors):
        return told or NO_MESSAGE
    return f"no {_PERMISSION}: {told}" if told else f"no {_PERMISSION}"


def message(document: Any, body: bytes, clean: Clean = str) -> str:  # noqa: ANN401 - likewise
    """Say what an answer says; `document` is its body as JSON, None if it is none."""
    if document is not None:
        return _fit(_text(document), clean)
    text = " ".join(body[:_LONGEST_READ].decode(errors="replace").split())
    # A page in HTML tells nothing, and a torn piece of JSON may hold people's data.
    return "" if text[:1] in ("<", "{", "[", '"') else _fit(text, clean)


def _fit(text: str, clean: Clean) -> str:
    text = clean(text[:_LONGEST_READ])[:_LONGEST]
    # A sign may command a terminal, or turn the order of others.
    shown = (one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    return "".join(shown)[:_LONGEST]


def is_page(body: bytes) -> bool:
    """Tell whether a body is a page for a browser: then it is not the API that answered."""
    start = body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


def _text(entry: Any, depth: int = _DEEPEST, left: Iterator[int] | None = None) -> str:  # noqa: ANN401 - likewise
    left = left or iter(range(_MOST_VALUES))
    if isinstance(entry, str):
        return " ".join(entry[: 2 * _LONGEST_READ].split())
    if isinstance(entry, int | float) and not isinstance(entry, bool):
        return str(entry)
    if not depth or not isinstance(entry, dict | list):
        return ""
    values = entry[:10] if isinstance(entry, list) else [entry.get(name) for name in _NAMES]
    some = (value for value in values if value is not None and next(left, None) is not None)
    told = next(filter(None, (_text(value, depth - 1, left) for value in some)), "")
    field = entry.get(_FIELD) if told and isinstance(entry, dict) else None
    return f"{_text(field)}: {told}" if field and isinstance(field, str) else told
