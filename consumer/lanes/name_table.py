"""What is known of names, bounded: for some ten thousands of them, in little memory. Pure.

A dictionary of texts takes 190 bytes for an id of 24 letters that belongs to another. Here some
names share one text, so it is 56.
"""

from __future__ import annotations

from typing import Final

_ROW: Final = "\n"
_FIELD: Final = "\t"

TEXTS: Final = 4096
LETTERS: Final = 400
"""Each text is read from its start for what is looked for, so it must be short: 8 ids of 24 letters
with what belongs to them, or 10 ids of events. Of the last 10,000 pairs 1 in 1,000 is forgotten,
of the last 20,000 1 in 40; more than 32,768 are never known."""


class NameTable:
    """A bounded dictionary from texts to texts, which may forget anything, the older the sooner.

    A name's place is its hash: who shares a place pushes the oldest out when the text is full.
    """

    __slots__ = ("_letters", "_texts")

    def __init__(self, texts: int = TEXTS, letters: int = LETTERS) -> None:
        """Keep so many texts of at most so many letters."""
        self._texts = [""] * texts
        self._letters = letters

    def __contains__(self, name: str) -> bool:
        """Tell whether anything is known of a name."""
        return self.get(name) is not None

    def get(self, name: str) -> str | None:
        """What was put last; None if that is forgotten, or nothing was."""
        if _ROW in name:  # or it could look like two rows of others
            return None
        text = self._texts[hash(name) % len(self._texts)]
        start = f"\n{name}\t"
        found = text.find(start)
        if found < 0:
            return None
        found += len(start)
        end = text.find(_ROW, found)
        return text[found:] if end < 0 else text[found:end]

    def put(self, name: str, value: str = "") -> None:
        """Remember; but not what holds a line break or a tab, or is longer than a text may be."""
        if _ROW in name:
            return
        start = f"\n{name}\t"
        row = start + value
        place = hash(name) % len(self._texts)
        text = _without(self._texts[place], start)
        if row.count(_ROW) == 1 and row.count(_FIELD) == 1 and len(row) <= self._letters:
            text = row + text
            if len(text) > self._letters:
                text = text[: text.rfind(_ROW, 0, self._letters + 1)]
        self._texts[place] = text

    def pop(self, name: str) -> bool:
        """Forget a name; False if nothing was known of it."""
        if _ROW in name:
            return False
        place = hash(name) % len(self._texts)
        text = self._texts[place]
        self._texts[place] = rest = _without(text, f"\n{name}\t")
        return len(rest) < len(text)


def _without(text: str, start: str) -> str:
    found = text.find(start)
    if found < 0:
        return text
    end = text.find(_ROW, found + 1)
    return text[:found] if end < 0 else text[:found] + text[end:]
