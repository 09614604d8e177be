"""From a row of an extract to an export message for the topic, keyed by the Hull id. Pure.

A row is a profile by itself (Hull's extracts), or a message, an envelope of messages, or either of
them beside a note. What changed and what happened is left out: an export tells how a profile is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from consumer.decide.forms.rows import SEGMENT_IDS, Kind, message_of
from consumer.decide.message import AccountMessage, Invalid, Messages, UserMessage
from consumer.decide.parse import parse
from consumer.decide.route import ACCOUNT_CHANNEL, USER_CHANNEL
from schemas.json_text import mended, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.extract.row import Row

_MESSAGE_NAMES: Final = {"user", "account", "messages", "channel"}


def unwrapped(text: bytes) -> tuple[bytes, str]:
    """Take record and note out of `{"note": ..., "record": ...}`; all else is a record itself."""
    if b'"record"' not in text or not mended(text).startswith(b"{"):
        return text, ""
    try:
        document = read_json(text)
    except ValueError:
        return text, ""
    if "record" not in document or _MESSAGE_NAMES & document.keys():
        return text, ""
    note = document.get("note")
    value = json.dumps(document["record"], ensure_ascii=False).encode()
    return value, note if isinstance(note, str) else ""


BARE: Final = "a profile by itself: say --of users or --of accounts"
_OF_MESSAGES: Final = {"channel", "account", "events", "changes", "message_id", "is_export"} | {
    *SEGMENT_IDS,
    *SEGMENT_IDS.values(),
    "notification_id",
    "timestamp",
}
_KEPT: Final = ("user", "account", "segments", "account_segments", "message_id")


@dataclass(frozen=True, slots=True)
class Export:
    """A record to write."""

    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Bad:
    """Why a row, or a message of it, can't be used; holds nothing of what it says."""

    reason: str


def exports(row: Row, of: Kind | None) -> Iterator[Export | Bad]:
    """Yield a record for each profile in the row; `of` is what rows are that do not say."""
    if row.fault:
        yield Bad(row.fault)
        return
    try:
        document = read_json(unwrapped(row.value)[0])
    except ValueError as error:
        yield Bad(f"not JSON: {error}")
        return
    if not isinstance(document, dict):
        yield Bad("not an object")
        return
    messages = document.get("messages")
    if isinstance(messages, list):
        channel = document.get("channel")
        for message in messages:
            yield _export({"channel": channel, **message} if isinstance(message, dict) else {})
        return
    found = _message(document, of)
    yield Bad(BARE) if found is None else _export(found)


def _message(document: dict[str, Any], of: Kind | None) -> dict[str, Any] | None:
    if _is_message(document) and not (of == "users" and _is_user(document)):
        return document
    if of is None:
        return None if "id" in document else {}
    return message_of(document, of)


def _is_message(document: dict[str, Any]) -> bool:
    """A profile has an id of its own, and may have an account inside; a message has none."""
    return isinstance(document.get("user"), dict) or (
        isinstance(document.get("account"), dict) and "id" not in document
    )


def _is_user(document: dict[str, Any]) -> bool:
    """A user whose id is missing, with its account inside: no message of that account."""
    return "user" not in document and bool(document.keys() - _OF_MESSAGES)


def _export(message: dict[str, Any]) -> Export | Bad:
    kept: dict[str, Any] = {name: message[name] for name in _KEPT if name in message}
    channel = message.get("channel") or (USER_CHANNEL if message.get("user") else ACCOUNT_CHANNEL)
    record: dict[str, Any] = {"channel": channel, "is_export": True, **kept}
    value = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    parsed = parse(value)
    # What the service would not take is no use in the topic either.
    match parsed.messages[0] if isinstance(parsed, Messages) else parsed:
        case UserMessage(hull_id=hull_id) | AccountMessage(hull_id=hull_id):
            return Export(hull_id.encode(), value)
        case Invalid(reason=reason):
            return Bad(reason)
        case _:
            return Bad(f"not of users nor of accounts: {str(channel)[:40]}")
