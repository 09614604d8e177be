"""Values of Hull as Planhat takes them: one converter for each kind of field. Pure.

Planhat refuses a whole item for one field of the wrong type. So a converter mends what has a plain
meaning, and returns `ABSENT` for what can't be sent at all; nothing, in any of the forms in which
Hull writes it, is `None`. Each asks whether a value is a Boolean before it asks whether it is a
number: compiled code makes 1 of a `True` that it takes for an integer.
"""

import re
from collections.abc import Callable
from math import isfinite
from typing import Final

import orjson
from pydantic import JsonValue

from consumer.decide.moment import is_day, iso_moment
from schemas.attribute import ABSENT, Absent

Converter = Callable[[JsonValue], JsonValue | Absent]

_INVISIBLE: Final = " \t\n\r\f\v\u00a0\u2007\u200b\u202f\u2060\u3000\ufeff"
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TRUE: Final = frozenset({"true", "1", "yes"})
_FALSE: Final = frozenset({"false", "0", "no"})
_LONGEST_NUMBER: Final = 40
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
    try:
        return orjson.dumps(value).decode()  # what is not finite is null there, too
    except TypeError:  # a number beyond 64 bits
        return orjson.dumps(finite(value)).decode()


def _digits(number: float) -> str | None:
    if not isfinite(number):
        return None
    return str(int(number)) if abs(number) < _EXACT and number.is_integer() else str(number)


def key_text(value: object) -> str | None:
    """Return a key as text, trimmed, numbers written out; `None` for what names nobody."""
    if isinstance(value, str):
        found = value.strip()
        # As `trimmed` does it, without a call for what nearly all keys are.
        return (found if found.isascii() else found.strip(_INVISIBLE)) or None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    return _digits(value) if isinstance(value, float) else None


def trimmed(text: str) -> str:
    """Return the text without blanks around it; those that nobody sees are blanks too."""
    text = text.strip()
    return text if text.isascii() else text.strip(_INVISIBLE)


def is_nothing(value: object) -> bool:
    """Tell what Hull writes for nothing, and a text of blanks."""
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or value in ([], {})


def is_empty(value: object) -> bool:
    """Tell what clears a field: nothing, blanks that nobody sees too, and a list of such only."""
    if isinstance(value, str):
        return not trimmed(value)
    if isinstance(value, list):
        for one in value:  # noqa: SIM110 - a generator costs more than all of the rest
            if not is_empty(one):
                return False
        return True
    return value is None or value == {}


def key(value: JsonValue) -> JsonValue | Absent:
    """Return a key as text. An empty key or null would match the wrong record: it is not sent."""
    found = key_text(value)
    return ABSENT if found is None else found


def text(value: JsonValue) -> JsonValue | Absent:
    """Return a scalar or an object as text, a list of one as what is in it."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return _json(value) if value else None
    if isinstance(value, list):
        return _only(value, text)
    return str(value) if isinstance(value, int) else _digits(value) or ABSENT


def name(value: JsonValue) -> JsonValue | Absent:
    """Return a text without blanks around it."""
    found = text(value)
    return trimmed(found) if isinstance(found, str) else found


def array(value: JsonValue) -> JsonValue | Absent:
    """Return a list of texts, without what is empty; a single value is a list of one."""
    if isinstance(value, dict):
        return ABSENT if value else None
    if value is None:
        return None
    found = [_item(item) for item in (value if isinstance(value, list) else [value])]
    return [item for item in found if item]


def _item(value: JsonValue) -> str:
    if isinstance(value, str):
        return "" if value.isspace() else value
    if isinstance(value, list):
        return _json(value) if value else ""
    found = text(value)
    return found if isinstance(found, str) else ""


def date(value: JsonValue) -> JsonValue | Absent:
    """Return a moment as ISO 8601 in UTC; a plain day and what is no moment stay as they are."""
    if isinstance(value, str) and is_day(value):
        return value
    return iso_moment(value) or flat(value)


def moment(value: JsonValue) -> JsonValue | Absent:
    """Return a moment as ISO 8601 in UTC; a plain day stays as it is, what is no date is not."""
    if is_nothing(value):
        return None
    if isinstance(value, str) and is_day(value):
        return value if iso_moment(value) else ABSENT
    return _only(value, moment) if isinstance(value, list) else iso_moment(value) or ABSENT


def boolean(value: JsonValue) -> JsonValue | Absent:
    """Return true or false for the words and numbers that mean them."""
    if isinstance(value, bool):
        return value
    if is_nothing(value):
        return None
    if isinstance(value, list):
        return _only(value, boolean)
    word = (key_text(value) or "").lower()
    if word in _TRUE:
        return True
    return False if word in _FALSE else ABSENT


def number(value: JsonValue) -> JsonValue | Absent:
    """Return a number, if it is written as a text too."""
    if isinstance(value, bool):
        return ABSENT
    if isinstance(value, (int, float)):
        return verbatim(value)
    if is_nothing(value):
        return None
    if isinstance(value, list):
        return _only(value, number)
    return _number(trimmed(value)) if isinstance(value, str) else ABSENT


def _number(text: str) -> JsonValue | Absent:
    if len(text) > _LONGEST_NUMBER or _NUMBER.fullmatch(text) is None:
        return ABSENT
    found = float(text)
    return verbatim(int(found) if abs(found) < _EXACT and found.is_integer() else found)


def _only(found: list[JsonValue], convert: Converter) -> JsonValue | Absent:
    """Convert the only scalar of a list; of several nobody knows which is meant."""
    if not found:
        return None
    is_one = len(found) == 1 and not isinstance(found[0], (dict, list))
    return convert(found[0]) if is_one else ABSENT
