"""How long we may believe that our partitions are still ours. Pure.

A member that Kafka no longer hears loses its partitions without being told: its process was
frozen, or the network between them broke. It could go on to send old changes after the newer ones
of the new owner. So we send only while the group has confirmed our membership lately, and early
enough that a request which goes now has ended when the group gives our partitions away.
"""

from __future__ import annotations

_RENEWALS = 5


def lease_seconds(session_seconds: float, request_seconds: float) -> float:
    """How long a confirmation is good for; at least a third of a session, for short ones."""
    return max(session_seconds - request_seconds, session_seconds / 3)


class Lease:
    """Holds for `seconds` after the group last confirmed us; `now` is of a steady clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._confirmed_at = float("-inf")

    def confirm(self, at: float) -> None:
        """The group knew us, in answer to a question asked at `at`."""
        self._confirmed_at = max(self._confirmed_at, at)

    def end(self) -> None:
        """The group does not know us (any more)."""
        self._confirmed_at = float("-inf")

    def holds(self, now: float) -> bool:
        """Whether the partitions are certainly ours."""
        return now - self._confirmed_at < self.seconds

    def is_due(self, now: float) -> bool:
        """Whether it is time to ask again."""
        return now - self._confirmed_at >= self.seconds / _RENEWALS
