"""From the body of a post to the records that it becomes: one for each message. Pure.

A message keeps its bytes. What the envelope says of all of them travels in headers, as the topic's
contract has it. The rest of it (credentials, settings) is left out, and the lists of all segments
are, unless a message needs them: then it stays in an envelope of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from consumer.decide.message import (
    MOST,
    AccountMessage,
    Invalid,
    Messages,
    Routed,
    Tombstone,
    Unsupported,
    UserMessage,
)
from consumer.decide.parse import parse
from consumer.decide.route import unsupported
from consumer.offsets.record import Header
from schemas.json_text import mended

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_NAME: Final = 200
_document: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list: Final = msgspec.json.Decoder(list[msgspec.Raw])
_text: Final = msgspec.json.Decoder(str)
_LISTS: Final = ("segments", "accounts_segments")
_TRUE: Final = frozenset({b"true", b"1", b'"true"'})


class NoNotification(ValueError):
    """The body is nothing of Hull's; the text says why, and holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A notification: `secret` is the connector's, as Hull puts it into each."""

    notification_id: str
    secret: str
    channel: str
    is_export: bool
    messages: tuple[bytes, ...]
    organisation: bytes
    """All segments of the organisation, as the beginning of an envelope; empty if none are told."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record to write. `fault`: why the service will reject it; then it may have no key."""

    key: bytes | None
    value: bytes
    headers: tuple[Header, ...]
    fault: str = ""


def read(body: bytes) -> Envelope:
    """Read a notification, or a message by itself; raises NoNotification."""
    document = _object(body)
    configuration = _parts(document.get("configuration", b"null"))
    if "messages" in document:
        messages = _messages(bytes(document["messages"]))
    elif {"user", "account"} & document.keys():
        messages = (body,)
    else:
        raise NoNotification("no messages in it")
    return Envelope(
        _string(document, "notification_id"),
        _string(configuration, "secret"),
        _string(document, "channel"),
        bytes(document.get("is_export", b"")) in _TRUE,
        messages,
        b"".join(b'"%s":%s,' % (n.encode(), bytes(document[n])) for n in _LISTS if n in document),
    )


def split(envelope: Envelope) -> tuple[list[Incoming], int]:
    """Give the records in the order of the messages, and how many are of channels not ours."""
    if unsupported(envelope.channel):
        return [], len(envelope.messages)
    headers = tuple(_headers(envelope))
    found = [_incoming(one, headers, envelope.organisation) for one in envelope.messages]
    kept = [one for one in found if one is not None]
    return kept, len(found) - len(kept)


def too_large(record: Incoming) -> Incoming:
    """What is written instead of a record that Kafka does not take: it says so by its key.

    It is no message, so the service brings it to the dead letters, where a person finds it.
    """
    value = msgspec.json.encode({"too_large": len(record.value)})
    return Incoming(record.key, value, record.headers, f"too large: {len(record.value):,} bytes")


def _headers(envelope: Envelope) -> Iterator[Header]:
    for name in ("channel", "notification_id"):
        if value := getattr(envelope, name):
            yield name, value.encode("utf-8", "replace")
    if envelope.is_export:
        yield "is_export", b"true"


def _incoming(value: bytes, headers: tuple[Header, ...], organisation: bytes) -> Incoming | None:
    """Give a message as the service will see it; None if it would pass over it."""
    match _routed(value, headers):
        case UserMessage() | AccountMessage() as found:
            if organisation and _has_nameless(found):
                value = b'{%s"messages":[%s]}' % (organisation, value)
            return Incoming(found.hull_id.encode("utf-8", "replace"), value, headers)
        case Invalid(reason=reason):
            return Incoming(None, value, headers, reason)
        case Unsupported():
            return None


def _has_nameless(message: UserMessage | AccountMessage) -> bool:
    """Whether a segment is there of which only the envelope knows the name."""
    segments = message.segments if isinstance(message, UserMessage) else ()
    return not all(one.name for one in (*segments, *message.account_segments))


def _routed(value: bytes, headers: tuple[Header, ...]) -> Routed:
    match parse(value, headers):
        case Messages(messages=(one,)):
            return one
        case Invalid() as found:
            return found
        case Messages() | Tombstone():
            return Invalid("messages within a message")


def _object(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _document.decode(body)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        return _document.decode(mended(body))
    except msgspec.ValidationError:
        raise NoNotification("not an object") from None
    except (msgspec.DecodeError, RecursionError):
        raise NoNotification("not JSON") from None


def _messages(text: bytes) -> tuple[bytes, ...]:
    if text == b"null":
        return ()
    try:
        found = _list.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise NoNotification("its messages are no list") from None
    if len(found) > MOST:
        raise NoNotification(f"more than {MOST:,} messages")
    return tuple([bytes(one) for one in found])


def _parts(text: msgspec.Raw | bytes) -> dict[str, msgspec.Raw]:
    try:
        return _document.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return {}


def _string(document: dict[str, msgspec.Raw], name: str) -> str:
    try:
        return _text.decode(document.get(name, b'""'))[:_LONGEST_NAME]
    except msgspec.DecodeError:
        return ""
