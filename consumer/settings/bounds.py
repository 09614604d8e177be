"""What each setting of the environment may be: for JSON Schema, and for the chart. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from pydantic.json_schema import GenerateJsonSchema

from consumer.settings import SECTIONS, GeneralSettings
from consumer.settings.environment import env_name

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

    from consumer.settings.section import Section

Kind: TypeAlias = Literal["text", "boolean", "integer", "number", "bytes"]

_SINGLE: Final[set[Kind]] = {"boolean", "integer", "number"}
_LIMITS: Final = {"minimum": "least", "ge": "least", "maximum": "most", "le": "most"}
"""How pydantic's JSON Schema names them; `ge` and `le` where it knows no better."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of which kind a setting is, from where to where, or one of some words in any case."""

    kind: Kind
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


def bounds() -> dict[str, Bounds]:
    """Return the bounds of each setting by its name in the environment."""
    sections: list[type[Section]] = [GeneralSettings, *SECTIONS.values()]
    return {name: found for section in sections for name, found in _section(section).items()}


def _section(section: type[Section]) -> dict[str, Bounds]:
    fields = section.model_json_schema(schema_generator=_AnyField)["properties"]
    return {env_name(section, field): _bounds(found) for field, found in fields.items()}


def _bounds(found: dict[str, Any]) -> Bounds:
    limits = {_LIMITS[name]: value for name, value in found.items() if name in _LIMITS}
    some = [one for one in found.get("anyOf", [found]) if one.get("type") != "null"]
    kinds = {one.get("type") for one in some}
    if kinds == {"string", "integer"}:
        return Bounds("bytes", **limits)
    kind: Kind = next((kind for kind in kinds if kind in _SINGLE), "text")
    choices = next((tuple(one["enum"]) for one in some if "enum" in one), ())
    return Bounds(kind, **limits, choices=choices)


class _AnyField(GenerateJsonSchema):
    """Takes for text what pydantic cannot describe: secrets that come from files."""

    def handle_invalid_for_json_schema(
        self,
        schema: CoreSchema,  # noqa: ARG002 - pydantic's interface
        error_info: str,  # noqa: ARG002 - likewise
    ) -> JsonSchemaValue:
        return {"type": "string"}
