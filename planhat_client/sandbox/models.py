"""The three models that are written in bulk, and what Planhat's pages say of each. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Container

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
DEALS: Final = Model(
    "deals", owned=True, most_rows=2_000, row_fields=("_id", "name", "companyId", "externalId")
)
"""What some tenants have in place of licences; it is only read."""
MODELS: Final = {model.name: model for model in (COMPANIES, ENDUSERS, LICENSES)}


def text(value: object) -> str | None:
    """Read a key as Planhat would: numbers are texts, and nothing is no key."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def missing_field(model: Model, item: Item) -> str | None:
    """Name what a new record lacks ("Company", "Enduser", "License"); its company is not meant."""
    if model is COMPANIES:
        return None if item.get("name") else "name"
    if model is ENDUSERS:
        has_key = any(item.get(name) for name in ("externalId", "email", "sourceId"))
        return None if has_key else "email"
    for name in ("_currency", "fromDate"):
        if not item.get(name):
            return name
    # An open period has an `mrr`; a fixed one that or a `value`.
    prices = ("mrr",) if item.get("fixedPeriod") is False else ("value", "mrr")
    return None if any(item.get(name) is not None for name in prices) else prices[0]


def fresh(record_id: str, item: Item, *, keeps_null: bool = False) -> Item:
    """Give the record that an item becomes when nothing is stored yet."""
    record = {name: value for name, value in item.items() if value is not None}
    if (custom := record.get("custom")) and not keeps_null:
        record["custom"] = {name: value for name, value in custom.items() if value is not None}
    record["_id"] = record_id
    return record


def merge(record: Item, item: Item, *, keeps_null: bool = False) -> bool:
    """Write an item into a record, and tell whether that changed anything; `_id` stays.

    What is absent stays, arrays replace, `custom` merges by key. "Planhat Models" leaves null open:
    it clears, as the clients that send it rely on, unless `keeps_null` stores it in a custom field.
    """
    custom = item.get("custom")
    if custom is None:
        return _put(record, item, ("_id",))
    has_changed = _put(record.setdefault("custom", {}), custom, (), keeps_null=keeps_null)
    return _put(record, item, ("_id", "custom")) or has_changed


def _put(target: Item, values: Item, but: Container[str], *, keeps_null: bool = False) -> bool:
    has_changed = False
    for name, value in values.items():
        known = target.get(name)
        if name in but or (known == value and type(known) is type(value)):
            continue
        has_changed = True
        if value is None and not keeps_null:
            del target[name]
        else:
            target[name] = value
    return has_changed
