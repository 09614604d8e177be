"""When may the next call go? A limiter that neither sleeps nor looks at the clock. Pure."""

from __future__ import annotations

import math
from collections import deque
from itertools import takewhile
from typing import NamedTuple

from planhat_client.sparing import ROUNDING, WINDOW_SECONDS, Sparing

FIRST = 10
"""So many calls may be in flight at once after a rest; each good answer lets in one more."""

_REST_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 15.0
_LOOK_SECONDS = 0.1
# While answers are waited for, nobody knows for how long.

_LOST_SECONDS = 600.0
# Nobody waits longer for an answer: an end that was never told must not close the gate for ever.

_LATE_SECONDS = 0.5
# Planhat counts when calls arrive, and not all are on their way for as long: one that opens a
# connection arrives late. So a call counts for a little longer than a minute.
_KEPT_SECONDS = WINDOW_SECONDS + _LATE_SECONDS

_MANY = 100
_LOWEST = 0.05
_SLOWER = 0.7
_FASTER = 1.1
_ONE_STEP_SECONDS = 1.0


class Gate:
    """Says when the next call may go. This one, of the analytics host, has no quota.

    A 429 closes it for a while. Then one call goes, alone; when it is answered well two may be in
    flight, and with each good answer one more. So a refusal is asked about by one call, not by all
    that wait. What is in flight when a 429 comes belongs to a flight that is over: its answers
    neither open the gate, nor count as one refusal more.
    """

    def __init__(self) -> None:
        self.sparing = Sparing()
        self._closed_until = float("-inf")
        self._closed_since = float("-inf")
        self._taken_at = float("-inf")
        self._flight = 0
        self._flying = 0
        self._room = FIRST
        self._refused = 0

    def wait(self, now: float) -> float:
        """Seconds until a call may go, or until one may ask again; 0.0 means now."""
        missing = self._closed_until - now
        if missing > 0.0:
            return missing + ROUNDING
        is_lost = now - self._taken_at > _LOST_SECONDS
        return 0.0 if self._flying < self._room or is_lost else _LOOK_SECONDS

    def take(self, now: float) -> int:
        """A call goes. Gives its flight, to be told with its answer."""
        if now - self._taken_at > _REST_SECONDS:
            self._room = min(self._room, FIRST)
        self._taken_at = now
        self._flying += 1
        return self._flight

    def landed(self, flight: int, *, works: bool) -> None:
        """A call was answered or failed, but not with 429; `works`: Planhat was there for it."""
        if flight != self._flight:
            return
        self._flying -= 1
        if works:
            self._room += 1
            self._refused = 0

    def throttled(self, now: float, retry_after: float | None, flight: int | None = None) -> None:
        """A call was answered 429; without a `flight` it is one of this moment.

        If Planhat does not say for how long, the pauses grow from a second.
        """
        if self._is_news(now, flight):
            self._flight += 1
            self._flying, self._room = 0, 1
            pause = min(_LONGEST_PAUSE_SECONDS, 2.0**self._refused)
            self._refused = min(self._refused + 1, 10)
            self.close(now, pause if retry_after is None else retry_after)
        elif retry_after is not None:
            self.close(now, retry_after)

    def close(self, now: float, seconds: float) -> None:
        """Let nobody through for so long."""
        if now >= self._closed_until:
            self._closed_since = now
        self._closed_until = max(self._closed_until, now + seconds)

    def _is_news(self, now: float, flight: int | None) -> bool:
        """Whether a 429 is about a call that went since the last."""
        return now >= self._closed_until if flight is None else flight == self._flight

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

    `sparing` tells whoever is not late to ask for less; it is for them to go by it.
    """

    def __init__(
        self, requests_per_minute: float, burst: float, sparing: Sparing | None = None
    ) -> None:
        """Begin with the whole quota, but with a burst of two."""
        super().__init__()
        self.sparing = sparing or Sparing()
        self._quota = float(requests_per_minute)
        self._burst = float(burst)
        self._fraction = 1.0
        self._factor = 1.0
        self._pace = _pace(self._quota, self._burst)
        self.sparing.cut_up(self._quota, self._burst)
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
        until = max(slot, window)
        return max(super().wait(now), until - now + ROUNDING if until > now else 0.0)

    def take(self, now: float) -> int:
        """A call goes. Gives its flight, to be told with its answer."""
        self._advance(now)
        if self._tokens < 1.0 and len(self._reserve_used) < self._pace.reserve:
            self._reserve_used.append(now)
        else:
            self._tokens -= 1.0
        self._calls.append(now)
        self.sparing.take(now)
        return super().take(now)

    def throttled(self, now: float, retry_after: float | None, flight: int | None = None) -> None:
        """A call was answered 429: go slower, and close for as long as Planhat says."""
        self._advance(now)
        # Answers to calls that were in flight together count once.
        due_at = max(self._closed_until, self._lowered_at + _ONE_STEP_SECONDS)
        if now >= due_at and self._is_news(now, flight):
            self._lowered_at = now
            self._factor = max(_LOWEST, self._factor * _SLOWER)
            self._cut_up(now, is_emptied=True)
        self._quiet_since = now
        super().throttled(now, retry_after, flight)

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
        self.sparing.cut_up(self.limit, self._burst)
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
