"""What a person may choose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """`size` is the number of records (0: the scenario's own); `latency_ms` is Planhat's."""

    size: int = 0
    runs: int = 3
    quick: bool = False
    latency_ms: float = 50.0
    mapped: int = 7
    profile: Path | None = None
    uvloop: bool = False

    @property
    def on_what(self) -> str:
        """What a table says of the event loop."""
        return ", on uvloop" if self.uvloop else ""
