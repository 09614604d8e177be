"""Write what the chart knows of the program's settings: of the environment, and of the mappings.

Run by `make fix`; a test keeps the chart in step. The chart's templates refuse by
files/settings.json what the program would refuse at its start, and values.schema.json says how the
connector settings are built.
"""

from __future__ import annotations

import json
from typing import Any, Final

from consumer.cli.schema import STANDARD, bounds, settings_schema
from tests.deploy.chart import CHART

SETTINGS: Final = CHART / "files" / "settings.json"
SCHEMA: Final = CHART / "values.schema.json"
_SECRETS: Final = ("personal_access_token", "personal_acccess_token")
"""They would lie in a ConfigMap."""

_ANY_SPELLING: Final = {"type": ["string", "number", "boolean", "null"]}


def settings() -> dict[str, Any]:
    """Give files/settings.json: names with kinds and bounds, and the targets of each table."""
    return {
        "environment": {
            name: {
                "kind": found.kind,
                **({} if found.least is None else {"least": found.least}),
                **({} if found.most is None else {"most": found.most}),
                **({"choices": [one.lower() for one in found.choices]} if found.choices else {}),
            }
            for name, found in bounds().items()
        },
        "targets": {table: list(targets.spellings) for table, targets in STANDARD.items()},
    }


def schema() -> dict[str, Any]:
    """Give values.schema.json: as it is, but for the connector settings."""
    found: dict[str, Any] = json.loads(SCHEMA.read_text("utf-8"))
    found["properties"]["connector"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: _lenient(name, one)
            for name, one in settings_schema()["properties"].items()
            if name not in _SECRETS
        },
    }
    return found


def _lenient(name: str, found: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Take what the program takes: words for truth values, labels in any spelling."""
    match found:
        case {"type": "boolean"}:
            return {**found, "type": ["boolean", "string", "number"]}
        case {"enum": [_, _, _, *_]} if name in STANDARD:
            return {key: value for key, value in found.items() if key != "enum"} | _ANY_SPELLING
        case {"type": "string"} if "enum" not in found:
            return {**found, "type": ["string", "number"]}
        case dict():
            # Of a table's row only the target has labels in any spelling.
            return {
                key: _lenient(key if key == "overwrite" else name, value)
                for key, value in found.items()
            }
        case list():
            return [_lenient(name, one) for one in found]
        case _:
            return found


def text(document: dict[str, Any]) -> str:
    """Give a document as it lies in its file."""
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    SETTINGS.write_text(text(settings()), "utf-8")
    SCHEMA.write_text(text(schema()), "utf-8")
