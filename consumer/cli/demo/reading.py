"""How the oracle reads the records: one naming, plain JSON, and what is no message. Pure.

This is on purpose not the service's own reading, so that the two can't share a mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumer.cli.demo.message import Produced

OURS = frozenset({"user:update", "account:update"})


@dataclass(frozen=True, slots=True)
class Told:
    """A message that is one. Names are `group/name` throughout."""

    user: dict[str, Any]
    account: dict[str, Any]
    segments: frozenset[str]
    account_segments: frozenset[str]
    events: list[dict[str, Any]]
    changes: dict[str, Any] | None
    is_export: bool


class Foreign:
    """A message of another channel, or a tombstone; `reason` is why it is skipped."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        self.reason = reason


Read = Told | Foreign | None
"""None: it can't be used."""


def messages(record: Produced) -> list[tuple[int | None, Read]]:
    """Read a record: its messages with their positions (None: not in an envelope of several)."""
    if record.value is None:
        return [(None, Foreign("tombstone"))]
    try:
        document = orjson.loads(record.value)
    except orjson.JSONDecodeError:
        return [(None, None)]
    if not isinstance(document, dict):
        return [(None, None)]
    headers = dict(record.headers)
    outer = {
        "channel": headers.get("channel", b"").decode() or None,
        "is_export": headers.get("is_export") == b"true",
    }
    inner = document.get("messages")
    if not isinstance(inner, list):
        return [(None, _message(document, outer))]
    outer |= {name: document[name] for name in outer if document.get(name)}
    found = [_message(message, outer) for message in inner]
    return [(None if len(found) == 1 else at, read) for at, read in enumerate(found)]


def moment(text: str) -> float:
    """Read one of the three forms of time in the stream: seconds since 1970."""
    if text.isdigit():
        return float(text)
    return datetime.fromisoformat(text.replace(" UTC", "Z")).astimezone(UTC).timestamp()


def _message(message: Any, outer: Mapping[str, Any]) -> Read:  # noqa: ANN401 - JSON
    if not isinstance(message, dict):
        return None
    if (message.get("channel") or outer["channel"] or "user:update") not in OURS:
        return Foreign("unsupported channel")
    if not _is_sound(message):
        return None
    changes = message.get("changes") or None
    if changes is not None:
        changes = changes | {
            "user": _flat(changes.get("user")),
            "account": _flat(changes.get("account")),
        }
    return Told(
        _flat(message.get("user")),
        _flat(message.get("account")),
        _ids(message.get("segments")),
        _ids(message.get("account_segments")),
        message.get("events") or [],
        changes,
        bool(message.get("is_export") or outer["is_export"]),
    )


def _is_sound(message: dict[str, Any]) -> bool:
    entities = [message.get("user") or {}, message.get("account") or {}]
    if not all(isinstance(entity, dict) for entity in entities):
        return False
    if not (entities[0] or entities[1]).get("id"):
        return False
    segments = [*(message.get("segments") or ()), *(message.get("account_segments") or ())]
    if not all("id" in segment for segment in segments):
        return False
    has_events = isinstance(message.get("events") or [], list)
    return has_events and (message.get("changes") or {}).get("is_new") in {None, True, False}


def _flat(entity: Mapping[str, Any] | None) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in (entity or {}).items():
        plain = name.removeprefix("traits_")
        if isinstance(value, dict):
            flat.update({f"{plain}/{leaf}": inner for leaf, inner in value.items()})
        else:
            flat[plain] = value
    return flat


def _ids(segments: Any) -> frozenset[str]:  # noqa: ANN401 - JSON
    return frozenset(segment["id"] for segment in segments or ())
