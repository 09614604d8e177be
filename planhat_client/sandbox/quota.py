"""The limits of the main API, counted over a sliding window. Pure: `now` is seconds of any clock.

The pages tell the numbers, not how they are counted. Here a call that was let in counts until it
is one window old; one that was answered 429 costs nothing, but is counted for the report.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from planhat_client.sandbox.options import QuotaOptions

_PREFIXES: Final = {"x-rate-limit": "X-Rate-Limit", "x-ratelimit": "X-RateLimit"}


class Quota:
    """Counts calls and says which are too many."""

    def __init__(self, options: QuotaOptions) -> None:
        """No call was made yet."""
        self.options = options
        self.parallel = 0
        self.throttled = 0
        self.max_arrived = 0
        self.max_let_in = 0
        self._arrived: deque[float] = deque()
        self._let_in: deque[float] = deque()

    def arrive(self, now: float) -> bool:
        """Count a call, and tell whether it is let in."""
        self._forget(now)
        self._arrived.append(now)
        self.max_arrived = max(self.max_arrived, len(self._arrived))
        if self._is_too_much(now):
            self.throttled += 1
            return False
        self._let_in.append(now)
        self.max_let_in = max(self.max_let_in, len(self._let_in))
        return True

    def reset_seconds(self, now: float) -> float:
        """Seconds until a call is let in again; 0.0 if it would be now."""
        limit = self.options.calls_per_window
        if not limit or len(self._let_in) < limit:
            return 0.0
        return max(0.0, self._let_in[-limit] + self.options.window_seconds - now)

    def headers(self, now: float, *, is_throttled: bool = False) -> dict[str, str]:
        """Give the headers of an answer, in the spelling that was chosen."""
        found: dict[str, str] = {}
        limit = self.options.calls_per_window
        wait = self.reset_seconds(now)
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
        options = self.options
        if options.parallel and self.parallel > options.parallel:
            return True
        if options.calls_per_window and len(self._let_in) >= options.calls_per_window:
            return True
        return bool(options.calls_per_second) and _since(self._let_in, now - 1) >= (
            options.calls_per_second
        )

    def _forget(self, now: float) -> None:
        oldest = now - self.options.window_seconds
        for calls in (self._arrived, self._let_in):
            while calls and calls[0] <= oldest:
                calls.popleft()


def _since(calls: deque[float], start: float) -> int:
    count = 0
    for at in reversed(calls):
        if at <= start:
            break
        count += 1
    return count
