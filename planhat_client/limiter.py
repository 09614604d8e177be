"""When may the next call go? A limiter that neither sleeps nor looks at the clock. Pure."""

from __future__ import annotations

import math
from collections import deque
from itertools import takewhile
from typing import NamedTuple, Protocol

WINDOW_SECONDS = 60.0
"""Planhat counts its quota by the minute ("Authentication & Limits")."""

LONG_WAIT_SECONDS = WINDOW_SECONDS
"""A wait that is as long as this is more than an exhausted minute: people are told of it."""

_LATE_SECONDS = 0.5
# Planhat counts when calls arrive, and not all are on their way for as long: one that opens a
# connection arrives late. So a call counts for a little longer than a minute.
_KEPT_SECONDS = WINDOW_SECONDS + _LATE_SECONDS

_MANY = 100
_LOWEST = 0.05
_SLOWER = 0.7
_FASTER = 1.1
_ONE_STEP_SECONDS = 1.0
# Whoever has waited as told must be let through, whatever was lost in rounding.
_ROUNDING = 1e-6


class Gate(Protocol):
    """Something that says when the next call may go."""

    def wait(self, now: float) -> float:
        """Seconds until a call may go; 0.0 means now."""

    def take(self, now: float) -> None:
        """A call goes."""

    def throttled(self, now: float, retry_after: float | None) -> None:
        """A call was answered 429."""

    def close(self, now: float, seconds: float) -> None:
        """Let nobody through for so long."""

    def asked_wait(self, now: float) -> float | None:
        """Seconds for which Planhat still wants no call, if it asked for a long wait."""


class _Closure:
    """For how long Planhat asked us to send nothing."""

    def __init__(self) -> None:
        self.until = float("-inf")
        self._since = float("-inf")

    def close(self, now: float, seconds: float) -> None:
        if now >= self.until:
            self._since = now
        self.until = max(self.until, now + seconds)

    def asked_wait(self, now: float) -> float | None:
        is_long = self.until - self._since >= LONG_WAIT_SECONDS
        return self.until - now if is_long and now < self.until else None


class _Pace(NamedTuple):
    """How a limit is cut up: `reserve` + what the bucket lets through in a window <= limit."""

    reserve: int
    capacity: float
    rate: float


def _calls(limit: float) -> int:
    """Whole calls a window; the last of a hundred or more is left, so that some always remain.

    Else a header would say that none remain, which closes the gate, each time all is used.
    """
    return int(limit) - (limit >= _MANY)


def _pace(limit: float, burst: float) -> _Pace:
    """Cut up `limit` calls a window; a burst is the reserve and a full bucket."""
    if limit < 1.0:
        return _Pace(0, 1.0, limit / WINDOW_SECONDS)
    calls = _calls(limit)
    at_once = max(1, min(int(burst), (calls + 1) // 2))
    # What the bucket holds makes up for a late loop, and is lost to a steady load: a little of it.
    capacity = max(1, min(math.ceil(at_once * 0.3), calls // 50))
    reserve = at_once - capacity
    # A bucket of one lets `rate` calls through in a window, a larger one its content besides.
    evenly = calls - reserve - (capacity if capacity > 1 else 0)
    return _Pace(reserve, float(capacity), evenly / WINDOW_SECONDS)


class Limiter:
    """In no 60 seconds do more than `requests_per_minute` calls go (if that is 1 or more).

    Most of the quota is a bucket that fills evenly; the rest is a reserve of calls that may go at
    once, each of which comes back 60 s after it went. So a burst is possible, a steady load never
    stalls, and yet nearly all of the quota can be used (docs/decisions/0003). 429 lowers the rate
    by 30 % and closes the gate; each minute without one raises it by 10 %, up to the setting.
    """

    def __init__(self, requests_per_minute: float, burst: float) -> None:
        """Begin with the whole quota, but with a burst of two."""
        self._quota = float(requests_per_minute)
        self._burst = float(burst)
        self._fraction = 1.0
        self._factor = 1.0
        self._pace = _pace(self._quota, self._burst)
        # A process that was just restarted may have used its burst before: begin with little.
        self._tokens = min(2.0, self._pace.capacity)
        self._reserve_used: deque[float] = deque()
        self._filled_at: float | None = None
        self._closure = _Closure()
        self._lowered_at = float("-inf")
        self._quiet_since = 0.0
        self._calls: deque[float] = deque()

    def __repr__(self) -> str:
        """Enough to assert on."""
        return f"<Limiter {self.limit:.0f}/min {self._tokens:.1f} now>"

    @property
    def limit(self) -> float:
        """Calls a minute that are allowed now."""
        return self._quota * self._fraction * self._factor

    def wait(self, now: float) -> float:
        """Seconds until a call may go; 0.0 means now. Who waits that long is let through."""
        self._advance(now)
        slot = min(self._bucket_at(now), self._reserve_at())
        until = max(slot, self._window_at(), self._closure.until)
        return until - now + _ROUNDING if until > now else 0.0

    def take(self, now: float) -> None:
        """A call goes."""
        self._advance(now)
        if self._tokens < 1.0 and len(self._reserve_used) < self._pace.reserve:
            self._reserve_used.append(now)
        else:
            self._tokens -= 1.0
        self._calls.append(now)

    def throttled(self, now: float, retry_after: float | None) -> None:
        """A call was answered 429: go slower, and close for as long as Planhat says."""
        self._advance(now)
        # Answers to calls that were in flight together count once.
        if now >= max(self._closure.until, self._lowered_at + _ONE_STEP_SECONDS):
            self._lowered_at = now
            self._factor = max(_LOWEST, self._factor * _SLOWER)
            self._cut_up(now)
            self._empty(now)
        self._quiet_since = now
        self.close(now, 1.0 if retry_after is None else retry_after)

    def close(self, now: float, seconds: float) -> None:
        """Let nobody through for so long."""
        self._closure.close(now, seconds)

    def asked_wait(self, now: float) -> float | None:
        """Seconds for which Planhat still wants no call, if it asked for a long wait."""
        return self._closure.asked_wait(now)

    def share(self, fraction: float, now: float) -> None:
        """Take this part of the quota from now on: owned of all partitions."""
        self._advance(now)
        has_grown = fraction > self._fraction
        self._fraction = fraction
        self._cut_up(now)
        if has_grown:
            # Who gave up a share may have used it just now: a grown share starts without a burst.
            self._empty(now)

    def is_lowered(self, now: float) -> bool:
        """Tell whether 429s of the last minutes hold the limit below the setting's share."""
        self._advance(now)
        return self._factor < 1.0

    def used_ratio(self, now: float) -> float:
        """Calls of the last 60 seconds by the setting's share of the quota."""
        allowed = self._quota * self._fraction
        before = sum(1 for _ in takewhile(lambda at: at + WINDOW_SECONDS <= now, self._calls))
        used = len(self._calls) - before
        return used / allowed if allowed else 0.0

    def _bucket_at(self, now: float) -> float:
        missing = 1.0 - self._tokens
        if missing <= 0.0:
            return now
        return now + (missing / self._pace.rate if self._pace.rate else WINDOW_SECONDS)

    def _reserve_at(self) -> float:
        return _frees_at(self._reserve_used, self._pace.reserve)

    def _window_at(self) -> float:
        return _frees_at(self._calls, max(1, _calls(self._quota * self._fraction)))

    def _advance(self, now: float) -> None:
        if self._filled_at is None:
            self._filled_at = self._quiet_since = now
            self._reserve_used.extend([now] * self._pace.reserve)
        elapsed = max(0.0, now - self._filled_at)
        self._filled_at = max(now, self._filled_at)
        self._tokens = min(self._pace.capacity, self._tokens + elapsed * self._pace.rate)
        self._forget(now)
        if self._factor == 1.0:
            return
        minutes = int((now - self._quiet_since) / WINDOW_SECONDS)
        if minutes > 0:
            self._quiet_since += minutes * WINDOW_SECONDS
            self._factor = min(1.0, self._factor * _FASTER ** min(minutes, 100))
            self._cut_up(now)

    def _cut_up(self, now: float) -> None:
        """Go by another limit; a reserve that grows is first available in a minute."""
        grown = -self._pace.reserve
        self._pace = _pace(self.limit, self._burst * self._fraction * self._factor)
        grown += self._pace.reserve
        self._reserve_used.extend([now] * max(0, grown))
        self._tokens = min(self._tokens, self._pace.capacity)

    def _empty(self, now: float) -> None:
        """Allow no burst for a minute."""
        self._tokens = min(self._tokens, 0.0)
        self._reserve_used = deque([now] * self._pace.reserve)

    def _forget(self, now: float) -> None:
        for times in (self._calls, self._reserve_used):
            while times and times[0] + _KEPT_SECONDS <= now:
                times.popleft()


def _frees_at(times: deque[float], most: int) -> float:
    """When one more of `most` in a window is free, given the times of the last ones."""
    if len(times) < most:
        return float("-inf")
    return times[len(times) - most] + _KEPT_SECONDS if most else float("inf")


class Unlimited:
    """The gate of the analytics host: it has no quota, but may close for a while."""

    def __init__(self) -> None:
        """Open."""
        self._closure = _Closure()

    def wait(self, now: float) -> float:
        """Seconds until a call may go; 0.0 means now."""
        missing = self._closure.until - now
        return missing + _ROUNDING if missing > 0.0 else 0.0

    def take(self, now: float) -> None:
        """A call goes."""

    def throttled(self, now: float, retry_after: float | None) -> None:
        """A call was answered 429."""
        self.close(now, 1.0 if retry_after is None else retry_after)

    def close(self, now: float, seconds: float) -> None:
        """Let nobody through for so long."""
        self._closure.close(now, seconds)

    def share(self, fraction: float, now: float) -> None:
        """There is nothing to share."""

    def asked_wait(self, now: float) -> float | None:
        """Seconds for which Planhat still wants no call, if it asked for a long wait."""
        return self._closure.asked_wait(now)
