"""`hull-planhat schema`: JSON Schema of what people write and what the bridge writes."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import TypeAdapter

from consumer.settings import described
from schemas.connector import ConnectorSettings
from schemas.hull import Message, Notification

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text(of: Literal["record", "settings", "environment"]) -> str:
    """Return the schema as JSON."""
    return json.dumps({"$schema": _DIALECT, **_schema(of)}, indent=2)


def _schema(of: Literal["record", "settings", "environment"]) -> dict[str, Any]:
    match of:
        case "record":
            found = TypeAdapter(Notification | Message).json_schema()
            return {"title": "A record of Hull: a notification, or one message", **found}
        case "settings":
            return ConnectorSettings.model_json_schema()
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
