"""Moments in time, in every form in which Hull writes them, as ISO 8601 in UTC."""

import re
from datetime import UTC, datetime
from math import isfinite
from typing import Final

from consumer.date_text import read_date

# Smaller numbers are counters rather than moments. No customer has a date after 2200, nor before
# 1740: what would be one in seconds is in milliseconds, as JavaScript counts.
_LEAST: Final = 1e8
_MOST_SECONDS: Final = 7_258_118_400
_FIRST_SECOND: Final = -62_135_596_800  # the year 1
_LAST_SECOND: Final = 253_402_300_799  # the end of the year 9999
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_PLAIN_DAY: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_COMPACT: Final = (len("2019"), len("20190710"), len("20190710143142"))
"""Texts of so many digits are dates rather than numbers, if they can be any."""

_SECONDS_LENGTH: Final = len("2019-07-10T14:31:42Z")
_MILLISECONDS_LENGTH: Final = len("2019-07-10T14:31:42.120Z")
_LONGEST: Final = 100
_MILLISECOND: Final = 1000  # in microseconds


def _written(moment: datetime) -> str:
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    precision = "milliseconds" if utc.microsecond >= _MILLISECOND else "seconds"
    return utc.isoformat(timespec=precision)[:-6] + "Z"


def _from_number(number: float) -> str | None:
    if not isfinite(number) or abs(number) < _LEAST:
        return None
    seconds = number if abs(number) <= _MOST_SECONDS else number / 1000
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
    if len(text) > _LONGEST:
        return None
    if _is_day_first(text):
        return _from_iso(text)
    if _NUMBER.fullmatch(text) is None:
        return _from_words(text)
    found = _from_words(text) if len(text) in _COMPACT else None
    return found or _from_number(float(text))


def _from_iso(text: str) -> str | None:
    iso = f"{text[:-4].replace(' ', 'T', 1)}Z" if text.endswith(" UTC") else text
    try:
        moment = datetime.fromisoformat(iso) if iso.isascii() else None
    except ValueError:
        moment = None
    if moment is None:
        return _from_words(text)
    short = _shortened(iso, moment)
    if short is not None:
        return short
    try:
        return _written(moment)
    except OverflowError:
        return None


def _from_words(text: str) -> str | None:
    moment = read_date(text)
    try:
        return None if moment is None else _written(moment)
    except OverflowError:
        return None


def iso_moment(value: object) -> str | None:
    """Return ISO 8601 in UTC with a Z, milliseconds kept where there are some, or `None`.

    Understood are ISO in all forms, Hull's `2018-03-30 14:38:02 UTC`, what JavaScript reads as a
    date (consumer/date_text.py), and unix seconds or milliseconds as a number or as text. A time
    without a zone is in UTC; a day is its midnight.
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
    """Tell whether the text is a day, a month or a year, which is no moment and stays as it is."""
    return len(value) <= len("2019-07-10") and _PLAIN_DAY.fullmatch(value) is not None
