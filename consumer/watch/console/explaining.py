"""What a pasted message would lead to, as JSON of bounded size: what /api/explain answers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from consumer.watch.explain import explain
from consumer.watch.explain.explanation import to_json
from schemas.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumer.watch.console.view import View
    from consumer.watch.personal import Shown

LARGEST_MESSAGE: Final = 512 * 1024
MOST_MESSAGES: Final = 50
LARGEST_ANSWER: Final = 1024 * 1024
_TRIES: Final = (1, 4, 16)
"""Masked and as JSON a value may be larger than it is: then less of it is told."""
_LONGEST_TEXT: Final = 8000
_EACH: Final = 8
_ROWS: Final = 4
"""So deep lie the rows of mappings, which have all their members whatever is left out."""
_LEFT_OUT: Final = "..."


class TooMuch(Exception):
    """It is not explained; the text says which bound it is beyond."""


def explained(message: bytes, view: View, shown: Shown) -> bytes:
    """Explain it, cut where too large; raises TooMuch. It may take a second: beside the loop."""
    if (count := _count(message)) > MOST_MESSAGES:
        raise TooMuch(
            f"The envelope holds {count:,} messages; at most {MOST_MESSAGES} are explained at once"
        )
    found = to_json(explain(message, (), view.rules, view.known))
    for share in _TRIES:
        part = _Part(LARGEST_ANSWER // share)
        told = shown.explanation(part.of(found))
        answer = orjson.dumps({**told, "is_cut": part.is_cut})
        if len(answer) <= LARGEST_ANSWER:
            return answer
    raise TooMuch(f"The answer is larger than {LARGEST_ANSWER // 1024} KiB: paste less at once")


def _count(message: bytes) -> int:
    try:
        document = read_json(message)
    except ValueError:
        return 1
    messages = document.get("messages") if isinstance(document, dict) else None
    return len(messages) if isinstance(messages, list) else 1


class _Part:
    """As much of an explanation as fits into so many bytes."""

    def __init__(self, size: int) -> None:
        self.is_cut = False
        self._left = size

    def of(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Take the part. No text is cut: half a secret would not be known as one."""
        return {name: self._take(one, 1) for name, one in found.items()}

    def _take(self, value: Any, depth: int) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, dict):
            return {
                name: self._take(one, depth + 1)
                for name, one in value.items()
                if depth <= _ROWS or self._fits(str(name))
            }
        if isinstance(value, list):
            return [self._take(one, depth + 1) for one in value if self._fits("")]
        # A message is told whole; only what is read and sent of it may be left out.
        if depth <= _ROWS - 1 or self._fits(value if isinstance(value, str) else ""):
            return value
        return _LEFT_OUT

    def _fits(self, text: str) -> bool:
        if self._left <= 0:
            self.is_cut = True
            return False
        self._left -= min(len(text), _LONGEST_TEXT) + _EACH
        return True
