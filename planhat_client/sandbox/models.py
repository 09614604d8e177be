"""The three models that are written in bulk, and what Planhat's pages say of each. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Item: TypeAlias = "dict[str, Any]"
"""A JSON object, as sent or as stored."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model. `owned`: belongs to a company, and its externalId is unique only within it."""

    name: str
    owned: bool = False
    has_email: bool = False
    most_rows: int = 5_000
    row_fields: tuple[str, ...] = ("_id", "name", "externalId", "sourceId")


COMPANIES: Final = Model("companies", row_fields=("_id", "name", "externalId", "sourceId", "phase"))
ENDUSERS: Final = Model(
    "endusers",
    owned=True,
    has_email=True,
    most_rows=2_000,
    row_fields=("_id", "email", "name", "companyId", "externalId", "sourceId"),
)
LICENSES: Final = Model(
    "licenses",
    owned=True,
    most_rows=2_000,
    row_fields=("_id", "product", "companyId", "externalId", "sourceId", "mrr", "value"),
)

MODELS: Final = {model.name: model for model in (COMPANIES, ENDUSERS, LICENSES)}
KEYABLES: Final = ("_id", "sourceId", "externalId", "email")


def missing_field(model: Model, item: Item) -> str | None:
    """Name what a new record lacks ("Company", "Enduser", "License"); its company is not meant."""
    if model is COMPANIES:
        return None if item.get("name") else "name"
    if model is ENDUSERS:
        has_key = item.get("externalId") or item.get("email") or item.get("sourceId")
        return None if has_key else "email"
    return _missing_in_license(item)


def _missing_in_license(item: Item) -> str | None:
    for name in ("_currency", "fromDate"):
        if not item.get(name):
            return name
    return _missing_price(item)


def _missing_price(item: Item) -> str | None:
    """Name the price that lacks: `mrr` of an open period, `value` or `mrr` of a fixed one."""
    has_mrr, has_value = item.get("mrr") is not None, item.get("value") is not None
    if item.get("fixedPeriod") is False:
        return None if has_mrr else "mrr"
    return None if has_mrr or has_value else "value"
