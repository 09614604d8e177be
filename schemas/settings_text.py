"""Reads the text of a settings file: YAML, and so JSON too."""

import json
import re
from typing import Any, Final

import yaml

from schemas.settings_error import InvalidSettings

_NULL: Final = "tag:yaml.org,2002:null"
_VERBATIM: Final = "service_field_name"
_BOOL: Final = "tag:yaml.org,2002:bool"


class _Loader(yaml.SafeLoader):
    """Reads plain values as text, but for null, true and false.

    YAML 1.1 would make a number of the segment 0123 and a truth value of an event named Yes.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - replaces the list of PyYAML

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        """Build a mapping; of two equal keys neither can be meant."""
        names = [name.value for name, _ in node.value]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            problem = f"{twice[0]} is there twice"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return super().construct_mapping(node, deep=deep)


_Loader.add_implicit_resolver(_NULL, re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver(_BOOL, re.compile(r"(?:[Tt]rue|TRUE|[Ff]alse|FALSE)$"), [*"tTfF"])


class _Twice(Exception):
    """A key that is there twice in a mapping of JSON."""


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found


def read_settings(text: str, source: str) -> dict[str, object]:
    """Return the keys and values; raises InvalidSettings if the text is no mapping of keys."""
    try:
        document = _document(text.removeprefix("\ufeff"))
    except _Twice as error:
        raise InvalidSettings(f"{source}: {error} is there twice") from None
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InvalidSettings(f"{source}: not YAML or JSON{line}: {error.problem}") from None
    except (yaml.YAMLError, RecursionError):
        raise InvalidSettings(f"{source}: not YAML or JSON: no text that can be read") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise InvalidSettings(f"{source}: must be a mapping of settings to values")
    inner = document.get("private_settings")
    found = inner if isinstance(inner, dict) and len(document) == 1 else document
    return {str(key): value for key, value in found.items()}


def trimmed(value: object, place: str = "") -> tuple[object, list[str]]:
    """Return the value without blanks around its texts, and the places where there were some.

    The names of custom fields stay word for word, as Planhat has them.
    """
    if isinstance(value, str):
        return value.strip(), [place] if value != value.strip() else []
    if isinstance(value, dict):
        inner = {
            name: trimmed(one, f"{place}.{name}" if place else name)
            for name, one in value.items()
            if name != _VERBATIM
        }
        kept = {name: one for name, one in value.items() if name == _VERBATIM}
        found = {name: one for name, (one, _) in inner.items()} | kept
        return found, [at for _, places in inner.values() for at in places]
    if isinstance(value, list):
        items = [trimmed(one, f"{place}[{at}]") for at, one in enumerate(value)]
        return [one for one, _ in items], [at for _, places in items for at in places]
    return value, []


def _document(text: str) -> object:
    # JSON may be indented by tabs, which YAML refuses.
    try:
        return json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=_mapping)
    except ValueError:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
