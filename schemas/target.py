"""The standard fields of Planhat that a mapping may name, by API key or by their historic label."""

from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """How the values of a field are written."""

    KEY = "key"  # text that names a record: never empty, never null
    NAME = "name"  # text that names somebody of Planhat's, who is looked up
    TEXT = "text"
    ARRAY = "array"  # of texts
    DATE = "date"
    BOOLEAN = "boolean"
    NUMBER = "number"
    LINK = "link"  # accepted in settings, never written from a mapping: rules find the company


class Targets:
    """The standard targets of one model.

    `names` are the API keys, `kinds` say how each is written. `spellings` are all that is found, in
    small letters and digits only: keys and labels.
    """

    def __init__(self, kinds: Mapping[str, Kind], labels: Mapping[str, str]) -> None:
        """Take the kind of each API key, and the labels that are not just its spelling."""
        self.kinds: Final = kinds
        self.names: Final = tuple(kinds)
        names = {_plain(name): name for name in kinds}
        self._names: Final = {**names, **{_plain(label): name for label, name in labels.items()}}
        self.spellings: Final = tuple(self._names)

    def find(self, target: str) -> str | None:
        """Return the API key for a key or label, whatever its case, blanks or `(*)`."""
        return self._names.get(_plain(target))

    def nearest(self, target: str) -> list[str]:
        """Return the API keys that were probably meant, the likeliest first."""
        plain = _plain(target)
        found = get_close_matches(plain, self._names, n=2, cutoff=0.6)
        inside = [name for name in self._names if plain and (name in plain or plain in name)]
        return list(dict.fromkeys(self._names[name] for name in (*found, *inside)))[:2]


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def of(kind: Kind, names: str) -> dict[str, Kind]:
    """Give all of these names, set apart by blanks, one kind."""
    return dict.fromkeys(names.split(), kind)
