"""What the headers of an answer say about the quota, and when to come again. Pure.

Planhat's own pages write `X-Rate-Limit-*` without a reset, others saw `X-RateLimit-*` with one,
and nobody documents `Retry-After`: each is read, none is needed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST_WAIT_SECONDS = 3600.0
"""No header makes us wait longer than this; then we ask again."""

EXHAUSTED_SECONDS = 1.0
"""How long to wait when nothing remains and nobody says until when: others may have used the last,
and if the next call is too many as well, its 429 slows us down."""

_LIMIT, _REMAINING, _RESET = (
    (f"x-ratelimit-{name}", f"x-rate-limit-{name}") for name in ("limit", "remaining", "reset")
)
_NUMBER = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*(?:[,;].*)?")
_EPOCH_SECONDS = 1e8
_EPOCH_MILLISECONDS = 1e11


@dataclass(frozen=True, slots=True)
class Quota:
    """What the headers tell of the quota; `reset_seconds` from now, None if that can't be."""

    limit: int | None = None
    remaining: int | None = None
    reset_seconds: float | None = None

    @property
    def closed_seconds(self) -> float:
        """For how long no call can succeed; 0.0 if calls remain."""
        if self.remaining is None or self.remaining > 0:
            return 0.0
        return EXHAUSTED_SECONDS if self.reset_seconds is None else self.reset_seconds


def quota(headers: Mapping[str, str], now: float) -> Quota | None:
    """Read the quota, None if it is not told; `now` in seconds since 1970."""
    limit, remaining = _number(headers, _LIMIT), _number(headers, _REMAINING)
    if limit is None and remaining is None:
        return None
    reset = _number(headers, _RESET)
    return Quota(_whole(limit), _whole(remaining), None if reset is None else _until(reset, now))


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that `Retry-After` asks for, given as seconds or as a date."""
    value = headers.get("retry-after", "")
    found = _NUMBER.fullmatch(value)
    if found:
        return _bounded(float(found[1]))
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # A date in HTTP is always in UTC, whether or not it says so.
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return _bounded(moment.timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _number(headers: Mapping[str, str], spellings: Sequence[str]) -> float | None:
    for spelling in spellings:
        value = headers.get(spelling)
        found = _NUMBER.fullmatch(value) if value else None
        if found:
            return float(found[1])
    return None


def _whole(number: float | None) -> int | None:
    return None if number is None or not math.isfinite(number) else int(number)


def _until(reset: float, now: float) -> float | None:
    """Some servers write the moment, some the seconds until then.

    What is past, or farther away than we would ever wait, is no reset of a quota that is counted by
    the minute: a wrong clock, or another unit. Then nothing is known of it.
    """
    if reset > _EPOCH_MILLISECONDS:
        seconds = reset / 1000 - now
    else:
        seconds = reset - now if reset > _EPOCH_SECONDS else reset
    return seconds if 0.0 <= seconds <= LONGEST_WAIT_SECONDS else None


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), LONGEST_WAIT_SECONDS)
