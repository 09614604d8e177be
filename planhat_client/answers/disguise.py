"""Texts as they were before somebody escaped or encoded them. Pure, and in linear time."""

from __future__ import annotations

import html
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Final
from unicodedata import category, normalize
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

ENCODED: Final = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
"""What may be base64 or hexadecimal."""

_ROUNDS: Final = 6
_DEEPEST: Final = 2
_ESCAPE: Final = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,5})\}|U000([0-9a-fA-F]{5})"
    r"|([\"'/\\])|[nrtbf])"
)
_INVISIBLE: Final = frozenset({"Cc", "Cf"})
_HEXADECIMAL: Final = re.compile(r"(?:[0-9a-fA-F]{2})+")


def decoded(text: str) -> str:
    """A text without the escapes of JSON, of URLs and of HTML, each of which may hide a value.

    Signs of the same look are made one.
    """
    for _ in range(_ROUNDS):
        plain = html.unescape(unquote(_ESCAPE.sub(_unescaped, text)))
        if plain == text:
            break
        text = plain
    return text if text.isascii() else normalize("NFKC", text)


def without_invisible(text: str) -> str:
    """A text without the signs that take no place: between two letters they hide a word."""
    if text.isprintable():
        return text
    return "".join(sign for sign in text if category(sign) not in _INVISIBLE)


def unpacked(chunk: str, depth: int = _DEEPEST) -> Iterator[tuple[str, bool]]:
    """What may lie in base64 or hexadecimal, and whether that is plainly a text."""
    for content in _contents(chunk):
        found = content.replace(b"\0", b"")  # UTF-16
        text = found.decode("utf-8", "replace")
        is_text = text.isprintable() and "\ufffd" not in text
        yield text, is_text
        if depth and is_text:
            for inner in ENCODED.findall(text):
                yield from unpacked(inner, depth - 1)


def _contents(chunk: str) -> Iterator[bytes]:
    if _HEXADECIMAL.fullmatch(chunk):
        yield bytes.fromhex(chunk)
    plain = chunk.rstrip("=").replace("-", "+").replace("_", "/")
    for start in range(4):
        piece = plain[start:]
        # The last group may be an open one of two or three signs.
        piece = piece[:-1] if len(piece) % 4 == 1 else piece
        yield b64decode(piece + "=" * (-len(piece) % 4))


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3] or found[4]
    return chr(int(code, 16)) if code else found[5] or " "
