"""The words of the generated stream: segments, events, mappings. Data only."""

from __future__ import annotations

from typing import Any, Final

ACTIVE: Final = {"id": "5d2f0c1e8f0b7a0001a1b001", "name": "Active users", "type": "users_segment"}
CHAMPIONS: Final = {"id": "5d2f0c1e8f0b7a0001a1b002", "name": "Champions", "type": "users_segment"}
OTHERS: Final = {"id": "5d2f0c1e8f0b7a0001a1b0ff", "name": "Others", "type": "users_segment"}
CUSTOMERS: Final = {
    "id": "5d2f0c1e8f0b7a0001a1c001",
    "name": "Customers",
    "type": "accounts_segment",
}
PARTNERS: Final = {"id": "5d2f0c1e8f0b7a0001a1c0ff", "name": "Partners", "type": "accounts_segment"}

TRACKED: Final = ("Signed in", "Report exported", "Plan upgraded")
UNTRACKED: Final = ("Page viewed", "Segments changed")

OWNER: Final = {"_id": "5b0000000000000000000a01", "email": "owner@vendor.example", "name": "Olga"}
NOBODY: Final = "5b0000000000000000000bad"
"""An owner that Planhat doesn't know."""

TENANT: Final = "11111111-2222-3333-4444-555555555555"
TOKEN: Final = "sandbox-token"  # noqa: S105 - of a sandbox

BUILT_IN: Final = frozenset({"id", "email", "external_id", "name", "phone", "created_at"})
"""Attributes of a user that are never spelled with a prefix."""

_USER: Final = {
    "name": "name",
    "email": "email",
    "external_id": "externalId",
    "traits_crm/title": "position",
    "phone": "phone",
    "traits_crm/tags": "tags",
    "traits_is_champion": "featured",
}
_USER_CUSTOM: Final = {
    "traits_product/logins_30d": "Logins (30 days)",
    "traits_product/last_login_at": "Last login",
    "traits_stream/version": "version",
    "account.billing/plan": "Plan",
}
_ACCOUNT: Final = {
    "name": "name",
    "crm/owner_id": "owner",
    "crm/stage": "phase",
    "crm/tags": "tags",
}
_ACCOUNT_CUSTOM: Final = {
    "billing/plan": "Plan",
    "billing/seats": "Seats",
    "stream/version": "version",
}
_LICENCE: Final = {
    "id": "externalId",
    "product": "product",
    "currency": "_currency",
    "start_date": "fromDate",
    "end_date": "toDate",
    "mrr": "mrr",
}
_LICENCE_CUSTOM: Final = {"seats": "Seats", "version": "version"}


def connector_settings() -> dict[str, Any]:
    """Give the connector settings that belong to the stream, as a Hull customer has them."""
    return {
        "api_prefix": "api",
        "tenant_id": TENANT,
        "personal_access_token": TOKEN,
        "contact_synchronized_segments": [ACTIVE["id"], CHAMPIONS["id"]],
        "contact_events": list(TRACKED),
        "contact_attributes_outbound": _rows(_USER),
        "contact_custom_attributes_outbound": _rows(_USER_CUSTOM),
        "account_synchronized_segments": [CUSTOMERS["id"]],
        "account_require_externalid": True,
        "account_attributes_outbound": _rows(_ACCOUNT),
        "account_custom_attributes_outbound": _rows(_ACCOUNT_CUSTOM),
        "account_licenses_attribute": "billing/licenses",
        "account_licenses_attributes_outbound": _rows(_LICENCE),
        "account_licenses_custom_attributes_outbound": _rows(_LICENCE_CUSTOM),
    }


def _rows(mapping: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"hull_field_name": source, "service_field_name": target}
        for source, target in mapping.items()
    ]
