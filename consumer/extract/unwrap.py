"""What a row of a file stands for. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from schemas.json_text import mended, read_json

_MESSAGE_NAMES: Final = {"user", "account", "messages", "channel"}


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """The value of a record, and what was noted beside it."""

    value: bytes
    note: str = ""


def unwrapped(text: bytes) -> Unwrapped:
    """Take a record out of `{"note": ..., "record": ...}`; anything else is the record itself."""
    if b'"record"' not in text or not mended(text).startswith(b"{"):
        return Unwrapped(text)
    try:
        document = read_json(text)
    except ValueError:
        return Unwrapped(text)
    if "record" not in document or _MESSAGE_NAMES & document.keys():
        return Unwrapped(text)
    note = document.get("note")
    value = json.dumps(document["record"], ensure_ascii=False).encode()
    return Unwrapped(value, note if isinstance(note, str) else "")
