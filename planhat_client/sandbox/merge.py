"""A partial update: what is absent stays, null clears, arrays replace, `custom` merges by key.

"Planhat Models" leaves null open; clearing is what the clients that send it rely on. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planhat_client.sandbox.models import Item


def merge(record: Item, item: Item) -> bool:
    """Write an item into a record, and tell whether that changed anything; `_id` stays."""
    has_changed = False
    for name, value in item.items():
        if name == "custom" and value is not None:
            has_changed |= _merge_custom(record, value)
        elif name != "_id":
            has_changed |= _put(record, name, value)
    return has_changed


def _merge_custom(record: Item, values: dict[str, Any]) -> bool:
    custom = record.setdefault("custom", {})
    has_changed = False
    for name, value in values.items():
        has_changed |= _put(custom, name, value)
    return has_changed


def _put(target: dict[str, Any], name: str, value: Any) -> bool:  # noqa: ANN401 - JSON
    if value is None:
        return target.pop(name, None) is not None
    known = target.get(name)
    if known == value and type(known) is type(value):
        return False
    target[name] = value
    return True
