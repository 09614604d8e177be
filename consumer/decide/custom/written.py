"""Values as the type of a tenant's own field wants them. Pure, and the same each time.

Planhat does not check them: it stores a value that a list does not offer, drops bare line breaks
in rich text, and shows no member of a team whose id it does not know.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

from consumer.decide.value import array, moment, name, text
from schemas.attribute import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydantic import JsonValue

    from schemas.attribute import Absent

_PAIRED: Final = (
    "a|b|blockquote|code|div|em|h[1-6]|i|li|ol|p|pre|s|span|strong|sub|sup|table|td|th|tr|u|ul"
)
_HTML: Final = re.compile(
    rf"</(?:{_PAIRED})\s*>|<(?:br|hr|img)\b[^<>]*>|\A\s*<(?:{_PAIRED})\b[^<>]*>", re.IGNORECASE
)
_LINE_BREAK: Final = re.compile(r"\r\n?")
_BLANK_LINES: Final = re.compile(r"\n[^\S\n]*\n\s*")
_ID: Final = re.compile(r"[0-9a-f]{24}", re.IGNORECASE)


def rich(value: JsonValue) -> JsonValue | Absent:
    """Return a text as HTML: paragraphs at blank lines, `<br>` at other breaks, signs escaped.

    What is HTML already stays: to escape it would show its tags. It is HTML if it begins with a
    tag that texts have, closes one, or breaks a line by one. So `a < b` and `<ada@example.com>` are
    texts, which Planhat would drop in part as they are.
    """
    found = text(value)
    if not isinstance(found, str) or not found.strip() or _HTML.search(found):
        return found
    lines = _LINE_BREAK.sub("\n", html.escape(found.strip(), quote=False))
    paragraphs = [part.replace("\n", "<br>") for part in _BLANK_LINES.split(lines)]
    return "".join(f"<p>{part}</p>" for part in paragraphs)


def day(value: JsonValue) -> JsonValue | Absent:
    """Return the day of a moment, in UTC."""
    found = moment(value)
    return found[:10] if isinstance(found, str) else found


class Picked:
    """Picks values out of those that a field takes; a list loses those that it does not."""

    def __init__(
        self, known: Mapping[str, str], *, is_list: bool, takes: Callable[[str], bool]
    ) -> None:
        """`known`: a value, or its small letters, to how it is written; `takes` others as well."""
        self._known = known
        self._is_list = is_list
        self._takes = takes

    def __call__(self, value: JsonValue) -> JsonValue | Absent:
        """Return what is taken of it; `ABSENT` if nothing is."""
        if not self._is_list:
            found = name(value)
            if not isinstance(found, str):
                return found
            return self._find(found) or ABSENT if found else None
        some = array(value)
        if not isinstance(some, list) or not some:
            return some
        kept = [self._find(str(one)) for one in some]
        return list(dict.fromkeys(one for one in kept if one is not None)) or ABSENT

    def loses(self, value: JsonValue) -> bool:
        """Whether a list is written without some of what is in it."""
        some = array(value) if self._is_list else None
        return isinstance(some, list) and any(self._find(str(one)) is None for one in some)

    def _find(self, value: str) -> str | None:
        plain = value.strip()
        found = self._known.get(plain) or self._known.get(plain.lower())
        return found or (value if self._takes(value) else None)


def offered(values: Iterable[str], *, is_list: bool, skips_others: bool) -> Picked:
    """Pick what a list offers, in its own spelling; what it does not, as it is or not at all."""
    values = tuple(values)
    known = {value: value for value in values}
    for value in values:
        known.setdefault(value.strip().lower(), value)
    return Picked(known, is_list=is_list, takes=_none if skips_others and known else _any)


def members(ids: Mapping[str, str] | None, *, is_list: bool) -> Picked:
    """Pick Planhat's users, by id or e-mail address; who they are may be unknown (None)."""
    return Picked(ids or {}, is_list=is_list, takes=_is_id if ids is None else _none)


def _any(_: str) -> bool:
    return True


def _none(_: str) -> bool:
    return False


def _is_id(value: str) -> bool:
    return _ID.fullmatch(value) is not None
