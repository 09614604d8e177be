"""What is sent for a profile: its changes merged, as JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from consumer.lanes.part import Body, Part


def merge(parts: list[Part], count: int) -> Body:
    """One body that has the effect of the first parts sent one by one: newer fields win."""
    if count == 1:
        return parts[0].body
    merged: Body = {}
    custom: Body = {}
    for part in parts[:count]:
        merged.update(part.body)
        custom.update(part.body.get("custom", ()))
    if custom:
        merged["custom"] = custom
    return merged


def is_named(body: Body) -> bool:
    """Tell whether there is anything by which Planhat may call this item in its answer."""
    get = body.get
    return bool(get("externalId") or get("email") or get("_id") or get("sourceId"))


def to_json(body: Body) -> bytes:
    """JSON as it goes over the wire (big integers become floats, as they would in Node).

    What orjson gives holds at least 4 KiB of memory, however short it is. Thousands of these are
    kept until they are answered: a copy holds what it needs, and the next one is written where the
    processor has just been.
    """
    try:
        json = orjson.dumps(body)
    except TypeError:
        json = orjson.dumps(body, default=float, option=orjson.OPT_NON_STR_KEYS)
    return json[:-1] + b"}"


def with_id(body: Body, planhat_id: str | None) -> Body:
    """Name the record by Planhat's own id, the first of its keys, where it is known."""
    return body if planhat_id is None or "_id" in body else {"_id": planhat_id, **body}
