"""The message in whatever Planhat sends to say what is wrong. Pure.

Only messages are taken, never the items that an entry may repeat: those are people's data.
"""

from __future__ import annotations

from typing import Any

NO_MESSAGE = "an error without a message"

_LONGEST = 200
_DEEPEST = 6
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


def error_text(entry: Any) -> str:  # noqa: ANN401 - whatever Planhat sent
    """Say what an error entry of any shape says, shortened; never raises."""
    return _text(entry, _DEEPEST)[:_LONGEST] or NO_MESSAGE


def message(document: Any, body: bytes) -> str:  # noqa: ANN401 - whatever Planhat sent
    """Say what an answer says; `document` is its body as JSON, None if it is none."""
    if document is not None:
        return "" if isinstance(document, list) else _text(document, _DEEPEST)[:_LONGEST]
    text = " ".join(body[:_LONGEST].decode(errors="replace").split())
    # A page in HTML tells nothing, and a torn piece of JSON may hold people's data.
    return "" if text[:1] in ("<", "{", "[", '"') else text


def is_page(body: bytes) -> bool:
    """Tell whether a body is a page for a browser: then it is not the API that answered."""
    start = body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


def _text(entry: Any, depth: int) -> str:  # noqa: ANN401 - whatever Planhat sent
    if isinstance(entry, str):
        return " ".join(entry.split())
    if isinstance(entry, int | float) and not isinstance(entry, bool):
        return str(entry)
    if not depth or not isinstance(entry, dict | list):
        return ""
    values = entry[:10] if isinstance(entry, list) else [entry.get(name) for name in _NAMES]
    found = (_text(value, depth - 1) for value in values)
    return next(filter(None, found), "")
