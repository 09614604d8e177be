"""When may the next call go? A limiter that neither sleeps nor looks at the clock. Pure."""

from __future__ import annotations

import math
from collections import deque
from itertools import takewhile
from typing import NamedTuple

WINDOW_SECONDS = 60.0
"""Planhat counts its quota by the minute ("Authentication & Limits")."""

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


class Gate:
    """Says when the next call may go. This one, of the analytics host, only closes for a while."""

    def __init__(self) -> None:
        self._closed_until = float("-inf")
        self._closed_since = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until a call may go; 0.0 means now."""
        missing = self._closed_until - now
        return missing + _ROUNDING if missing > 0.0 else 0.0

    def take(self, now: float) -> None:
        """A call goes."""

    def throttled(self, now: float, retry_after: float | None) -> None:
        """A call was answered 429."""
        self.close(now, 1.0 if retry_after is None else retry_after)

    def close(self, now: float, seconds: float) -> None:
        """Let nobody through for so long."""
        if now >= self._closed_until:
            self._closed_since = now
        self._closed_until = max(self._closed_until, now + seconds)

    def asked_wait(self, now: float) -> float | None:
        """Seconds for which Planhat still wants no call, if it asked for more than a minute."""
        is_long = self._closed_until - self._closed_since >= WINDOW_SECONDS
        return self._closed_until - now if is_long and now < self._closed_until else None

    def share(self, fraction: float, now: float) -> None:
        """Take this part of the quota from now on: owned of all partitions."""


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


class Limiter(Gate):
    """In no 60 seconds do more than `requests_per_minute` calls go (if that is 1 or more).

    Most of the quota is a bucket that fills evenly; the rest is a reserve of calls that may go at
    once, each of which comes back 60 s after it went. So a burst is possible, a steady load never
    stalls, and yet nearly all of the quota can be used (docs/decisions/0003). 429 lowers the rate
    by 30 % and closes the gate; each minute without one raises it by 10 %, up to the setting.
    """

    def __init__(self, requests_per_minute: float, burst: float) -> None:
        """Begin with the whole quota, but with a burst of two."""
        super().__init__()
        self._quota = float(requests_per_minute)
        self._burst = float(burst)
        self._fraction = 1.0
        self._factor = 1.0
        self._pace = _pace(self._quota, self._burst)
        # A process that was just restarted may have used its burst before: begin with little.
        self._tokens = min(2.0, self._pace.capacity)
        self._reserve_used: deque[float] = deque()
        self._filled_at: float | None = None
        self._lowered_at = float("-inf")
        self._quiet_since = 0.0
        self._calls: deque[float] = deque()

    @property
    def limit(self) -> float:
        """Calls a minute that are allowed now."""
        return self._quota * self._fraction * self._factor

    def wait(self, now: float) -> float:
        """Seconds until a call may go; 0.0 means now. Who waits that long is let through."""
        self._advance(now)
        pace, missing, bucket_at = self._pace, 1.0 - self._tokens, now
        if missing > 0.0:
            bucket_at += missing / pace.rate if pace.rate else WINDOW_SECONDS
        slot = min(bucket_at, _frees_at(self._reserve_used, pace.reserve))
        window = _frees_at(self._calls, max(1, _calls(self._quota * self._fraction)))
        until = max(slot, window, self._closed_until)
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
        if now >= max(self._closed_until, self._lowered_at + _ONE_STEP_SECONDS):
            self._lowered_at = now
            self._factor = max(_LOWEST, self._factor * _SLOWER)
            self._cut_up(now, is_emptied=True)
        self._quiet_since = now
        super().throttled(now, retry_after)

    def share(self, fraction: float, now: float) -> None:
        """Take this part of the quota from now on: owned of all partitions."""
        self._advance(now)
        has_grown = fraction > self._fraction
        self._fraction = fraction
        # Who gave up a share may have used it just now: a grown share starts without a burst.
        self._cut_up(now, is_emptied=has_grown)

    def is_lowered(self, now: float) -> bool:
        """Whether 429s of the last minutes hold the limit below the setting's share."""
        self._advance(now)
        return self._factor < 1.0

    def used_ratio(self, now: float) -> float:
        """Calls of the last 60 seconds by the setting's share of the quota."""
        allowed = self._quota * self._fraction
        before = sum(1 for _ in takewhile(lambda at: at + WINDOW_SECONDS <= now, self._calls))
        used = len(self._calls) - before
        return used / allowed if allowed else 0.0

    def _advance(self, now: float) -> None:
        if self._filled_at is None:
            self._filled_at = self._quiet_since = now
            self._reserve_used.extend([now] * self._pace.reserve)
        elapsed = max(0.0, now - self._filled_at)
        self._filled_at = max(now, self._filled_at)
        self._tokens = min(self._pace.capacity, self._tokens + elapsed * self._pace.rate)
        for times in (self._calls, self._reserve_used):
            while times and times[0] + _KEPT_SECONDS <= now:
                times.popleft()
        if self._factor == 1.0:
            return
        minutes = int((now - self._quiet_since) / WINDOW_SECONDS)
        if minutes > 0:
            self._quiet_since += minutes * WINDOW_SECONDS
            self._factor = min(1.0, self._factor * _FASTER ** min(minutes, 100))
            self._cut_up(now)

    def _cut_up(self, now: float, *, is_emptied: bool = False) -> None:
        """Go by another limit; what a reserve has grown by is first available in a minute.

        `is_emptied`: so is all of the burst.
        """
        reserve = self._pace.reserve
        self._pace = _pace(self.limit, self._burst * self._fraction * self._factor)
        self._tokens = min(self._tokens, self._pace.capacity)
        if is_emptied:
            self._tokens = min(self._tokens, 0.0)
            self._reserve_used.clear()
            reserve = 0
        self._reserve_used.extend([now] * max(0, self._pace.reserve - reserve))


def _frees_at(times: deque[float], most: int) -> float:
    """When one more of `most` in a window is free, given the times of the last ones."""
    if len(times) < most:
        return float("-inf")
    return times[len(times) - most] + _KEPT_SECONDS if most else float("inf")
