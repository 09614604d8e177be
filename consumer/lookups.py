"""Endusers whose Planhat id must be known before they may go. Pure.

Planhat knows an external id within a company only: one that moved to another company would be
created there a second time. By its `_id` it moves (docs/decisions/0041).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consumer.part import Part


class Lookups:
    """Parts that wait to be looked up; `current` is the one that is being asked about."""

    def __init__(self) -> None:
        """Nobody waits."""
        self.current: Part | None = None
        self._waiting: deque[Part] = deque()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting) + (self.current is not None)

    def add(self, part: Part) -> None:
        """Let a part wait to be looked up."""
        self._waiting.append(part)

    def next(self) -> Part | None:
        """Give the next to ask about: one that nothing before it may still create or move.

        Until `done` or `clear` it is the current one, and is given again.
        """
        if self.current is not None:
            return self.current
        for _ in range(len(self._waiting)):
            part = self._waiting.popleft()
            if part.ended:
                continue
            if _is_first(part):
                self.current = part
                return part
            self._waiting.append(part)
        return None

    def done(self, part: Part) -> bool:
        """It was looked up; False if nobody waits for that any more."""
        is_current = self.current is part
        if is_current:
            self.current = None
        return is_current and not part.ended

    def clear(self) -> None:
        """Forget all: their partitions were revoked."""
        self.current = None
        self._waiting.clear()


def _is_first(part: Part) -> bool:
    profile = part.profile
    return profile is not None and not profile.blockers and profile.parts[0] is part
