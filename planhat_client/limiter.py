"""When may the next call go? A token bucket that neither sleeps nor looks at the clock. Pure."""

from __future__ import annotations

from collections import deque
from typing import Protocol

WINDOW_SECONDS = 60.0
"""Planhat counts its quota by the minute ("Authentication & Limits")."""

_LOWEST = 0.05
_SLOWER = 0.7
_FASTER = 1.1
_FIRST = 2.0
_FEW = 2.0
_EPSILON = 1e-9


class Gate(Protocol):
    """Something that says when the next call may go."""

    def wait(self, now: float) -> float:
        """Seconds until a call may go; 0.0 means now."""

    def take(self, now: float) -> None:
        """A call goes."""

    def throttled(self, now: float, retry_after: float | None) -> None:
        """A call was answered 429."""


class Limiter:
    """In no 60 seconds do more than `requests_per_minute` calls go (if that is 1 or more).

    A burst of at most `burst`, then evenly at (quota - burst) a minute: the sum never breaks the
    quota, and a steady load never stalls. 429 lowers the rate by 30 % and closes the gate; each
    minute without one raises it by 10 %, up to the setting.
    """

    def __init__(self, requests_per_minute: float, burst: float) -> None:
        """Begin with a full burst and the whole quota."""
        self._quota = float(requests_per_minute)
        self._burst = float(burst)
        self._fraction = 1.0
        self._factor = 1.0
        # A process that was just restarted may have used its burst before: begin with little.
        self._tokens = min(_FIRST, self._capacity)
        self._filled_at: float | None = None
        self._closed_until = float("-inf")
        self._quiet_since = 0.0
        self._calls: deque[float] = deque()

    def __repr__(self) -> str:
        """Enough to assert on."""
        return f"<Limiter {self.limit:.0f}/min {self._tokens:.1f} now>"

    @property
    def limit(self) -> float:
        """Calls a minute that are allowed now."""
        return self._quota * self._fraction * self._factor

    @property
    def _capacity(self) -> float:
        return max(1.0, min(self._burst * self._fraction * self._factor, self.limit / 2))

    @property
    def _rate(self) -> float:
        evenly = self.limit - self._capacity if self.limit > _FEW else min(self.limit, 1.0)
        return evenly / WINDOW_SECONDS

    def wait(self, now: float) -> float:
        """Seconds until a call may go; 0.0 means now."""
        self._advance(now)
        closed = self._closed_until - now
        missing = 1.0 - self._tokens
        if missing <= _EPSILON:
            return max(0.0, closed)
        return max(closed, missing / self._rate if self._rate else WINDOW_SECONDS, 1e-6)

    def take(self, now: float) -> None:
        """A call goes."""
        self._advance(now)
        self._tokens -= 1.0
        self._calls.append(now)

    def throttled(self, now: float, retry_after: float | None) -> None:
        """A call was answered 429: go slower, and close for as long as Planhat says."""
        self._advance(now)
        if now >= self._closed_until:
            # Answers to calls that were in flight together count once.
            self._factor = max(_LOWEST, self._factor * _SLOWER)
            self._tokens = min(self._tokens, 0.0)
        self._quiet_since = now
        self.close_until(now + (1.0 if retry_after is None else retry_after))

    def close_until(self, until: float) -> None:
        """Let nobody through before `until`."""
        self._closed_until = max(self._closed_until, until)

    def share(self, fraction: float, now: float) -> None:
        """Take this part of the quota from now on: owned of all partitions."""
        self._advance(now)
        grown = fraction - self._fraction
        self._fraction = fraction
        # Who gives up a share may have used it just now: a grown share starts without a burst.
        self._tokens = min(self._tokens, 0.0 if grown > 0 else self._capacity)

    def used_ratio(self, now: float) -> float:
        """Calls of the last 60 seconds by the setting's share of the quota."""
        self._forget(now)
        allowed = self._quota * self._fraction
        return len(self._calls) / allowed if allowed else 0.0

    def _advance(self, now: float) -> None:
        if self._filled_at is None:
            self._filled_at = self._quiet_since = now
        elapsed = max(0.0, now - self._filled_at)
        self._filled_at = max(now, self._filled_at)
        self._tokens = min(self._capacity, self._tokens + elapsed * self._rate)
        while self._factor < 1.0 and now - self._quiet_since >= WINDOW_SECONDS:
            self._quiet_since += WINDOW_SECONDS
            self._factor = min(1.0, self._factor * _FASTER)
        self._forget(now)

    def _forget(self, now: float) -> None:
        while self._calls and self._calls[0] <= now - WINDOW_SECONDS:
            self._calls.popleft()


class Unlimited:
    """The gate of the analytics host: it has no quota, but may close for a while."""

    def __init__(self) -> None:
        """Open."""
        self._closed_until = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until a call may go; 0.0 means now."""
        return max(0.0, self._closed_until - now)

    def take(self, now: float) -> None:
        """A call goes."""

    def throttled(self, now: float, retry_after: float | None) -> None:
        """A call was answered 429."""
        self._closed_until = max(self._closed_until, now + (retry_after or 1.0))
