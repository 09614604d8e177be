"""What an answer proves about each item of a bulk upsert. Pure.

Planhat documents no way to tie an error to an item: no index, no order, no shape of the entries
("Bulk upsert"). So only keys prove a success, and an entry that names an item makes it a suspect;
what neither proves nor names stays unproven. Sending an unproven item again is safe: an upsert
has the same effect twice.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from planhat_client.protocol import Delivered, Partial, error_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from schemas.planhat import BulkResult

Change = Literal["created", "updated", "unchanged"]

_FIELDS = ("_id", "sourceId", "externalId", "email")
_TOKEN = re.compile(r"[^\s\"'{}\[\](),;:=<>]+")
_TRANSIENT = "duplicated"
_DEEPEST = 4


class Keys(NamedTuple):
    """By what Planhat may name an item, in the order of its priority."""

    id: str | None = None
    source_id: str | None = None
    external_id: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Proven:
    """Planhat has it; its id and what was done, as far as the answer tells."""

    planhat_id: str | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """An error names it. `transient`: it may be an artefact of two requests at once."""

    reason: str
    transient: bool = False


@dataclass(frozen=True, slots=True)
class Unproven:
    """Nothing tells what became of it."""

    reason: str


Verdict: TypeAlias = Proven | Suspect | Unproven


def verdicts(keys: Sequence[Keys], answer: Delivered | Partial) -> list[Verdict]:
    """One verdict an item, in the order of the items; never raises, whatever the answer."""
    result = answer.result
    if isinstance(answer, Delivered) and answer.is_whole:
        return [Proven() for _ in keys]
    if result is None:
        return _without_result(keys)
    if isinstance(answer, Delivered) and not result.errors and _is_plain_success(keys, result):
        return _proofs(keys, result)
    return _judged(keys, result, answer)


def _without_result(keys: Sequence[Keys]) -> list[Verdict]:
    """A success without any readable result.

    Planhat "answers with an object or a string". For one item a plain success is believed; of
    several it can't be known which are meant, so they are sent again in smaller company.
    """
    if len(keys) == 1:
        return [Proven()]
    return [Unproven("success without a result") for _ in keys]


def _is_plain_success(keys: Sequence[Keys], result: BulkResult) -> bool:
    return result.succeeded >= len(keys) or (len(keys) == 1 and not result.succeeded)


def _proofs(keys: Sequence[Keys], result: BulkResult) -> list[Verdict]:
    found = _Found(keys, result)
    rest = Proven(None, "unchanged" if result.nonupdates else None)
    return [found.proof(position) or rest for position in range(len(keys))]


def _judged(keys: Sequence[Keys], result: BulkResult, answer: Delivered | Partial) -> list[Verdict]:
    found = _Found(keys, result)
    named = _named(keys, result.errors)
    reason = answer.reason if isinstance(answer, Partial) else "the counts do not add up"
    verdicts: list[Verdict] = []
    for position in range(len(keys)):
        proof = found.proof(position)
        if position in named:
            verdicts.append(named[position])
        else:
            verdicts.append(proof or Unproven(reason))
    open_items = [at for at, verdict in enumerate(verdicts) if isinstance(verdict, Unproven)]
    if _all_errors_named(named, result) and result.succeeded + len(named) >= len(keys):
        for at in open_items:
            verdicts[at] = Proven(None, "unchanged")
    elif len(keys) == 1 and open_items and result.errors:
        verdicts[0] = _suspect(result.errors[0])
    return verdicts


def _all_errors_named(named: dict[int, Suspect], result: BulkResult) -> bool:
    return bool(named) and len(named) == len(result.errors)


class _Found:
    """Items that the lists of keys name."""

    def __init__(self, keys: Sequence[Keys], result: BulkResult) -> None:
        self._proofs: dict[int, Proven] = {}
        index = _index(keys)
        lists: tuple[tuple[tuple[Any, ...], Change], ...] = (
            (result.inserted, "created"),
            (result.changed, "updated"),
        )
        for entries, change in lists:
            for entry in entries:
                if isinstance(entry, dict):
                    self._note(index, entry, change)
        self._lone(keys, result)

    def proof(self, position: int) -> Proven | None:
        return self._proofs.get(position)

    def _note(self, index: _Index, entry: dict[str, Any], change: Change) -> None:
        for field in _FIELDS:
            positions = index.get((field, _normal(field, entry.get(field))), [])
            if len(positions) == 1:
                self._proofs.setdefault(positions[0], Proven(_id(entry), change))
                return

    def _lone(self, keys: Sequence[Keys], result: BulkResult) -> None:
        """One item sent and one key back: they belong together, whatever the key says."""
        entries = result.inserted + result.changed
        if len(keys) == 1 and len(entries) == 1 and isinstance(entries[0], dict):
            change: Change = "created" if result.inserted else "updated"
            self._proofs.setdefault(0, Proven(_id(entries[0]), change))


_Index: TypeAlias = "dict[tuple[str, str | None], list[int]]"


def _index(keys: Sequence[Keys]) -> _Index:
    index: _Index = defaultdict(list)
    for position, names in enumerate(keys):
        for field, value in zip(_FIELDS, names, strict=True):
            if value:
                index[field, _normal(field, value)].append(position)
    return index


def _normal(field: str, value: Any) -> str | None:  # noqa: ANN401 - whatever Planhat sent
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        return None
    return str(value).lower() if field == "email" else str(value)


def _named(keys: Sequence[Keys], errors: Iterable[Any]) -> dict[int, Suspect]:
    """The items that error entries name, in whatever way."""
    index = _index(keys)
    words: dict[str, set[int]] = defaultdict(set)
    for (_, value), positions in index.items():
        if value is not None:
            words[value.lower()].update(positions)
    named: dict[int, Suspect] = {}
    for entry in errors:
        for position in _positions(entry, index, words):
            named.setdefault(position, _suspect(entry))
    return named


def _positions(entry: Any, index: _Index, words: dict[str, set[int]]) -> set[int]:  # noqa: ANN401
    for fields in _objects(entry, _DEEPEST):
        for field in _FIELDS:
            value = _normal(field, fields.get(field))
            if value is not None and (field, value) in index:
                return set(index[field, value])
    if isinstance(entry, str):
        return {at for token in _TOKEN.findall(entry) for at in words.get(_bare(token), ())}
    return {
        at
        for text in _texts(entry, _DEEPEST)
        for token in _TOKEN.findall(text)
        for at in words.get(_bare(token), ())
    }


def _bare(token: str) -> str:
    return token.strip(".!?").lower()


def _objects(entry: Any, depth: int) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """The objects within an entry, the outer ones first: `item`, `data`, whatever it is called."""
    if not depth or not isinstance(entry, dict):
        return
    yield entry
    for value in entry.values():
        yield from _objects(value, depth - 1)


def _texts(entry: Any, depth: int) -> Iterator[str]:  # noqa: ANN401
    if isinstance(entry, str):
        yield entry
    elif depth and isinstance(entry, dict | list):
        for value in entry.values() if isinstance(entry, dict) else entry:
            yield from _texts(value, depth - 1)


def _suspect(entry: Any) -> Suspect:  # noqa: ANN401
    text = error_text(entry)
    return Suspect(text, transient=_TRANSIENT in text)


def _id(entry: dict[str, Any]) -> str | None:
    found = entry.get("_id")
    return found if isinstance(found, str) and found else None
