"""`hull-planhat schema`: JSON Schema of what people write and what the bridge writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from consumer.cli.record_schema import record_schema
from consumer.cli.settings_schema import settings_schema
from consumer.settings import described
from consumer.settings.bounds import bounds

if TYPE_CHECKING:
    from consumer.settings.bounds import Bounds

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text(of: Literal["record", "settings", "environment"]) -> str:
    """Return the schema as JSON."""
    return json.dumps({"$schema": _DIALECT, **_schema(of)}, indent=2)


def _schema(of: Literal["record", "settings", "environment"]) -> dict[str, Any]:
    match of:
        case "record":
            return record_schema()
        case "settings":
            return settings_schema()
        case "environment":
            return _environment()


def _environment() -> dict[str, Any]:
    allowed = bounds()
    return {
        "title": "Environment",
        "type": "object",
        "properties": {
            setting.name: {
                **_value(allowed[setting.name]),
                "description": setting.meaning,
                **({"default": setting.default} if setting.default else {}),
            }
            for setting in described()
        },
    }


def _value(found: Bounds) -> dict[str, Any]:
    """Text, as the environment has it; numbers and truth values in files are what they are."""
    kinds = {"text": ["string"], "bytes": ["string", "integer"]}
    limits = {"minimum": found.least, "maximum": found.most}
    words = [*(one.lower() for one in found.choices), *(one.upper() for one in found.choices)]
    return {
        "type": kinds.get(found.kind, ["string", found.kind]),
        **{name: limit for name, limit in limits.items() if limit is not None},
        **({"enum": words} if words else {}),
    }
