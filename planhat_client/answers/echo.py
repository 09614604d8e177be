"""What Planhat says, without what we had sent: servers like to repeat what they refuse. Pure.

No pattern tells a name. But what comes back we know, because we sent it: so each word of a person's
texts is masked, and each piece of the credentials, however it is written. Planhat's own words stay,
the names of fields, and ids. A whole e-mail address is left to who shows the text: it is masked at
each door, and kept where that is wanted.
"""

from __future__ import annotations

import re
from functools import cached_property
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from unicodedata import normalize

import orjson

from planhat_client.answers.disguise import ENCODED, decoded, unpacked, without_invisible
from planhat_client.answers.vocabulary import PLANHATS_OWN
from schemas.personal import EVENT_NAMES, HIDDEN, IDS_OF_PLANHAT, MOMENT

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
_LONGEST_NAME: Final = 6
"""Signs of a name in a script without blanks between the words."""
_TAIL: Final = 7
"""Digits at the end of a number that are its own, whatever stands for country and area."""
_LONGEST: Final = 400
"""Signs of a text that are looked through for people: more are never shown."""
_CHUNK: Final = 1 << 16
"""Signs that are split at once: it holds up all other threads."""

_LOWER: Final = {ord(one): one.lower() for one in ascii_uppercase}
"""Of signs beyond ASCII some change their length: then no place could be found again."""

_WORD: Final = re.compile(r"[^\W_]+")
_NUMBER: Final = re.compile(r"\d[\d ()./-]{4,40}\d")
_TOKEN: Final = re.compile(
    r"""(?P<address> [^\s@<>"'(),:;\[\]{}\\|=/&?%]{1,128} @ \w[\w.-]{0,254} )
        | [^\s\"'{}\[\](),;:=<>]+""",
    re.VERBOSE,
)
_IN_CHINESE: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
_CAPITALIZED: Final = re.compile(r"[A-Z][^\W_A-Z]{2,}")
_ENDS: Final = re.compile(r"\.\.\.|\u2026|[.\s]*\Z")
"""What stands behind a text that was cut."""
_END_OF_ADDRESS: Final = re.compile(r"([^\s@]@[^\s@]{1,255})\.[a-z]{2,10}\Z")
"""The `.com` of an address: it names nobody."""
_LAST_PART: Final = re.compile(r"[/.]")
_COVERED: Final = re.compile("\0+")
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
        text = decoded(text)[:_LONGEST]
        whole = without_invisible(text)
        if whole != text:
            found = self._cleaned(whole)
            if found != whole:
                return found
        return self._cleaned(text)

    def _cleaned(self, text: str) -> str:
        text = self._without_secrets(text)
        text = ENCODED.sub(self._encoded, text)
        # Mostly, all words are Planhat's own: that one look tells.
        if not PLANHATS_OWN.issuperset(_words(text)):
            text = _NUMBER.sub(self._number, text)
            text = _TOKEN.sub(self._token, text)
        return _MASKS.sub(MASK, text)

    def prepare(self) -> None:
        """Look into the request now: of a large one that takes a second, for a thread to spend."""
        self._sent.heads  # noqa: B018 - it is kept

    @cached_property
    def _secrets(self) -> list[tuple[int, frozenset[str]]]:
        """For each the length of its pieces, and all of these."""
        found = []
        for secret in map(_letters, self._given):
            size = min(_PIECE, len(secret))
            if size == _PIECE or (size >= _SHORTEST_SECRET and secret not in PLANHATS_OWN):
                starts = range(len(secret) - size + 1)
                found.append((size, frozenset(secret[at : at + size] for at in starts)))
        return found

    def _without_secrets(self, text: str) -> str:
        """Mask what is of a secret, whatever stands between its letters."""
        letters = _letters(text)
        found = [one for one in self._secrets if any(piece in letters for piece in one[1])]
        if not found:
            return text
        places = [at for at, sign in enumerate(text) if sign.isalnum()]
        signs = list(text)
        for size, pieces in found:
            for at in range(len(letters) - size + 1):
                if letters[at : at + size] in pieces:
                    start, end = places[at], places[at + size - 1] + 1
                    signs[start:end] = "\0" * (end - start)
        return _COVERED.sub(MASK, "".join(signs))

    def _encoded(self, found: re.Match[str]) -> str:
        """Base64 or the like of something that was sent, as in basic authentication."""
        if found[0].casefold() in PLANHATS_OWN:
            return found[0]
        for text, is_text in unpacked(found[0]):
            shortest = _SHORTEST_WORD if is_text else _SHORTEST_HIDDEN_WORD
            telling = (word for word in _words(text) if len(word) >= shortest)
            if self._without_secrets(text) != text or not self._sent.words.isdisjoint(telling):
                return MASK
        return found[0]

    def _number(self, found: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", found[0])
        tails = (digits[at : at + _TAIL] for at in range(max(1, len(digits) - _TAIL + 1)))
        return MASK if any(tail in self._sent.tails for tail in tails) else found[0]

    def _token(self, found: re.Match[str]) -> str:
        token = found[0]
        bare = token.strip(".!?").casefold()
        sent = self._sent
        if found["address"] or bare in sent.ids:
            return token
        if bare in sent.whole:
            return MASK
        is_cut = _ENDS.match(found.string, found.start() + len(token.rstrip(".\u2026"))) is not None
        return _WORD.sub(lambda word: sent.without_names(word[0], is_cut=is_cut), token)

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
        self.ids: set[str] = set()
        self.whole: set[str] = set()
        self.tails: set[str] = set()
        self.words: set[str] = set()
        self._walk(document, "", _DEEPEST)
        self.words -= PLANHATS_OWN
        self.words.difference_update(*map(_words, self._kinds))

    def without_names(self, word: str, *, is_cut: bool) -> str:
        """Mask what names a person in a word; where words are not set apart, a part of it."""
        if self._names(word.casefold(), is_cut=is_cut):
            return MASK
        if not word.isascii():
            word = _IN_CHINESE.sub(self._without_run, word)
        return _CAPITALIZED.sub(
            lambda part: MASK if part[0].casefold() in self.words else part[0], word
        )

    def _names(self, word: str, *, is_cut: bool) -> bool:
        """Whether a word is one of a person's, or the start of one that was cut off."""
        if word in self.words:
            return True
        if not is_cut or len(word) < _SHORTEST_WORD or word in PLANHATS_OWN:
            return False
        return any(one.startswith(word) for one in self.heads.get(word[:_SHORTEST_WORD], ()))

    def _without_run(self, found: re.Match[str]) -> str:
        run, told, at = found[0], "", 0
        while at < len(run):
            sizes = range(_LONGEST_NAME, _SHORTEST_WORD - 1, -1)
            size = next((size for size in sizes if run[at : at + size] in self.words), 0)
            told += MASK if size else run[at]
            at += size or 1
        return told

    @cached_property
    def heads(self) -> dict[str, list[str]]:
        """The words by their first letters, to find one whose end was cut off."""
        # Not sorted: of a large request that would hold up all other threads for a second.
        found: dict[str, list[str]] = {}
        for word in self.words:
            found.setdefault(word[:_SHORTEST_WORD], []).append(word)
        return found

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
        elif kind == "hidden":
            self.whole.add(text.casefold())
            digits = re.sub(r"\D", "", text)
            if len(digits) >= _SHORTEST_NUMBER:
                self.tails.add(digits[-_TAIL:])
        if kind == "hidden" or (kind == "personal" and not MOMENT.fullmatch(text)):
            text = _END_OF_ADDRESS.sub(r"\1", text) if "@" in text else text
            for at in range(0, len(text), _CHUNK):
                self.words.update(filter(_tells, _words(text[at : at + _CHUNK])))

    def _kind(self, name: str) -> _Kind:
        if name not in self._kinds:
            self._kinds[name] = _kind_of(name, of_people=self._of_people)
        return self._kinds[name]


def _kind_of(name: str, *, of_people: bool) -> _Kind:
    if name.lower() in IDS_OF_PLANHAT:
        return "id"
    if HIDDEN.search(_LAST_PART.split(name)[-1]):
        return "hidden"
    return "open" if not of_people or name.lower() in EVENT_NAMES else "personal"


def _words(text: str) -> list[str]:
    return _WORD.findall((text if text.isascii() else normalize("NFKC", text)).casefold())


def _tells(word: str) -> bool:
    return len(word) >= (_SHORTEST_NUMBER if word.isdigit() else _SHORTEST_WORD)


def _letters(text: str) -> str:
    """Letters and digits alone, those of ASCII in lower case; as many as there were."""
    return "".join(filter(str.isalnum, text)).translate(_LOWER)
