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
    """One model. `owned`: belongs to a company, and its externalId is unique only within it.

    The tenant's fields name it in the `singular`; where they are known, a standard name that is
    none of `names` is dropped in silence. Of each of `needs` a new record has one; of each of
    `open_needs` too, if its period is open. `is_lost`: without a company it is dropped in silence.
    """

    name: str
    singular: str
    names: frozenset[str]
    needs: tuple[tuple[str, ...], ...]
    open_needs: tuple[tuple[str, ...], ...] = ()
    owned: bool = False
    is_lost: bool = False
    has_email: bool = False
    most_rows: int = 5_000
    row_fields: tuple[str, ...] = ("_id", "name", "externalId", "sourceId")


def _names(words: str) -> frozenset[str]:
    return frozenset(("_id", "externalId", "sourceId", "custom", *words.split()))


COMPANIES: Final = Model(
    "companies",
    "company",
    _names(
        "name owner coOwner phase status domains hProfile description address country city zip"
        " phonePrimary web tags csmScore followers collaborators products documents links slug"
    ),
    needs=(("name",),),
    row_fields=("_id", "name", "externalId", "sourceId", "phase"),
)
ENDUSERS: Final = Model(
    "endusers",
    "enduser",
    _names(
        "companyId companyExternalId email firstName lastName name position phone tags featured"
        " primary archived sharedNotificationsPrefs otherEmails npsUnsubscribed relatedEndusers"
        " createDate lastActive"
    ),
    needs=(("email", "externalId", "sourceId"),),
    owned=True,
    is_lost=True,
    has_email=True,
    most_rows=2_000,
    row_fields=("_id", "email", "name", "companyId", "externalId", "sourceId"),
)
LICENSES: Final = Model(
    "licenses",
    "license",
    _names(
        "companyId companyExternalId product _currency fromDate toDate fixedPeriod mrr value arr"
        " status renewalStatus renewalDate autoRenews renewalPeriod renewalUnit noticePeriod"
        " noticeUnit"
    ),
    needs=(("_currency",), ("fromDate",), ("value", "mrr")),
    open_needs=(("mrr",),),
    owned=True,
    most_rows=2_000,
    row_fields=("_id", "product", "companyId", "externalId", "sourceId", "mrr", "value"),
)
DEALS: Final = Model(
    "deals",
    "deal",
    _names("companyId name"),
    needs=(("name",),),
    owned=True,
    most_rows=2_000,
    row_fields=("_id", "name", "companyId", "externalId"),
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
    needs = model.needs
    if item.get("fixedPeriod") is False:
        needs = (*model.open_needs, *needs)
    lacking = (names for names in needs if not any(_is_told(item.get(name)) for name in names))
    return next((names[0] for names in lacking), None)


def _is_told(value: object) -> bool:
    """A zero is a price; nothing else that is empty is anything."""
    return bool(value) or type(value) in {int, float}


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
