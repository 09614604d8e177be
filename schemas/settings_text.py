"""Reads the text of a settings file: YAML, and so JSON too; in bounded time and memory."""

import json
import re
from typing import Any, Final

import yaml

from schemas.settings_error import InvalidSettings
from schemas.shown import cleaned

LONGEST: Final = 1 << 20
"""Bytes of a settings file: no ConfigMap of Kubernetes holds more."""
_LARGEST: Final = 50_000
"""Values in it, each alias counted as if it were written out."""

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
        names = [name.value for name, _ in node.value if isinstance(name, yaml.ScalarNode)]
        twice = _twice(names)
        if twice is not None:
            problem = f"{_name(twice)} is there twice"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return super().construct_mapping(node, deep=deep)

    _composed = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401 - PyYAML's signature
        """Compose one more value; there may not be too many."""
        self._composed += 1
        if self._composed > _LARGEST:
            raise _TooLarge
        return super().compose_node(parent, index)

    def get_single_node(self) -> yaml.Node | None:
        """Compose the document; what its aliases stand for must not be too much, nor endless."""
        node = super().get_single_node()
        if node is not None and _size(node, {}) > _LARGEST:
            raise _TooLarge
        return node


_Loader.add_implicit_resolver(_NULL, re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"<<$"), ["<"])
_Loader.add_implicit_resolver(_BOOL, re.compile(r"(?:[Tt]rue|TRUE|[Ff]alse|FALSE)$"), [*"tTfF"])


class _Twice(Exception):
    """A key that is there twice in a mapping of JSON."""


class _TooLarge(Exception):
    """There are too many values."""


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Count the values in a node; one that holds itself is endless."""
    found = known.get(id(node))
    if found is None:
        known[id(node)] = _LARGEST + 1  # until it is counted: only its own inside meets that
        found = known[id(node)] = 1 + sum(_size(one, known) for one in _inside(node))
    return found


def _inside(node: yaml.Node) -> list[yaml.Node]:
    match node:
        case yaml.SequenceNode():
            return list(node.value)
        case yaml.MappingNode():
            return [one for pair in node.value for one in pair]
        case _:
            return []


def _twice(names: list[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _name(text: str) -> str:
    return cleaned(text[:60])


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice(_twice([name for name, _ in pairs]))
    return found


_OF_TAGS: Final = (ValueError, TypeError, LookupError, AttributeError, OverflowError)
"""What PyYAML raises for a text that is not what its tag says, like `!!int x`."""


def read_settings(text: str, source: str) -> dict[str, object]:
    """Return the keys and values; raises InvalidSettings if the text is no mapping of keys."""
    if len(text.encode()) > LONGEST:
        raise InvalidSettings(f"{source}: larger than {LONGEST >> 20} MiB: no connector settings")
    try:
        document = _document(text.removeprefix("\ufeff"))
    except _Twice as error:
        raise InvalidSettings(f"{source}: {_name(str(error))} is there twice") from None
    except _TooLarge:
        raise InvalidSettings(f"{source}: more than {_LARGEST:,} values") from None
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = cleaned(str(error.problem)[:200])
        raise InvalidSettings(f"{source}: not YAML or JSON{line}: {problem}") from None
    except (yaml.YAMLError, RecursionError, *_OF_TAGS):
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
