"""What Planhat says, without what we had sent: servers like to repeat what they refuse. Pure.

No pattern tells a name. But what comes back we know, because we sent it: so each word of a person's
texts is masked, and each piece of the credentials, however it is written. Planhat's own words stay,
the names of fields, and ids. A whole e-mail address is left to who shows the text: it is masked at
each door, and kept where that is wanted.
"""

from __future__ import annotations

import html
import re
from base64 import b64decode
from bisect import bisect_left
from functools import cached_property
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from unicodedata import normalize
from urllib.parse import unquote

import orjson

from planhat_client.vocabulary import PLANHATS_OWN
from schemas.personal import EVENT_NAMES, HIDDEN, IDS_OF_PLANHAT

if TYPE_CHECKING:
    from collections.abc import Sequence

MASK: Final = "***"

_Kind: TypeAlias = Literal["id", "hidden", "personal", "open"]

_PIECE: Final = 8
"""So many signs in a row of a credential are masked."""
_SHORTEST_SECRET: Final = 4
_SHORTEST_WORD: Final = 2
_SHORTEST_NUMBER: Final = 6
_SHORTEST_HIDDEN_WORD: Final = 5
_DEEPEST: Final = 50
_ROUNDS: Final = 3

_LOWER: Final = {ord(one): one.lower() for one in ascii_uppercase}
"""Of signs beyond ASCII some change their length: then no place could be found again."""

_WORD: Final = re.compile(r"[^\W_]+")
_NUMBER: Final = re.compile(r"\d[\d ()./-]{4,40}\d")
_TOKEN: Final = re.compile(
    r"""(?P<address> [^\s@<>"'(),:;\[\]{}\\|=/&?%]{1,128} @ \w[\w.-]{0,254} )
        | [^\s\"'{}\[\](),;:=<>]+""",
    re.VERBOSE,
)
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\"'/\\]))")
_ENDS: Final = re.compile(r"\.\.\.|\u2026|[.\s]*\Z")
"""What stands behind a text that was cut."""
_LAST_PART: Final = re.compile(r"[/.]")
_MASKS: Final = re.compile(r"\*\*\*(?:[\s.,'-]*\*\*\*)+")


class Echo:
    """One request, as it may be repeated in an answer; it is looked into when that is needed."""

    def __init__(self, secrets: Sequence[str], body: bytes, *, of_people: bool) -> None:
        """`secrets` are never shown. Of bodies about companies only telephones and the like."""
        self._given = secrets
        self._body = body
        self._of_people = of_people

    def cleaned(self, text: str) -> str:
        """Give a text of the answer without anything of the request but ids."""
        text = self._without_secrets(_decoded(text))
        text = _ENCODED.sub(self._encoded, text)
        if not _is_plain(text):
            text = _NUMBER.sub(self._number, text)
            text = _TOKEN.sub(self._token, text)
        return _MASKS.sub(MASK, text)

    @cached_property
    def _secrets(self) -> list[tuple[int, frozenset[str]]]:
        """For each the length of its pieces, and all of these."""
        found = [one.translate(_LOWER) for one in self._given if len(one) >= _SHORTEST_SECRET]
        return [_pieces(one) for one in found if len(one) >= _PIECE or one not in PLANHATS_OWN]

    def _without_secrets(self, text: str) -> str:
        low = text.translate(_LOWER)
        spans = [
            (at, at + size)
            for size, pieces in self._secrets
            for at in range(len(low) - size + 1)
            if low[at : at + size] in pieces
        ]
        for start, end in sorted(_joined(spans), reverse=True):
            text = f"{text[:start]}{MASK}{text[end:]}"
        return text

    def _encoded(self, found: re.Match[str]) -> str:
        """Base64 of something that was sent, as it stands in a header of basic authentication."""
        if found[0].casefold() in PLANHATS_OWN:
            return found[0]
        chunk = found[0].rstrip("=").replace("-", "+").replace("_", "/")
        for start in range(4):
            piece = chunk[start:]
            decoded = b64decode(piece[: len(piece) // 4 * 4]).decode("utf-8", "replace")
            if self._without_secrets(decoded) != decoded or self._names_somebody(decoded):
                return MASK
        return found[0]

    def _names_somebody(self, decoded: str) -> bool:
        telling = [word for word in _words(decoded) if len(word) >= _SHORTEST_HIDDEN_WORD]
        return any(word in self._sent.words for word in telling)

    def _number(self, found: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", found[0])
        return MASK if digits in self._sent.numbers else found[0]

    def _token(self, found: re.Match[str]) -> str:
        token = found[0]
        bare = token.strip(".!?").casefold()
        sent = self._sent
        if found["address"] or bare in sent.ids:
            return token
        if bare in sent.whole:
            return MASK
        is_cut = _ENDS.match(found.string, found.start() + len(token.rstrip(".\u2026"))) is not None
        return _WORD.sub(
            lambda word: MASK if sent.names(word[0].casefold(), is_cut=is_cut) else word[0], token
        )

    @cached_property
    def _sent(self) -> _Sent:
        try:
            document = orjson.loads(self._body) if self._body else None
        except orjson.JSONDecodeError:
            document = None
        return _Sent(document, of_people=self._of_people)


class _Sent:
    """The texts of a body, sorted by how they are found in another text."""

    def __init__(self, document: Any, *, of_people: bool) -> None:  # noqa: ANN401 - any JSON
        self._of_people = of_people
        self._kinds: dict[str, _Kind] = {}
        self._texts: list[str] = []
        self.ids: set[str] = set()
        self.whole: set[str] = set()
        self.numbers: set[str] = set()
        self._walk(document, "", _DEEPEST)
        self.words = {
            word
            for word in _words("\n".join(self._texts))
            if len(word) >= _SHORTEST_WORD and not (word.isdigit() and len(word) < _SHORTEST_NUMBER)
        }
        self.words -= PLANHATS_OWN
        self.words.difference_update(*map(_words, self._kinds))

    def names(self, word: str, *, is_cut: bool) -> bool:
        """Tell whether a word is one of a person's, or the start of one that was cut off."""
        if word in self.words:
            return True
        if not is_cut or len(word) < _SHORTEST_WORD or word in PLANHATS_OWN:
            return False
        at = bisect_left(self._in_order, word)
        return at < len(self._in_order) and self._in_order[at].startswith(word)

    @cached_property
    def _in_order(self) -> list[str]:
        return sorted(self.words)

    def _walk(self, value: Any, name: str, depth: int) -> None:  # noqa: ANN401 - any JSON
        """Note the texts within, and the numbers that are hidden, by the name they lie under."""
        if isinstance(value, dict) and depth:
            for key, one in value.items():
                self._walk(one, name if self._kind(name) == "hidden" else key, depth - 1)
                self._kind(key)
        elif isinstance(value, list) and depth:
            for one in value:
                self._walk(one, name, depth - 1)
        elif isinstance(value, str):
            self._note(value, self._kind(name))
        elif isinstance(value, int | float) and self._kind(name) == "hidden":
            self._note(str(value), "hidden")

    def _note(self, text: str, kind: _Kind) -> None:
        if kind == "id":
            self.ids.add(text.casefold())
            return
        if kind == "hidden":
            self.whole.add(text.casefold())
            digits = re.sub(r"\D", "", text)
            if len(digits) >= _SHORTEST_NUMBER:
                self.numbers.add(digits)
        if kind != "open":
            self._texts.append(text)

    def _kind(self, name: str) -> _Kind:
        known = self._kinds.get(name)
        if known is None:
            known = self._kinds[name] = self._kind_of(name)
        return known

    def _kind_of(self, name: str) -> _Kind:
        if name.lower() in IDS_OF_PLANHAT:
            return "id"
        if HIDDEN.search(_LAST_PART.split(name)[-1]):
            return "hidden"
        return "open" if not self._of_people or name.lower() in EVENT_NAMES else "personal"


def _words(text: str) -> list[str]:
    return _WORD.findall((text if text.isascii() else normalize("NFC", text)).casefold())


def _is_plain(text: str) -> bool:
    """Tell at one look that all words are Planhat's own, as they mostly are."""
    return PLANHATS_OWN.issuperset(_words(text))


def _decoded(text: str) -> str:
    """A text without the escapes of JSON, of URLs and of HTML, each of which may hide a value."""
    for _ in range(_ROUNDS):
        plain = html.unescape(unquote(_ESCAPE.sub(_unescaped, text)))
        if plain == text:
            break
        text = plain
    return text if text.isascii() else normalize("NFC", text)


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else found[3]


def _pieces(secret: str) -> tuple[int, frozenset[str]]:
    size = min(_PIECE, len(secret))
    return size, frozenset(secret[at : at + size] for at in range(len(secret) - size + 1))


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined
