"""Wrong settings, told in lines that a person can act on."""

from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import ValidationError

from schemas.shown import MASK, cleaned, plainly, shown

_SECRET = ("token", "secret", "password", "tenant")
_MOST_LINES = 20
_LONGEST_NAME = 60
_ROW = "should be {hull_field_name: ..., service_field_name: ...}"
_RIGHT = {
    "bool_parsing": "should be true or false",
    "bool_type": "should be true or false",
    "missing": "missing",
    "model_type": _ROW,
    "string_type": "should be text",
    "tuple_type": "should be a list",
}


class InvalidSettings(Exception):
    """Settings that can't be used: one line each, with the key and what would be right."""

    def __init__(self, *lines: str) -> None:
        """`lines` hold no secret."""
        super().__init__("; ".join(lines))
        self.lines = lines


def lines(error: ValidationError, source: str, known: Iterable[str]) -> list[str]:
    """Name each wrong key with its value (secrets masked) and what would be right."""
    names = [*known]
    found = error.errors(include_url=False)
    told = [_line(dict(one), source, names) for one in found[:_MOST_LINES]]
    return (
        told
        if len(found) <= _MOST_LINES
        else [*told, f"{source}: and {len(found) - _MOST_LINES} more"]
    )


def _line(found: dict[str, object], source: str, known: list[str]) -> str:
    steps = found["loc"]
    place = _place(steps if isinstance(steps, tuple) else ())
    message = str(found["msg"]).removeprefix("Value error, ")
    message = _RIGHT.get(str(found["type"]), message[:1].lower() + message[1:])
    if found["type"] == "extra_forbidden":
        return f"{source}: {place}: no such setting{_meant(place, known)}"
    if found["type"] in {"missing", "target"}:
        return f"{source}: {place}: {message}"
    return f"{source}: {place}: {_shown(place, found.get('input'))}: {message}"


def _meant(place: str, known: list[str]) -> str:
    # The value stays unsaid: a misspelt key may be that of a secret.
    nearest = get_close_matches(place.rpartition(".")[2][:_LONGEST_NAME], known, n=1)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def _place(steps: tuple[object, ...]) -> str:
    place = ""
    for step in steps:
        name = cleaned(str(step)[:_LONGEST_NAME])
        place += f"[{step}]" if isinstance(step, int) else f"{'.' if place else ''}{name}"
    return place or "settings"


def _shown(place: str, value: object) -> str:
    if any(word in place.lower() for word in _SECRET):
        return MASK
    return shown(value) if place == "api_prefix" else plainly(value)
