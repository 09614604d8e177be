"""Dates as people and programs write them, as far as JavaScript reads them as dates. Pure.

ISO 8601 with its parts unpadded or apart, RFC 2822, `toString` and `toUTCString` of JavaScript,
`ctime`, and dates with names of months or slashes, which are American as in JavaScript. What
Python's own `fromisoformat` reads is not asked for here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
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
