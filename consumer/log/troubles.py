"""The last warnings and errors of the log, alike ones as one with their count. Pure."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST: Final = 100
_LONGEST_SHAPE: Final = 200
_LONGEST_TEXT: Final = 500
_VARYING: Final = re.compile(
    r"""\b[0-9a-fA-F-]{12,}\b | \S*\*{3}\S* | "[^"]*" | '[^']*' | \d+""", re.VERBOSE
)
"""What differs between alike reasons: ids, masked addresses, quoted values, numbers."""


@dataclass(slots=True)
class Trouble:
    """Alike lines: the newest of them, when the first and the last came, and how many."""

    level: str
    event: str
    reason: str
    hull_id: str
    first_at: str
    last_at: str
    count: int = 1


class Troubles:
    """Remembers the kinds of trouble that came last; bounded."""

    def __init__(self) -> None:
        self._groups: OrderedDict[tuple[str, str], Trouble] = OrderedDict()

    def note(self, line: Mapping[str, Any]) -> None:
        """A line was logged at warning or above; its fields are clean by now."""
        reason = _reason(line)
        event, at = str(line.get("event", ""))[:_LONGEST_TEXT], str(line.get("timestamp", ""))
        key = (shape(event), shape(reason))
        known = self._groups.pop(key, None)
        trouble = Trouble(
            str(line.get("level", "")), event, reason, str(line.get("hull_id") or ""), at, at
        )
        if known is not None:
            trouble.first_at, trouble.count = known.first_at, known.count + 1
        self._groups[key] = trouble
        if len(self._groups) > _MOST:
            self._groups.popitem(last=False)

    def latest(self) -> list[Trouble]:
        """All that is remembered, the newest first."""
        return list(reversed(list(self._groups.values())))


@lru_cache(maxsize=256)
def shape(text: str) -> str:
    """A text without what differs between alike ones. In a flood the same texts come again."""
    return _VARYING.sub("…", text[:_LONGEST_TEXT])[:_LONGEST_SHAPE]


def _reason(line: Mapping[str, Any]) -> str:
    reason = line.get("reason")
    error = line.get("exception")
    if not reason and isinstance(error, dict):
        reason = f"{error.get('type')}: {error.get('message')}"
    return str(reason or "")[:_LONGEST_TEXT]
