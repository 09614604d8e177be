"""Calls that one allows oneself while nothing is late: a part of the quota. Pure.

Whoever waits a little is joined by others, and they all go in one call. What is left serves a rush,
and whoever else uses the quota (docs/decisions/0021).
"""

from __future__ import annotations

import math

WINDOW_SECONDS = 60.0
"""Planhat counts its quota by the minute ("Authentication & Limits")."""

ROUNDING = 1e-6
"""Whoever has waited as told must be let through, whatever was lost in rounding."""


class Sparing:
    """A bucket: it holds a burst for who comes after a rest, and fills up with the rest of `share`.

    So no 60 seconds hold more calls than that share of the quota, as long as each call waits for
    it. Those that don't, as they are late or gain nothing by waiting, count all the same: as a
    debt, but of no more than a full bucket, so that a rush is soon forgotten.
    """

    def __init__(self, share: float = 1.0, freshness_seconds: float = 0.0) -> None:
        """`share` of 1.0 spares nothing; neither does who is late at once."""
        self._share = share if freshness_seconds > 0 else 1.0
        self._freshness_seconds = freshness_seconds
        self._capacity = 1.0
        self._rate = 0.0
        self._tokens = math.inf
        self._filled_at = 0.0

    def cut_up(self, limit: float, burst: float) -> None:
        """Go by another limit, in calls a minute."""
        calls = limit * self._share
        self._capacity = max(1.0, min(burst, calls / 2))
        self._rate = max(calls - self._capacity, calls / 2) / WINDOW_SECONDS
        self._tokens = min(self._tokens, self._capacity)

    def wait(self, now: float, since: float) -> float:
        """Seconds for which a change that came at `since` waits for others; 0.0: it goes."""
        if self._share >= 1.0:
            return 0.0
        fresh = since + self._freshness_seconds - now
        self._fill(now)
        missing = 1.0 - self._tokens
        if fresh <= 0.0 or missing <= 0.0:
            return 0.0
        return min(fresh, missing / self._rate if self._rate else math.inf) + ROUNDING

    def take(self, now: float) -> None:
        """A call goes."""
        self._fill(now)
        self._tokens = max(-self._capacity, self._tokens - 1.0)

    def _fill(self, now: float) -> None:
        elapsed = max(0.0, now - self._filled_at)
        self._filled_at = max(now, self._filled_at)
        self._tokens = min(self._capacity, self._tokens + elapsed * self._rate)
