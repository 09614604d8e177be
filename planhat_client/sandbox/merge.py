"""A partial update: what is absent stays, null clears, arrays replace, `custom` merges by key.

"Planhat Models" leaves null open; clearing is what the clients that send it rely on. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Container

    from planhat_client.sandbox.models import Item


def fresh(record_id: str, item: Item) -> Item:
    """Give the record that an item becomes when nothing is stored yet."""
    record = {name: value for name, value in item.items() if value is not None}
    if custom := record.get("custom"):
        record["custom"] = {name: value for name, value in custom.items() if value is not None}
    record["_id"] = record_id
    return record


def merge(record: Item, item: Item) -> bool:
    """Write an item into a record, and tell whether that changed anything; `_id` stays."""
    custom = item.get("custom")
    has_changed = False
    if custom is not None:
        has_changed = _put(record.setdefault("custom", {}), custom, ())
    return _put(record, item, ("_id", "custom") if custom is not None else ("_id",)) or has_changed


def _put(target: dict[str, Any], values: dict[str, Any], but: Container[str]) -> bool:
    has_changed = False
    for name, value in values.items():
        known = target.get(name)
        if name in but or (known == value and type(known) is type(value)):
            continue
        has_changed = True
        if value is None:
            del target[name]
        else:
            target[name] = value
    return has_changed
