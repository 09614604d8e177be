"""The service's own log of the demo in a few lines: warnings and errors by event."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rich.console import Console

_WORTH_TELLING: Final = frozenset({"warning", "error", "critical"})


def counts(lines: Iterable[str]) -> Counter[tuple[str, str]]:
    """Count lines of JSON by level and event, those that a person should know of."""
    found: Counter[tuple[str, str]] = Counter()
    for line in lines:
        entry = orjson.loads(line)
        if entry["level"] in _WORTH_TELLING:
            found[entry["level"], entry["event"]] += 1
    return found


def show(console: Console, file: Path) -> None:
    """Print the counts."""
    with file.open(encoding="utf-8") as lines:
        found = counts(lines)
    told = ", ".join(f"{count} {event} ({level})" for (level, event), count in found.most_common())
    console.print(f"The service logged: {told or 'no warnings'}", markup=False, highlight=False)
