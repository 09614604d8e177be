"""Whether the service gets on: told from what stands still though it could move. Pure.

Standing still by itself is no fault: an idle topic, a used-up quota, a dead API and a halt all have
their own words elsewhere. A loop that does not turn, or leaves what could go, is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from consumer.engine.dispatch import Dispatch

STUCK_SECONDS: Final = 60.0


class Progress:
    """Looks at the lanes now and then, and remembers since when nothing moved."""

    def __init__(self, request_seconds: float) -> None:
        """`request_seconds` is how long an answer may take."""
        self._longest_flight = request_seconds + STUCK_SECONDS
        self._looked_at: float | None = None
        self._left_since: float | None = None
        self._left = ""
        # Not the batches themselves: they hold all that is in them.
        self._flights: dict[int, tuple[float, str]] = {}

    def look(self, dispatch: Dispatch, now: float, *, is_held: bool = False) -> None:
        """Note how things are, twice a second; `is_held`: nothing may be sent, whatever waits."""
        self._looked_at = now
        going = [batch for lane in dispatch.lanes.values() for batch in lane.batches]
        self._flights = {
            batch.number: self._flights.get(batch.number, (now, batch.resource.value))
            for batch in going
        }
        left = None if going or is_held else dispatch.sendable(now)
        if left is None:
            self._left_since = None
        elif self._left_since is None:
            self._left_since, self._left = now, left.value

    def stuck(self, now: float, polled_at: float) -> str | None:
        """Say what is stuck; `polled_at` is when Kafka was polled last, 0 before the first time."""
        if polled_at and now - polled_at > STUCK_SECONDS:
            return f"no poll of Kafka for {now - polled_at:.0f} s"
        if self._looked_at is not None and now - self._looked_at > STUCK_SECONDS:
            return f"no look at the lanes for {now - self._looked_at:.0f} s"
        if self._left_since is not None and now - self._left_since > STUCK_SECONDS:
            return f"{self._left} could be sent for {now - self._left_since:.0f} s and are not"
        overdue = (
            f"a request for {what} has neither ended nor failed for {now - since:.0f} s"
            for since, what in self._flights.values()
            if now - since > self._longest_flight
        )
        return next(overdue, None)
