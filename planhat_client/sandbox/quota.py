"""The limits of the main API, counted over a sliding window. Pure: `now` is seconds of any clock.

The pages tell the numbers, not how they are counted. Here a call that was let in counts until it
is one window old; one that was answered 429 costs nothing, but is counted for the report.
"""

from __future__ import annotations

from collections import deque
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from planhat_client.sandbox.options import QuotaOptions

_PREFIXES: Final = {
    None: "X-Rate-Limit",
    "x-rate-limit": "X-Rate-Limit",
    "x-ratelimit": "X-RateLimit",
}


class Quota:
    """Counts calls and says which are too many."""

    def __init__(self, options: QuotaOptions) -> None:
        self.options = options
        self.parallel = 0
        self.throttled = 0
        self.max_arrived = 0
        self.max_let_in = 0
        self._arrived: deque[float] = deque()
        self._let_in: deque[float] = deque()

    def arrive(self, now: float) -> bool:
        """Count a call, and tell whether it is let in."""
        oldest = now - self.options.window_seconds
        for calls in (self._arrived, self._let_in):
            while calls and calls[0] <= oldest:
                calls.popleft()
        self._arrived.append(now)
        self.max_arrived = max(self.max_arrived, len(self._arrived))
        if self._is_too_much(now):
            self.throttled += 1
            return False
        self._let_in.append(now)
        self.max_let_in = max(self.max_let_in, len(self._let_in))
        return True

    def headers(self, now: float, *, is_throttled: bool = False) -> dict[str, str]:
        """Give the headers of an answer, in the spelling that was chosen."""
        found: dict[str, str] = {}
        limit = self.options.calls_per_window
        # Until a call is let in again.
        is_used_up = limit and len(self._let_in) >= limit
        freed_at = self._let_in[-limit] + self.options.window_seconds if is_used_up else now
        wait = max(0.0, freed_at - now)
        if limit and (prefix := _PREFIXES.get(self.options.headers)):
            found[f"{prefix}-Limit"] = str(limit)
            found[f"{prefix}-Remaining"] = str(max(0, limit - len(self._let_in)))
            if self.options.headers == "x-ratelimit":
                found[f"{prefix}-Reset"] = f"{wait:.3f}"
        if is_throttled and self.options.retry_after:
            found["Retry-After"] = str(max(1, round(wait + 0.5)))
        return found

    def report(self) -> dict[str, Any]:
        """Tell the most calls seen in any window, those answered 429 included, and without them."""
        return {
            "calls_per_window": self.options.calls_per_window,
            "window_seconds": self.options.window_seconds,
            "max_calls_per_minute": self.max_arrived,
            "max_let_in_per_minute": self.max_let_in,
            "throttled": self.throttled,
        }

    def _is_too_much(self, now: float) -> bool:
        options, let_in = self.options, self._let_in
        if options.parallel and self.parallel > options.parallel:
            return True
        if options.calls_per_window and len(let_in) >= options.calls_per_window:
            return True
        lately = takewhile(lambda at: at > now - 1, reversed(let_in))
        return 0 < options.calls_per_second <= sum(1 for _ in lately)
