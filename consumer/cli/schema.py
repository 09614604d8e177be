"""`hull-planhat schema`: JSON Schema of what people write and what the bridge writes."""

from __future__ import annotations

import json
from typing import Any, Literal

from consumer.cli.record_schema import record_schema
from consumer.cli.settings_schema import settings_schema
from consumer.settings import described

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
    return {
        "title": "Environment",
        "type": "object",
        "properties": {
            setting.name: {
                "type": "string",
                "description": setting.meaning,
                **({"default": setting.default} if setting.default else {}),
            }
            for setting in described()
        },
    }
