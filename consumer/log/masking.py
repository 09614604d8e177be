"""What is left of e-mail addresses and secrets in any text that people see. Pure.

The rule for whole objects, by the kind of each value, is that of consumer/personal.py.

An e-mail address keeps its first letters and its last label, `a***@e***.com`: enough to recognise
it when one knows it, too little to write to it. Masking twice changes nothing.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

MASK: Final = "***"
_SHORTEST_SECRET: Final = 4
_EMAIL: Final = re.compile(
    r"""(?P<local> "[^"\n]{1,64}" | [^\s@<>"'(),:;\[\]{}\\|=/&?]{1,128} )
        (?P<at> @ | %40 )
        (?P<host> (?! \w\*\*\* ) [\w\u0080-\uffff] [\w.\u0080-\uffff-]{0,254} )""",
    re.VERBOSE | re.IGNORECASE,
)


def may_hold_emails(text: str) -> bool:
    """Tell whether an e-mail address can be in a text; quick, and never wrong if it says no."""
    return "@" in text or "%40" in text


def is_email(text: str) -> bool:
    """Tell whether a text is one e-mail address, of which enough is masked by the rule here."""
    return may_hold_emails(text) and _EMAIL.fullmatch(text) is not None


def masked_emails(text: str) -> str:
    """Mask every e-mail address in a text."""
    if not may_hold_emails(text):
        return text
    # A mask can stand where another address begins (`a@b@c`): once more for each sign at most.
    for _ in range(text.count("@") + text.count("%40")):
        masked = _EMAIL.sub(_masked_email, text)
        if masked == text:
            break
        text = masked
    return text


def _masked_email(found: re.Match[str]) -> str:
    local = found["local"].lstrip('"')[:1]
    first, last = found["host"][:1], found["host"].rstrip(".").rpartition(".")[2]
    end = f".{last}" if "." in found["host"].rstrip(".") else ""
    return f"{local}{MASK}{found['at']}{first}{MASK}{end}"


class Secrets:
    """The values that must never be seen, in every form they may take in a text."""

    def __init__(self) -> None:
        """Nothing is secret yet."""
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._shortest = 0

    @property
    def count(self) -> int:
        """How many texts are hidden: it grows with each new secret."""
        return len(self._forms)

    def add(self, value: str) -> None:
        """Hide `value` from now on; what is too short to be told from ordinary text is not."""
        if len(value) < _SHORTEST_SECRET:
            return
        escaped = value.encode("unicode_escape").decode("ascii")
        self._forms |= {value, quote(value, safe=""), quote(value), escaped, repr(value)[1:-1]}
        longest_first = sorted(self._forms, key=len, reverse=True)
        self._shortest = len(longest_first[-1])
        self._pattern = re.compile("|".join(re.escape(form) for form in longest_first))

    def are_in(self, text: str) -> bool:
        """Tell whether there is something to hide in a text."""
        return self._pattern is not None and self._pattern.search(text) is not None

    def hidden(self, text: str) -> str:
        """Return the text with every secret replaced."""
        if self._pattern is None or len(text) < self._shortest:
            return text
        return self._pattern.sub(MASK, text)
