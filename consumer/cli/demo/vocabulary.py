"""The words of the demo's stream: segments, events, and which attribute goes where. Data only."""

from __future__ import annotations

from typing import Any, Final

Entity = dict[str, Any]

ACTIVE: Final = {"id": "5d2f0c1e8f0b7a0001a1b001", "name": "Active users"}
OTHERS: Final = {"id": "5d2f0c1e8f0b7a0001a1b0ff", "name": "Others"}
CUSTOMERS: Final = {"id": "5d2f0c1e8f0b7a0001a1c001", "name": "Customers"}
PARTNERS: Final = {"id": "5d2f0c1e8f0b7a0001a1c0ff", "name": "Partners"}

TRACKED: Final = ("Signed in", "Report exported", "Plan upgraded")
UNTRACKED: Final = "Page viewed"

OWNER: Final = {"_id": "5b0000000000000000000a01", "email": "owner@vendor.example", "name": "Olga"}
NOBODY: Final = "5b0000000000000000000bad"
"""An owner that Planhat doesn't know."""

TENANT: Final = "11111111-2222-3333-4444-555555555555"
TOKEN: Final = "sandbox-token"  # noqa: S105 - of a sandbox

BUILT_IN: Final = frozenset({"id", "email", "external_id", "name"})
"""Attributes of a user that have no prefix in Hull; all others have `traits_`."""

USER: Final = {
    "name": "name",
    "email": "email",
    "external_id": "externalId",
    "crm/title": "position",
    "crm/tags": "tags",
    "is_champion": "featured",
}
USER_CUSTOM: Final = {"product/last_login_at": "Last login", "stream/version": "version"}
ACCOUNT: Final = {"name": "name", "crm/owner_id": "owner", "crm/stage": "phase", "crm/tags": "tags"}
ACCOUNT_CUSTOM: Final = {"billing/plan": "Plan", "stream/version": "version"}
LICENCE: Final = {
    "id": "externalId",
    "product": "product",
    "currency": "_currency",
    "start_date": "fromDate",
    "mrr": "mrr",
}
PLAN: Final = "Plan"
"""Where the plan of a user's account goes: a custom field of the contact."""


def connector_settings() -> dict[str, Any]:
    """Give the connector settings that belong to the stream, as a Hull customer has them."""
    custom = _rows({_prefixed(name): target for name, target in USER_CUSTOM.items()})
    return {
        "tenant_id": TENANT,
        "personal_access_token": TOKEN,
        "contact_synchronized_segments": [ACTIVE["id"]],
        "contact_events": list(TRACKED),
        "contact_attributes_outbound": _rows({_prefixed(key): to for key, to in USER.items()}),
        "contact_custom_attributes_outbound": [*custom, *_rows({"account.billing/plan": PLAN})],
        "account_synchronized_segments": [CUSTOMERS["id"]],
        "account_require_externalid": True,
        "account_attributes_outbound": _rows(ACCOUNT),
        "account_custom_attributes_outbound": _rows(ACCOUNT_CUSTOM),
        "account_licenses_attribute": "billing/licenses",
        "account_licenses_attributes_outbound": _rows(LICENCE),
    }


def in_planhat(entity: Entity, standard: dict[str, str], custom: dict[str, str]) -> Entity:
    """Name the attributes of an entity as Planhat does."""
    found = {target: entity[name] for name, target in standard.items() if name in entity}
    return found | {"custom": {target: entity[name] for name, target in custom.items()}}


def spelled(entity: Entity, spelling: int, kind: str) -> Entity:
    """Spell the names of attributes in one of the three ways that Hull has."""
    match spelling % 3:
        case 0 if kind == "user":
            return {_prefixed(name): value for name, value in entity.items()}
        case 1:
            return _grouped(entity)
        case _:
            return entity


def _prefixed(name: str) -> str:
    return name if name in BUILT_IN else f"traits_{name}"


def _grouped(entity: Entity) -> Entity:
    grouped: Entity = {}
    for name, value in entity.items():
        group, _, leaf = name.partition("/")
        if leaf:
            grouped.setdefault(group, {})[leaf] = value
        else:
            grouped[name] = value
    return grouped


def _rows(mapping: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"hull_field_name": source, "service_field_name": target}
        for source, target in mapping.items()
    ]
