"""Moments in time, in every form in which Hull and people write them, as ISO 8601 in UTC. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from math import isfinite
from typing import Final

_MONTHS: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_UTC: Final = dict.fromkeys(("z", "utc", "gmt", "ut"), 0)
_AMERICAN: Final = {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8}
_ZONES: Final = {**_UTC, **_AMERICAN, "pdt": -7}

_WEEKDAY: Final = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s+)?"
_MONTH: Final = r"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<year>\d{4}|\d{2})"
_TIME: Final = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?"
)
_ZONE: Final = (
    r"(?:\s*(?P<zone>z|utc|gmt|ut|[ecmp][sd]t)(?![a-z]))?"
    r"(?:\s*(?P<offset>[+-]\d{1,2}(?::?\d\d)?)(?:\s+[a-z]{3,5})?)?(?:\s*\([^()]*\))?"
)
_REST: Final = rf"(?:[t,\s]+(?:at\s+)?{_TIME}{_ZONE})?"
_WHOLE_YEAR: Final = r"(?P<year>\d{4})"
_CENTURY: Final = r"(?P<year>(?:1[89]|2[01])\d\d)"
_DIGITS: Final = r"(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
_FORMS: Final = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        rf"{_WEEKDAY}{_DAY}[.\s-]+{_MONTH}[\s,-]+{_YEAR}{_REST}",
        rf"{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+{_YEAR}{_REST}",
        rf"{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+{_TIME}{_ZONE}\s+{_WHOLE_YEAR}",
        rf"{_MONTH}\s+{_WHOLE_YEAR}",
        rf"{_WHOLE_YEAR}\s+{_MONTH}\s+{_DAY}{_REST}",
        rf"{_WHOLE_YEAR}(?P<sign>[/.-])(?P<month>\d{{1,2}})(?P=sign){_DAY}{_REST}",
        rf"(?P<month>\d{{1,2}})(?P<sign>[/-]){_DAY}(?P=sign){_YEAR}{_REST}",
        rf"{_CENTURY}(?:-(?P<month>\d\d))?",
        rf"{_CENTURY}(?P<month>\d\d)(?P<day>\d\d)(?:t?{_DIGITS}{_ZONE})?",
    )
)
_NOON: Final = 12
_PIVOT: Final = 50  # 49 is 2049, 50 is 1950


def read_date(text: str) -> datetime | None:
    """Return the moment, in UTC unless the text has a zone; None if nobody reads it as a date."""
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            try:
                return _moment(found.groupdict())
            except (ValueError, OverflowError):
                return None
    return None


def _moment(found: dict[str, str | None]) -> datetime:
    name = found.get("name")
    month = _MONTHS.index(name.lower()) + 1 if name else int(found.get("month") or 1)
    day = datetime(
        _year(found["year"] or ""), month, int(found.get("day") or 1), tzinfo=_zone(found)
    )
    return day + _time(found)


def _year(text: str) -> int:
    year = int(text)
    if len(text) > 2:  # noqa: PLR2004 - two digits leave the century out
        return year
    return year + (2000 if year < _PIVOT else 1900)


def _time(found: dict[str, str | None]) -> timedelta:
    hour, minute, second = (int(found.get(part) or 0) for part in ("hour", "minute", "second"))
    half = (found.get("half") or "").lower()
    if half:
        if not 1 <= hour <= _NOON:
            raise ValueError(half)
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    micros = int((found.get("fraction") or "").ljust(6, "0")[:6])
    time = timedelta(hours=hour, minutes=minute, seconds=second)
    if minute > 59 or second > 59 or time > timedelta(days=1):  # noqa: PLR2004 - sexagesimal
        raise ValueError(minute)
    return time + timedelta(microseconds=micros)


def _zone(found: dict[str, str | None]) -> timezone:
    offset = (found.get("offset") or "").replace(":", "")
    if offset:
        digits = offset[1:] if len(offset) <= len("+02") else f"{offset[1:]:0>4}"
        minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
        return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
    zone = found.get("zone")
    return timezone(timedelta(hours=_ZONES[zone.lower()])) if zone else UTC


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


def _from_text(text: str) -> str | None:
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if text[4:5] == "-" and text[7:8] == "-":
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
    date (below), and unix seconds or milliseconds as a number or as text. A time
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
    """Return whether the text is a day, month or year: that is no moment, and stays as it is."""
    return len(value) <= len("2019-07-10") and _PLAIN_DAY.fullmatch(value) is not None
