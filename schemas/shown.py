"""What may be shown of a value that is wrong: enough to find it, no misplaced secret. Pure.

Nobody can tell a secret from a name by its looks alone. So a value is shown only where it helps:
in full where it is a number or a short word, else without what may be a login, a query, or a text
that no person would make up.
"""

import re
from typing import Final

MASK: Final = "***"
_LONGEST: Final = 60
_LONGEST_PATH: Final = 300

_NUMBER: Final = re.compile(r"[-+]?[0-9._]{1,20}(e[-+]?[0-9]{1,4})? ?[A-Za-z%]{0,3}", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Za-z]{0,12}")
_LOGIN: Final = re.compile(r"^((?:[\w+.-]+://)?).*@", re.DOTALL)
"""Whatever may be a user with a password before the last host of an address or a list."""
_QUERY: Final = re.compile(r"([?#]).*", re.DOTALL)
_PIECE: Final = re.compile(r"""[^\s'"(),;=`]+""")
_RUN: Final = re.compile(r"[A-Za-z0-9]{16,}")
_TURN: Final = re.compile(r"(?<=[0-9])(?=[A-Za-z])|(?<=[A-Za-z])(?=[0-9])")
_NAMED: Final = re.compile(r"secret|passw|pwd|s3cr|p4ss|eyj[\w-]{6}|-----begin", re.IGNORECASE)
_UNUSUAL: Final = re.compile(r"[^\w.:/\[\]%*-]")
_SHORT: Final = 8
_LONG: Final = 20
_PATH: Final = re.compile(r"(?:\.{0,2}/|~/)[\w.~+@=,() /-]*|[\w.+@ /-]*\.[A-Za-z]{1,5}")


def is_random(text: str) -> bool:
    """Whether a part of it is as long, and as mixed of letters and digits, as a token."""
    for run in _RUN.findall(text):
        turns = len(_TURN.findall(run))
        if turns > 2 or (turns == 2 and len(run) >= _LONG):  # noqa: PLR2004 - `app2026v` turns twice
            return True
    return False


def cleaned(text: str) -> str:
    """Mask each piece of a text that may be a secret."""
    return _PIECE.sub(lambda found: MASK if _may_be_secret(found[0]) else found[0], text)


def shown(value: object) -> str:
    """Show a value that should be a name or an address."""
    if not isinstance(value, str):
        return plainly(value)
    if not value.isprintable():
        return f"{MASK} ({len(value)} characters)"
    return _quoted(cleaned(_QUERY.sub(rf"\1{MASK}", _LOGIN.sub(rf"\1{MASK}@", value))), _LONGEST)


def plainly(value: object) -> str:
    """Show a value that should be a number or one of some words, if it is a number or a word."""
    match value:
        case bool() | int() | float() | None:
            return repr(value)[:_LONGEST]
        case str() if _NUMBER.fullmatch(value) or _WORD.fullmatch(value.strip(" -_,.")):
            return _quoted(value, _LONGEST)
        case str():
            return f"{MASK} ({len(value)} characters)"
        case dict():
            return "{...}"
        case _:
            return "[...]"


def shown_path(path: object) -> str:
    """Show the name of a file; a text that is none is likely a secret in its place."""
    text = str(path)
    if _PATH.fullmatch(text) and not is_random(text) and not _NAMED.match(text):
        return _quoted(text, _LONGEST_PATH)
    return f"{MASK} ({len(text)} characters, unlike the name of a file)"


def _quoted(text: str, longest: int) -> str:
    quoted = repr(text)
    return quoted if len(quoted) <= longest else quoted[: longest - 3] + "..."


def _may_be_secret(piece: str) -> bool:
    piece = piece.replace(f"{MASK}@", "")
    if is_random(piece) or (_NAMED.search(piece) and not piece.isalpha()):
        return True
    is_mixed = re.search("[A-Za-z]", piece) and re.search("[0-9]", piece)
    return len(piece) >= _SHORT and bool(is_mixed) and _UNUSUAL.search(piece) is not None
