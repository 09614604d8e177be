"""Stops the service when it rejects too much: a bad deploy must not empty the topic. Pure."""

from __future__ import annotations

from collections import deque

LEAST_MESSAGES = 200
"""So many messages must have ended before a share means anything."""


class RejectGuard:
    """Watches the share of rejected messages among the last ones."""

    def __init__(self, limit: float, least: int = LEAST_MESSAGES) -> None:
        """Trip when more than `limit` (0..1) of the last `least` messages were rejected."""
        self._limit = limit
        self._last: deque[bool] = deque(maxlen=least)
        self._rejected = 0

    @property
    def is_tripped(self) -> bool:
        """Too much was rejected; stays so, since nothing more comes in."""
        full = len(self._last) == self._last.maxlen
        return full and self._rejected > self._limit * len(self._last)

    def note(self, *, rejected: bool) -> None:
        """A message ended."""
        if len(self._last) == self._last.maxlen:
            self._rejected -= self._last[0]
        self._last.append(rejected)
        self._rejected += rejected
