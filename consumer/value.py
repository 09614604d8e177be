"""Values of Hull as Planhat takes them: one converter for each kind of field.

A converter returns `ABSENT` for a value that cannot be sent at all. Each asks whether a value is a
Boolean before it asks whether it is a number: compiled code makes 1 of a `True` that it takes for
an integer.
"""

from collections.abc import Callable
from math import isfinite
from typing import Final

import orjson
from pydantic import JsonValue

from consumer.moment import is_day, iso_moment
from schemas.attribute import ABSENT, Absent

Converter = Callable[[JsonValue], JsonValue | Absent]

_EXACT: Final = 2.0**53  # floats below are exact where they are whole
_LEAST_INTEGER: Final = -(2**63)
_GREATEST_INTEGER: Final = 2**64 - 1


def _integer(number: int) -> JsonValue:
    """Return what can be written; beyond 64 bits as JavaScript, and so Planhat, has it."""
    if _LEAST_INTEGER <= number <= _GREATEST_INTEGER:
        return number
    try:
        return float(number)
    except OverflowError:
        return None


def finite(value: JsonValue) -> JsonValue:
    """Return the value with `null` for what cannot be written: `1e999` is read as infinity."""
    if isinstance(value, (str, bool)) or value is None:
        return value
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, list):
        return [finite(item) for item in value]
    return {name: finite(item) for name, item in value.items()}


def verbatim(value: JsonValue) -> JsonValue | Absent:
    """Return the value as it is, falsy ones too."""
    found = finite(value)
    return ABSENT if found is None and value is not None else found


def flat(value: JsonValue) -> JsonValue | Absent:
    """Return an object as JSON text, also in a list: Planhat's custom fields have one level."""
    if isinstance(value, dict):
        return _json(value)
    if isinstance(value, list):
        return [_json(item) if isinstance(item, (dict, list)) else finite(item) for item in value]
    return verbatim(value)


def _json(value: JsonValue) -> str:
    return orjson.dumps(finite(value)).decode()


def _digits(number: float) -> str | None:
    if not isfinite(number):
        return None
    return str(int(number)) if abs(number) < _EXACT and number.is_integer() else str(number)


def key_text(value: object) -> str | None:
    """Return a key as text, numbers written out; `None` for what names nobody."""
    if isinstance(value, str):
        return value if value and not value.isspace() else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    return _digits(value) if isinstance(value, float) else None


def key(value: JsonValue) -> JsonValue | Absent:
    """Return a key as text. An empty key or null would match the wrong record: it is not sent."""
    found = key_text(value)
    return ABSENT if found is None else found


def text(value: JsonValue) -> JsonValue | Absent:
    """Return a number or an object as text, anything else as it is."""
    if isinstance(value, dict):
        return _json(value)
    if isinstance(value, (str, bool, list)) or value is None:
        return verbatim(value)
    return str(value) if isinstance(value, int) else _digits(value) or ABSENT


def array(value: JsonValue) -> JsonValue | Absent:
    """Return a list: a single text is a list of one, an empty text an empty list."""
    if isinstance(value, str):
        return [value] if value else []
    return flat(value)


def date(value: JsonValue) -> JsonValue | Absent:
    """Return a moment as ISO 8601 in UTC; a plain day and what is no moment stay as they are."""
    if isinstance(value, str) and is_day(value):
        return value
    return iso_moment(value) or flat(value)
