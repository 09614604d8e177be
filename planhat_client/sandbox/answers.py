"""Answers before they are sent, and the forms in which a bulk answer may tell of failures. Pure.

Planhat documents none of these forms; `el` was seen once. `text`, `object`, `item` and so on are
forms of an entry; `bare_list` leaves a 400 nothing but the entries; `lists_absent`, `counts_wrong`
and `nonupdates_only` bend the answer around them. None hides
a failure altogether: the status, an entry or a count that does not add up is always left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

import orjson

from planhat_client.sandbox.models import Item
from planhat_client.sandbox.options import ErrorList, Shape

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from planhat_client.sandbox.options import KeysIn

LISTS: Final = get_args(ErrorList)
SHAPES: Final = tuple(each for each in get_args(Shape) if each != "random")
_BAD_REQUEST: Final = 400
_KEYS: Final = ("_id", "sourceId", "externalId", "email")


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to the client."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def json_reply(document: Any, status: int = 200) -> Reply:  # noqa: ANN401 - JSON
    """Answer with JSON; Planhat answers with a bare text too, as JSON string."""
    return Reply(status, orjson.dumps(document))


class Why(NamedTuple):
    """Why an item fails, and in which list that is told; None: as fits the item."""

    message: str
    list_name: ErrorList | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that was not taken; `list_name` is where its entry belongs."""

    position: int
    item: object
    message: str
    list_name: str = "createdErrors"


@dataclass(slots=True)
class BulkResult:
    """What became of the items of one request. An ignored item is in none of the lists.

    Withheld are those that were good, but not written because another was bad.
    """

    created: list[Item] = field(default_factory=list)
    updated: list[Item] = field(default_factory=list)
    nonupdates: int = 0
    ignored: int = 0
    withheld: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def status(self) -> int:
        """200, 206 for "some worked", 400 if none did, 403 if none was permitted."""
        if not self.failures:
            return 200
        if self.created or self.updated or self.nonupdates:
            return 206
        is_forbidden = all(each.list_name == "permissionErrors" for each in self.failures)
        return 403 if is_forbidden else 400

    @property
    def counts(self) -> dict[str, int]:
        """How many items came to what, in the words of the witness."""
        return {
            "created": len(self.created),
            "updated": len(self.updated),
            "unchanged": self.nonupdates,
            "ignored": self.ignored,
            "withheld": self.withheld,
            "refused": len(self.failures),
        }


def document(result: BulkResult, shape: Shape, keys: KeysIn, random: Random) -> Any:  # noqa: ANN401
    """Tell a result in the documented form, its errors in the wanted shape.

    The lists are in any order: nobody documents that it is the order of the items.
    """
    if shape == "random":
        shape = random.choice(SHAPES)
    created, updated = (random.sample(some, len(some)) for some in (result.created, result.updated))
    answer: dict[str, Any] = {
        "created": len(created),
        "insertsKeys": [_keys(record, keys) for record in created],
        "updated": len(updated),
        "updatesKeys": [_keys(record, keys) for record in updated],
        "nonupdates": result.nonupdates,
        "modified": [record["_id"] for record in updated],
        "upsertedIds": [record["_id"] for record in created],
    }
    if shape != "lists_absent":
        answer |= {name: [] for name in LISTS}
        for failure in result.failures:
            item = failure.item if isinstance(failure.item, dict) else {}
            told = {name: item[name] for name in _KEYS if item.get(name)}
            answer[failure.list_name].append(_ENTRIES[shape](failure, told))
    if shape == "bare_list" and result.status == _BAD_REQUEST:
        return [entry for name in LISTS for entry in answer[name]]
    return answer | _bent(answer, shape, random)


def _text_with_key(failure: Failure, keys: Item) -> str:
    return f"{failure.message}: {next(iter(keys.values()), 'no key')}"


def _el(failure: Failure, keys: Item) -> object:
    """Name the field, not the item: that is all a live tenant was seen to tell."""
    field = next((name for name in _KEYS if name in failure.message), next(iter(keys), "_id"))
    return {"el": field, "error": failure.message}


def _unknown(failure: Failure, _: Item) -> object:
    return [{"code": 11000, "driver": True, "detail": {"why": [failure.message]}}]


_ENTRIES: Final[dict[str, Callable[[Failure, Item], object]]] = {
    "text": lambda failure, _: failure.message,
    "counts_wrong": lambda failure, _: failure.message,
    "text_with_key": _text_with_key,
    "el": _el,
    "bare_list": _el,
    "object": lambda failure, keys: {**keys, "error": failure.message},
    "item": lambda failure, _: {"item": failure.item, "error": failure.message},
    "index": lambda failure, _: {"index": failure.position, "errmsg": failure.message},
    "unknown": _unknown,
    "nonupdates_only": _unknown,
}
"""The entry of each shape but `lists_absent`, given also the keys of the item."""


def _bent(answer: dict[str, Any], shape: Shape, random: Random) -> dict[str, Any]:
    """Give what a whole answer says wrongly, if the shape is one of those that do."""
    counts = ("created", "updated", "nonupdates")
    if shape == "counts_wrong":
        return {name: answer[name] + random.randint(-2, 2) for name in counts}
    if shape == "nonupdates_only":
        taken = {"created": 0, "updated": 0, "nonupdates": sum(answer[name] for name in counts)}
        return taken | {"insertsKeys": [], "updatesKeys": [], "modified": [], "upsertedIds": []}
    return {}


def _keys(record: Item, keys: KeysIn) -> Item:
    named = ("_id", "externalId", "sourceId") if keys == "all" else ("_id",)
    return {name: record[name] for name in named if record.get(name)}
