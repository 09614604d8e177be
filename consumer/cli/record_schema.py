"""The JSON Schema of a record, as lenient as the service reads it."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter

from schemas.hull import Message, Notification

_NOTHING: Final[list[dict[str, Any]]] = [
    {"type": "null"},
    {"type": "object", "maxProperties": 0},
    {"type": "array", "maxItems": 0},
]
_MAY_BE_NOTHING: Final = {
    *("account", "account_segments", "changes", "entered", "events", "left", "properties"),
    *("segments", "user", "is_export", "is_new"),
}


def record_schema() -> dict[str, Any]:
    """Return the schema of a notification or of one message."""
    found = TypeAdapter(Notification | Message).json_schema()
    for model in found["$defs"].values():
        properties = model.get("properties", {})
        for name, one in properties.items():
            properties[name] = _lenient(name, one)
    return {"title": "A record of Hull: a notification, or one message", **found}


def _lenient(name: str, one: dict[str, Any]) -> dict[str, Any]:
    """Hull writes nothing as null, {} or []; and what is a text may come as a number."""
    plain = {key: value for key, value in one.items() if key not in ("title", "default")}
    if plain.get("type") == "string":
        plain["type"] = ["string", "number"]
    plain["anyOf"] = [
        {**kind, "type": ["string", "number"]} if kind.get("type") == "string" else kind
        for kind in plain.get("anyOf", [])
    ]
    if not plain["anyOf"]:
        del plain["anyOf"]
    if name not in _MAY_BE_NOTHING:
        return plain
    kinds = plain["anyOf"] if set(plain) == {"anyOf"} else [plain]
    return {"anyOf": [*kinds, *_NOTHING]}
