"""From environment names to settings fields and back, and what to say about wrong ones. Pure."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic_settings import EnvSettingsSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic import ValidationError
    from pydantic_settings import BaseSettings

_OURS: Final = "PLANHAT_"
_SHARED: Final = "KAFKA_"
_CLOSE: Final = 0.85
_SECRET: Final = re.compile(r"TOKEN|PASSWORD|TENANT|SECRET")
_KUBERNETES: Final = re.compile(r".*_(SERVICE_(HOST|PORT)(_.*)?|PORT(_\d+_.*)?)$")
"""Kubernetes gives each pod such names for each service of its namespace."""
_LONGEST_VALUE: Final = 60


@dataclass(frozen=True, slots=True)
class Described:
    """One setting: its name in the environment, its default as text, and what it means."""

    name: str
    default: str
    meaning: str


def read(section: type[BaseSettings], environ: Mapping[str, str]) -> dict[str, Any]:
    """Pick the fields of a section; an empty value is none, and names may be in any case."""
    source = EnvSettingsSource(section)
    source.env_vars = {name.lower(): value for name, value in environ.items() if value.strip()}
    return source()


def described(section: type[BaseSettings]) -> Iterator[Described]:
    """Return the fields of a section, in their order."""
    for field, info in section.model_fields.items():
        yield Described(
            env_name(section, field), _shown_default(info.default), info.description or ""
        )


def env_name(section: type[BaseSettings], field: str) -> str:
    """Return the name of a field in the environment."""
    return f"{section.model_config.get('env_prefix', '')}{field}".upper()


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
            lines.append(_unknown(name, difflib.get_close_matches(upper, names, 1, 0.5)))
        elif upper.startswith(_SHARED) and (near := _near(upper, names)):
            lines.append(_unknown(name, near))
    return lines


def lines(error: ValidationError, sections: Mapping[str, type[BaseSettings]]) -> list[str]:
    """Name each wrong setting with its value (secrets masked) and what would be right."""
    return [_line(dict(found), sections) for found in error.errors(include_url=False)]


def _near(name: str, names: list[str]) -> list[str]:
    return difflib.get_close_matches(name, names, 1, _CLOSE)


def _unknown(name: str, near: list[str]) -> str:
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{name}: no such setting, ignored{hint}"


def _line(found: dict[str, Any], sections: Mapping[str, type[BaseSettings]]) -> str:
    message = str(found["msg"]).removeprefix("Value error, ")
    if found["type"] == "conflict":
        return message
    name = _name(tuple(found["loc"]), sections)
    message = message[:1].lower() + message[1:]
    return f"{name}: {_shown(name, found.get('input'))}: {message}"


def _name(steps: tuple[Any, ...], sections: Mapping[str, type[BaseSettings]]) -> str:
    section = sections.get(str(steps[0])) if len(steps) > 1 else None
    if section is None:
        return str(steps[0]).upper() if steps else "environment"
    return env_name(section, str(steps[1]))


def _shown(name: str, value: object) -> str:
    if _SECRET.search(name) and not name.endswith("_FILE"):
        return "***"
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


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
