"""Moments in time, in every form in which Hull writes them, as ISO 8601 in UTC."""

from datetime import UTC, datetime
from math import isfinite
from typing import Final

# Numbers below are years before 1973, which are counters rather than moments; numbers from the
# second bound on are milliseconds, as JavaScript counts.
_FIRST_SECOND: Final = 1e8
_FIRST_MILLISECOND: Final = 1e11
_LAST_SECOND: Final = 253_402_300_799  # the end of the year 9999

_DAY_LENGTH: Final = len("2019-07-10")
_SECONDS_LENGTH: Final = len("2019-07-10T14:31:42Z")
_MILLISECONDS_LENGTH: Final = len("2019-07-10T14:31:42.120Z")
_LONGEST: Final = 40
_MILLISECOND: Final = 1000  # in microseconds


def _written(moment: datetime) -> str:
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    precision = "milliseconds" if utc.microsecond >= _MILLISECOND else "seconds"
    return utc.isoformat(timespec=precision)[:-6] + "Z"


def _from_number(seconds: float) -> str | None:
    if not isfinite(seconds):
        return None
    if seconds >= _FIRST_MILLISECOND:
        seconds /= 1000
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        return None
    # Rounded, because the nearest float to a number of milliseconds may lie just below it.
    return _written(datetime.fromtimestamp(round(seconds, 3), UTC))


def _shortened(text: str, moment: datetime) -> str | None:
    """Cut what Hull mostly writes to milliseconds, many times faster than writing it anew."""
    if text[-1] != "Z" or text[10:17:3] != "T::":
        return None
    if len(text) == _SECONDS_LENGTH:
        return text
    if text[19] != "." or len(text) < _MILLISECONDS_LENGTH or moment.microsecond < _MILLISECOND:
        return None
    return f"{text[: _MILLISECONDS_LENGTH - 1]}Z"


def _is_day_first(text: str) -> bool:
    return text[4:5] == "-" and text[7:8] == "-"


def _from_text(text: str) -> str | None:
    text = text.strip()
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        if not _is_day_first(text):
            return _from_number(float(text))
        if text.endswith(" UTC"):
            text = f"{text[:-4].replace(' ', 'T', 1)}Z"
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    short = _shortened(text, moment)
    if short is not None:
        return short
    try:
        return _written(moment)
    except OverflowError:
        return None


def iso_moment(value: object) -> str | None:
    """Return ISO 8601 in UTC with a Z, milliseconds kept where there are some, or `None`.

    Understood are ISO in all forms, Hull's `2018-03-30 14:38:02 UTC`, and unix seconds or
    milliseconds as a number or as text. A time without a zone is in UTC; a day is its midnight.
    """
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        # Asked before it is made a float, as it may be too great for one.
        return _from_number(float(value)) if abs(value) < _LAST_SECOND * 1000 else None
    return _from_number(value) if isinstance(value, float) else None


def is_day(value: str) -> bool:
    """Tell whether the text is a day without a time, which is no moment and stays as it is."""
    return len(value) == _DAY_LENGTH and _is_day_first(value)
