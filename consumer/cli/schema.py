"""`hull-planhat schema`: JSON Schema of what people write, what the bridge writes, and what we do.

The record is as lenient as the service reads it; the settings are as editors like them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from pydantic.json_schema import GenerateJsonSchema

from consumer.settings import ALL, described
from consumer.settings.environment import env_name
from schemas.connector import ConnectorSettings
from schemas.dialect import Dialect
from schemas.hull import Message
from schemas.models import MODELS
from schemas.outcome import Line

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

    from schemas.target import Targets

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_text(of: Literal["record", "settings", "environment", "dialect", "outcome"]) -> str:
    """Return the schema as JSON."""
    made = {
        "record": _record,
        "settings": settings_schema,
        "environment": _environment,
        "dialect": Dialect.model_json_schema,
        "outcome": _outcome,
    }[of]
    return json.dumps({"$schema": _DIALECT, **made()}, indent=2)


Kind = Literal["text", "boolean", "integer", "number", "bytes"]

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
    return {
        env_name(section, field): _bounds(found)
        for section in ALL
        for field, found in section.model_json_schema(schema_generator=_AnyField)[
            "properties"
        ].items()
    }


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


_TEXT: Final = {"type": ["string", "number"]}
_NULL: Final = {"type": "null"}
_NOTHING: Final[list[dict[str, Any]]] = [
    _NULL,
    {"type": "object", "maxProperties": 0},
    {"type": "array", "maxItems": 0},
]


def _record() -> dict[str, Any]:
    """A notification, or one message."""
    _, models = msgspec.json.schema_components([Message], ref_template="#/$defs/{name}")
    del models["Nothing"]
    for model in models.values():
        found = model["properties"]
        model["properties"] = {name: _lenient(name, one) for name, one in found.items()}
    del models["Changes"]["required"]
    messages = models["Message"]["properties"]
    del messages["messages"], messages["accounts_segments"]
    messages["user_segment_ids"] = {
        "anyOf": [{"type": "array", "items": _TEXT}, *_NOTHING[:2]],
    }
    models["Notification"] = {
        "title": "Notification",
        "description": "An envelope. A message in it that can't be read costs only itself.",
        "type": "object",
        "properties": {
            "channel": messages["channel"],
            "is_export": messages["is_export"],
            **{
                name: {"description": f"All segments of the organisation's {whose}, with names."}
                for name, whose in (("segments", "users"), ("accounts_segments", "accounts"))
            },
            "messages": {"type": "array"},
        },
        "required": ["messages"],
    }
    return {
        "title": "A record of Hull: a notification, or one message",
        "$defs": models,
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in ("Notification", "Message")],
    }


def _lenient(name: str, one: dict[str, Any]) -> dict[str, Any]:
    """Hull writes nothing as null, {} or []; and what is a text may come as a number."""
    if name == "id":
        return _TEXT
    if name == "created_at":
        return {}
    kind = one.get("anyOf", [one])[0]
    if kind.get("type") == "string":
        return {"anyOf": [_TEXT, _NULL]}
    # The attributes of a profile, and the properties of an event, are anything.
    told = {key: kind[key] for key in ("type", "items", "$ref") if key in kind}
    return {"anyOf": [told, *_NOTHING]}


def _outcome() -> dict[str, Any]:
    """A line of the outcomes topic."""
    return {"title": "A line of the outcomes topic", **msgspec.json.schema(Line)}


_LABELS: Final = (
    *("Full name", "Name", "Name (*)", "Company name", "Email", "External id", "External id (*)"),
    *("Company id (*)", "Position", "Phone", "Featured", "Tags", "First name", "Last Name"),
    *("Date created", "Owner", "Phase", "Status"),
)
"""What the old settings page called the fields; those that a table has are choices too."""

STANDARD: Final[dict[str, Targets]] = {
    model.table: model.fields for model in MODELS.values() if model.settings
}
"""The tables whose targets are fields that Planhat has."""

_CUSTOM: Final = tuple(model.custom_table for model in MODELS.values() if model.settings)
_SECRETS: Final = ("personal_access_token", "personal_acccess_token", "tenant_id")

_MEANINGS: Final = {
    "personal_access_token": "API access token. Better given as PLANHAT_ACCESS_TOKEN or by a file.",
    "personal_acccess_token": "The same, in its historic spelling.",
    "api_prefix": "First part of the API's host name, by region: api, api-us2 ...",
    "tenant_id": "Tenant id, for activities.",
    "contact_synchronized_segments": "The Contact Filter: ids of user segments. Who is in none of"
    " them is not sent; an empty list sends nobody. Exports pass it.",
    "contact_events": "The Tracking Filter: names of events that become activities.",
    "contact_attributes_outbound": "From attributes of the user (or account. and one of its"
    " account) to standard fields of an enduser.",
    "contact_custom_attributes_outbound": "The same to custom fields.",
    "account_synchronized_segments": "The Account Filter: ids of account segments.",
    "account_require_externalid": "Skip accounts without an external_id; exports too.",
    "account_attributes_outbound": "From attributes of the account to standard fields of a"
    " company.",
    "account_custom_attributes_outbound": "The same to custom fields.",
    **{
        name: meaning
        for model in MODELS.values()
        if model.is_listed
        for name, meaning in (
            (model.list_attribute, f"The attribute that holds the list of {model.plural}."),
            (model.table, f"From members of {model.a_word} in that list to standard fields."),
            (model.custom_table, "The same to custom fields."),
        )
    },
    "send_null_values": "Send null, which clears the field in Planhat.",
    "on_segment_left": "What happens to an enduser whose user left the Contact Filter.",
    "on_user_unlinked": "What happens to an enduser whose user was unlinked from its account.",
    "on_user_merged": "What happens to the enduser of a user that Hull merged into another.",
    "unknown_list_values": "Whether values go to custom lists that do not offer them.",
    "fetch_interval_accounts": "Accepted and ignored: this service does not fetch.",
    "fetch_interval_users": "Accepted and ignored: this service does not fetch.",
}


def settings_schema() -> dict[str, Any]:
    """Return the schema; what it allows is what the service accepts."""
    made = ConnectorSettings.model_json_schema()
    properties = {name: _plain(made["properties"].get(name, {})) for name in _MEANINGS}
    for name in _SECRETS:
        properties[name] = {"type": ["string", "number"]}
    for name, targets in STANDARD.items():
        properties[name] = _table(_choices(targets))
    for name in _CUSTOM:
        properties[name] = _table({"type": ["string", "number", "boolean", "null"]})
    return {
        "title": "Connector settings",
        "description": "Hull's private_settings for Planhat; an unknown key is an error.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {"description": _MEANINGS[name], **_or_nothing(found)}
            for name, found in properties.items()
        },
    }


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    """Without the titles that only repeat the name; ids of segments may be numbers."""
    plain = {name: value for name, value in found.items() if name != "title"}
    if plain.get("type") == "array":
        plain["items"] = {"type": ["string", "number", "null"]}
    return plain


def _or_nothing(found: dict[str, Any]) -> dict[str, Any]:
    """Null and an empty text are no setting, whatever its type."""
    inside = {name: value for name, value in found.items() if name != "default"}
    outside = {"default": found["default"]} if "default" in found else {}
    return {"anyOf": [inside, {"enum": [None, ""]}], **outside} if inside else outside


def _table(of: dict[str, Any]) -> dict[str, Any]:
    row = {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {
            "hull_field_name": {
                "description": "The attribute's name in Hull: email, traits_crm/title, crm/title;"
                " or segments, segment_ids.",
                "type": ["string", "number", "boolean", "null"],
            },
            "service_field_name": {"description": "The field of Planhat.", **of},
            "overwrite": {
                "description": "if_set: an empty value never clears what Planhat has.",
                "enum": ["always", "if_set", "", None],
                "default": "always",
            },
        },
    }
    return {"type": "array", "items": row, "default": []}


def _choices(targets: Targets) -> dict[str, Any]:
    labels = [label for label in _LABELS if targets.find(label) and label not in targets.names]
    return {"enum": [*targets.names, *labels, "", None]}
