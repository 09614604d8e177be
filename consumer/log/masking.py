"""What is left of e-mail addresses and secrets in any text that people see. Pure.

The rule for whole objects, by the kind of each value, is that of consumer/watch/personal.py.

An e-mail address keeps its first letters and its last label, `a***@e***.com`: enough to recognise
it when one knows it, too little to write to it. Masking twice changes nothing.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK: Final = "***"
_SHORTEST_SECRET: Final = 4
_SHORTEST_ENCODED: Final = 8
"""Shorter ones, in base64, could be a part of ordinary words."""
_LONGEST_LOCAL: Final = 128
_SEPARATOR: Final = r"""[\s@<>"'(),:;\[\]{}\\|=/&?]"""
_AT: Final = r"(?P<at>@|%40)"
_QUOTED: Final = r'"[^"\n]{1,64}"'
# Letters, digits and all that is not ASCII, by what is left out: named, it takes 10 ms to compile.
_NOT_IN_HOST: Final = r"\x00-,/:-@\[-^`{-\x7f"
_HOST: Final = rf"(?P<host>(?!\w\*\*\*)[^{_NOT_IN_HOST}.-][^{_NOT_IN_HOST}]{{0,254}})"
_PLAIN: Final = rf"[^{_SEPARATOR[1:-1]}]{{1,{_LONGEST_LOCAL}}}"
_EMAIL: Final = re.compile(rf"(?:{_QUOTED}|{_PLAIN}){_AT}{_HOST}")
_ENDING: Final = re.compile(_AT + _HOST)
_QUOTED_EMAIL: Final = re.compile(f"{_QUOTED}(?={_AT}{_HOST})")
_BROKEN: Final = re.compile(rf".*{_SEPARATOR}", re.DOTALL)


def may_hold_emails(text: str) -> bool:
    """Whether an e-mail address can be in a text; quick, and never wrong if it says no."""
    return "@" in text or "%40" in text


def is_email(text: str) -> bool:
    """Whether a text is one e-mail address, of which enough is masked by the rule here."""
    return may_hold_emails(text) and _EMAIL.fullmatch(text) is not None


def masked_emails(text: str) -> str:
    """Mask every e-mail address in a text, in a time that grows as the text does."""
    if not may_hold_emails(text):
        return text
    # A mask can stand where another address begins (`a@b@c`): once more for each sign at most.
    for _ in range(text.count("@") + text.count("%40")):
        masked = _masked_once(text)
        if masked == text:
            break
        text = masked
    return text


def _masked_once(text: str) -> str:
    """What `_EMAIL.sub` would give.

    That looks 128 signs ahead from each sign of a text. Here the ends of addresses, which are few,
    are found first, and their beginnings from there.
    """
    endings = list(_ENDING.finditer(text))
    quoted = _QUOTED_EMAIL.search(text)
    told: list[str] = []
    done = at = 0
    while at < len(endings):
        if quoted is not None and quoted.start() < done:
            quoted = _QUOTED_EMAIL.search(text, done)
        start = _local_start(text, done, endings[at].start())
        if quoted is not None and quoted.start() < start:
            start = quoted.start()
            while endings[at].start() < quoted.end():
                at += 1
        else:
            at = _farthest(text, start, endings, at)
        ending = endings[at]
        at += 1
        if start < ending.start():
            local = text[start : ending.start()]
            told += [text[done:start], _masked_email(local, ending)]
            done = ending.end()
    return "".join([*told, text[done:]])


def _local_start(text: str, done: int, end: int) -> int:
    """Where the part before the sign at `end` begins; `end` if there is none."""
    first = max(done, end - _LONGEST_LOCAL)
    broken = _BROKEN.match(text, first, end)
    return first if broken is None else broken.end()


def _farthest(text: str, start: int, endings: list[re.Match[str]], at: int) -> int:
    """Of several signs that one part before could reach (`a%40b%40c`) the last counts."""
    while at + 1 < len(endings):
        here, following = endings[at].start(), endings[at + 1].start()
        is_within = start < here and following - start <= _LONGEST_LOCAL
        if not is_within or _BROKEN.match(text, here, following) is not None:
            break
        at += 1
    return at


def _masked_email(local: str, ending: re.Match[str]) -> str:
    first, host = local.lstrip('"')[:1], ending["host"].rstrip(".")
    end = f".{host.rpartition('.')[2]}" if "." in host else ""
    return f"{first}{MASK}{ending['at']}{ending['host'][:1]}{MASK}{end}"


class Secrets:
    """The values that must never be seen, in every form they may take in a text."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._shortest = 0

    def add(self, value: str) -> None:
        """Hide `value` from now on; what is too short to be told from ordinary text is not."""
        if len(value) < _SHORTEST_SECRET:
            return
        self._forms |= {form.lower() for form in _forms(value)}
        longest_first = sorted(self._forms, key=len, reverse=True)
        self._shortest = len(longest_first[-1])
        pattern = "|".join(re.escape(form) for form in longest_first)
        self._pattern = re.compile(pattern, re.IGNORECASE)

    def are_in(self, text: str) -> bool:
        """Whether there is something to hide in a text."""
        text = text.lower()
        for form in self._forms:  # noqa: SIM110 - each line of the log comes here: twice as fast
            if form in text:
                return True
        return False

    def hidden(self, text: str) -> str:
        """Return the text with every secret replaced."""
        if self._pattern is None or len(text) < self._shortest or not self.are_in(text):
            return text
        return self._pattern.sub(MASK, text)


def _forms(value: str) -> Iterator[str]:
    """A secret as it is, and as it is written in URLs, Python, JSON, HTML and base64."""
    in_json = json.dumps(value)[1:-1]
    yield from (value, quote(value, safe=""), quote(value), quote_plus(value), html.escape(value))
    yield from (value.encode("unicode_escape").decode("ascii"), repr(value)[1:-1])
    yield repr(value.encode("utf-8", "replace"))[2:-1]
    yield from (in_json, json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(in_json)[1:-1])
    yield in_json.replace("/", "\\/")
    if len(value) >= _SHORTEST_ENCODED:
        for lead, skipped in enumerate((0, 2, 3)):  # it may begin within a group of three bytes
            content = bytes(lead) + value.encode("utf-8", "replace")
            # The last sign of an open group depends on what follows.
            end = -1 if len(content) % 3 else None
            whole = b64encode(content).decode().rstrip("=")[skipped:end]
            yield from (whole, whole.replace("+", "-").replace("/", "_"))
