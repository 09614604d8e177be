"""A message without what is of a wrong type in it, so that the rest can be used. Pure.

What is cut is as small as can be: an event, a member of an event, a segment; else the whole part.
Of `changes` all is cut: if not all of them are known, anything may have changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from consumer.decide.message import Faults

_LISTS: Final = ("events", "segments", "account_segments")
_MOVES: Final = ("entered", "left")
_NEEDED: Final = "id"
_LONGEST: Final = 200
_RIGHT: Final = {
    "bool_parsing": "should be true or false",
    "bool_type": "should be true or false",
    "dict_type": "should be an object",
    "model_type": "should be an object",
    "string_type": "should be text",
    "tuple_type": "should be a list",
}


def readable(document: dict[str, Any], error: ValidationError) -> tuple[dict[str, Any], Faults]:
    """Return a copy without all that the error names, and what that is for each part."""
    faults: dict[str, str] = {}
    places: dict[str, list[Sequence[int | str]]] = {}
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        part = str(one["loc"][0])
        faults.setdefault(part, told(one))
        places.setdefault(part, []).append(one["loc"][1:])
    rest = {name: value for name, value in document.items() if name not in places}
    for part, wrong in places.items():
        if part in _LISTS and () not in wrong:
            rest[part] = _items(document[part], wrong)
    return rest, faults


def items_of(document: object) -> int:
    """Count what the models read one by one, before they do: whatever it is."""
    if not isinstance(document, dict):
        return 0
    changes = document.get("changes")
    moves = [changes.get(part) for part in _LISTS] if isinstance(changes, dict) else ()
    found = [document.get(part) for part in _LISTS]
    for move in moves:
        if isinstance(move, dict):
            found += [move.get(part) for part in _MOVES]
    return sum([len(one) for one in found if isinstance(one, list)])


def told(error: ErrorDetails) -> str:
    """Say where something is wrong and what would be right, without the value."""
    place = ".".join(str(step) for step in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    right = _RIGHT.get(error["type"], f"{message[:1].lower()}{message[1:]}")
    return f"{place}: {right}"[:_LONGEST]


def _items(found: list[Any], places: list[Sequence[int | str]]) -> list[Any]:
    """Cut members of items; an item that is none, or lacks its id then, as a whole."""
    items = list(found)
    cut: set[int | str] = set()
    for at, *member in places:
        if not member or member[0] == _NEEDED:
            cut.add(at)
        else:
            item = items[int(at)]
            items[int(at)] = {name: item[name] for name in item if name != member[0]}
    return [item for at, item in enumerate(items) if at not in cut]
