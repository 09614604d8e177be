"""Stops the service when it rejects too much: a bad deploy must not empty the topic. Pure."""

from __future__ import annotations

from collections import deque

LEAST_RECORDS = 200
"""So many records must have come before a share means anything."""

MOST_RECORDS = 2000
"""The share is that of so many last records."""


class RejectGuard:
    """Watches the share of records with a rejected message among the last ones.

    A record counts when it is read, in the order of the topic; one of which Planhat refuses
    something later counts again, once. So an envelope is no more than any other record. Counting
    ends instead would be unfair: what can't be parsed ends at once, and what is delivered ends much
    later, so at the head of a backlog all ends are bad ones.
    """

    def __init__(self, limit: float) -> None:
        """Trip when more than `limit` (0..1) of the last records were rejected."""
        self._limit = limit
        self._last: deque[bool] = deque(maxlen=MOST_RECORDS)
        self._rejected = 0
        self.is_tripped = False

    def note(self, *, rejected: bool) -> None:
        """A record was read, or was refused later. Once tripped it stays so."""
        if len(self._last) == MOST_RECORDS:
            self._rejected -= self._last[0]
        self._last.append(rejected)
        self._rejected += rejected
        seen = len(self._last)
        if seen >= LEAST_RECORDS and self._rejected > self._limit * seen:
            self.is_tripped = True
