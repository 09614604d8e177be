"""From environment names to settings fields and back, and what to say about wrong ones. Pure."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from schemas.shown import MASK, cleaned, plainly, shown, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic import ValidationError

    from consumer.settings.section import Section

_OURS: Final = "PLANHAT_"
_SHARED: Final = "KAFKA_"
_LIKELY: Final = 0.5
_CLOSE: Final = 0.8
_SECRET: Final = re.compile(r"TOKEN|PASSWORD|TENANT|SECRET")
_KUBERNETES: Final = re.compile(r".*_(SERVICE_(HOST|PORT)(_.*)?|PORT(_\d+_.*)?)$")
"""Kubernetes gives each pod such names for each service of its namespace."""
_PATHS: Final = re.compile(r".*_FILE|CONNECTOR_SETTINGS")
_WORDS: Final = re.compile(r".*_parsing|literal_error|byte_size.*|int_from_float|finite_number")
"""pydantic's kinds of errors where a number or one of some words should be."""
_RIGHT: Final = {
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_parsing": "must be true or false",
    "literal_error": "must be {expected}",
    "byte_size": "must be a number of bytes, like 4194304 or 4MiB",
    "byte_size_unit": "must be a number of bytes, like 4194304 or 4MiB",
    "string_pattern_mismatch": "must be a name of letters, digits, dots, dashes and underscores",
    "too_short": "must name at least one",
    "string_too_short": "must not be blank",
    "path_not_file": "no such file",
    "url_parsing": "must be an address like https://api.planhat.com",
}
"""What would be right, by pydantic's kind of error; the others keep pydantic's own words."""


@dataclass(frozen=True, slots=True)
class Described:
    """One setting: its name in the environment, its default as text, and what it means."""

    name: str
    default: str
    meaning: str


def read(section: type[Section], environ: Mapping[str, str]) -> dict[str, Any]:
    """Pick the fields of a section; an empty value is none, and names may be in any case."""
    given = {name.upper(): value for name, value in environ.items() if value.strip()}
    names = {field: env_name(section, field) for field in section.model_fields}
    return {field: given[name] for field, name in names.items() if name in given}


def described(section: type[Section]) -> Iterator[Described]:
    """Return the fields of a section, in their order."""
    for field, info in section.model_fields.items():
        yield Described(
            env_name(section, field), _shown_default(info.default), info.description or ""
        )


def env_name(section: type[Section], field: str) -> str:
    """Return the name of a field in the environment."""
    return f"{section.prefix}{field}".upper()


def unknown_names(environ: Mapping[str, str], known: Iterable[str]) -> list[str]:
    """Return a line for each name that looks like ours and is none.

    `PLANHAT_...` is ours alone. `KAFKA_...` others use too: only what is nearly a name of ours.
    """
    names = list(known)
    lines = []
    for name in sorted(environ):
        upper = name.upper()
        if upper in names or _KUBERNETES.match(upper):
            continue
        if upper.startswith(_OURS):
            lines.append(_unknown(name, _near(upper, names, _LIKELY)))
        elif upper.startswith(_SHARED) and (near := _near(upper, names, _CLOSE)):
            lines.append(_unknown(name, near))
    return lines


def lines(error: ValidationError, sections: Mapping[str, type[Section]]) -> list[str]:
    """Name each wrong setting with its value (secrets masked) and what would be right."""
    return [_line(dict(found), sections) for found in error.errors(include_url=False)]


def _near(name: str, names: list[str], likeness: float) -> list[str]:
    """Compare without the prefix, which would make all names alike."""
    prefix, _, rest = name.partition("_")
    ends = [other.removeprefix(f"{prefix}_") for other in names if other.startswith(f"{prefix}_")]
    return [f"{prefix}_{end}" for end in difflib.get_close_matches(rest, ends, 1, likeness)]


def _unknown(name: str, near: list[str]) -> str:
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{cleaned(name)}: no such setting, ignored{hint}"


def _line(found: dict[str, Any], sections: Mapping[str, type[Section]]) -> str:
    message = str(found["msg"]).removeprefix("Value error, ")
    if found["type"] == "conflict":
        return message
    name = _name(tuple(found["loc"]), sections)
    right = _RIGHT.get(str(found["type"]))
    if right is not None:
        message = right.format(**found.get("ctx", {}))
    return f"{name}: {_shown(name, found)}: {message}"


def _name(steps: tuple[Any, ...], sections: Mapping[str, type[Section]]) -> str:
    section = sections.get(str(steps[0])) if len(steps) > 1 else None
    if section is None:
        return str(steps[0]).upper() if steps else "environment"
    return env_name(section, str(steps[1]))


def _shown(name: str, found: dict[str, Any]) -> str:
    value = found.get("input")
    if _PATHS.fullmatch(name):
        return shown_path(value)
    if _SECRET.search(name):
        return MASK
    is_word = _WORDS.fullmatch(str(found["type"])) and found["type"] != "url_parsing"
    return plainly(value) if is_word else shown(value)


def _shown_default(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case tuple():
            return ",".join(value)
        case _:
            return str(value)
