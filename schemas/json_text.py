r"""JSON from anywhere: a byte order mark, or half a character, is no reason to lose a record. Pure.

Node writes a text that was cut within an emoji with half of it: `\ud83d` alone, which names no
character. The half is read as U+FFFD, as everybody else writes what can't be read.
"""

import re
from typing import Any, Final

from pydantic_core import from_json

_BOM: Final = b"\xef\xbb\xbf"
_UNKNOWN: Final = rb"\ufffd"
# A whole pair, a half of one, or any other escape: so that `\\ud83d`, a backslash and five letters,
# is never taken for a half.
_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(u[dD][89a-fA-F][\da-fA-F]{2})|.)",
    re.DOTALL,
)


def mended(value: bytes) -> bytes:
    """Return the same JSON without a byte order mark and without halves of characters."""
    value = value.removeprefix(_BOM)
    if b"\\ud" in value or b"\\uD" in value:
        value = _ESCAPE.sub(lambda found: _UNKNOWN if found[1] else found[0], value)
    return _whole(value) if b"\xed" in value else value


def read_json(value: bytes | str) -> Any:  # noqa: ANN401 - any JSON
    """Return what the JSON says; raises ValueError if it is none."""
    text = value.encode("utf-8", "replace") if isinstance(value, str) else value
    return from_json(mended(text), allow_inf_nan=False, cache_strings="keys")


def _whole(value: bytes) -> bytes:
    """Mend halves that were written as bytes of their own, as no UTF-8 has them."""
    try:
        text = value.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return value
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
