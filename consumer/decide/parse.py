"""From the bytes of a record to its messages; nothing is raised, whatever they are. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec import UNSET

from consumer.decide.forms.organisation import Organisation
from consumer.decide.forms.rows import is_row, read_row
from consumer.decide.message import (
    MOST,
    NO_FAULTS,
    Faults,
    Invalid,
    Messages,
    Parsed,
    Routed,
    Tombstone,
    UserMessage,
)
from consumer.decide.read import decoded, flag, has_too_many, items_of, lenient, text
from consumer.decide.reasons import TOO_MANY_EVENTS, TOO_MANY_ITEMS, TOO_MANY_MESSAGES
from consumer.decide.route import route, unsupported
from consumer.offsets.record import Header
from schemas.hull import Message
from schemas.json_text import mended, read_json

_LONGEST_REASON: Final = 200
_SHORT: Final = 2 * MOST
"""Bytes that can't hold more than `MOST` of anything: each takes one, and a comma."""
_USUAL_ITEM: Final = 48
"""Bytes that a segment or an event has at the least, if it has an id and a name."""
_TRUE: Final = frozenset({b"true", b"1"})


@dataclass(frozen=True, slots=True)
class _Hints:
    """What holds for every message of the record unless the message says otherwise."""

    channel: str | None = None
    is_export: bool = False
    faults: Faults = field(default_factory=dict)
    organisation: Organisation | None = None


_NO_HINTS: Final = _Hints()


def parse(value: bytes | None, headers: Sequence[Header] = ()) -> Parsed:
    """Return the messages of a record; `Invalid` if the value as a whole cannot be read."""
    if value is None:
        return Tombstone()
    hints = _hints(headers) if headers else _NO_HINTS
    is_long = len(value) > _SHORT
    if is_long and has_too_many(value):
        return Invalid(TOO_MANY_MESSAGES)
    plain = decoded(value)
    if plain is None:
        whole = mended(value)
        plain = decoded(whole) if whole != value else None
    found = _odd(value, hints) if plain is None else _plain(plain, hints)
    return _bounded(found) if is_long else found


def _bounded(found: Parsed) -> Parsed:
    if isinstance(found, Messages):
        users = [one for one in found.messages if isinstance(one, UserMessage)]
        if sum([len(one.events) for one in users]) > MOST:
            return Invalid(TOO_MANY_EVENTS)
    return found


def _plain(found: Message, hints: _Hints) -> Parsed:
    messages = found.messages
    # A message may have an empty list of messages.
    if messages is None or (not messages and (found.user or found.account)):
        return Messages((route(found, hints.channel, is_export=hints.is_export),))
    if len(messages) > MOST:
        return Invalid(TOO_MANY_MESSAGES)
    within = _within(found.channel, hints, is_export=bool(found.is_export))
    foreign = unsupported(within.channel)
    if foreign and not messages:
        return Messages((foreign,))
    channel, is_export = within.channel, within.is_export
    all_of = None
    if found.segments or found.accounts_segments is not UNSET:
        all_of = Organisation(found.segments, found.accounts_segments)
    routed = [route(one, channel, is_export=is_export, organisation=all_of) for one in messages]
    return Messages(tuple(routed), all_of)


def _odd(value: bytes, hints: _Hints) -> Parsed:
    """Read what has a rare form part by part, or say what is wrong."""
    try:
        document = read_json(value)
    except ValueError as error:
        return Invalid(f"not JSON: {error}"[:_LONGEST_REASON])
    is_whole = _is_envelope(document)
    if len(value) > _SHORT:
        # Each costs an object or a fault, of a few bytes; usual ones are longer than that.
        found = document["messages"] if is_whole else [document]
        if sum([items_of(one) for one in found]) > MOST + len(value) // _USUAL_ITEM:
            return Invalid(TOO_MANY_ITEMS)
    if is_whole:
        return _envelope(document, hints)
    return Messages((_message(document, hints),))


def _hints(headers: Sequence[Header]) -> _Hints:
    # The first header of a name counts; a broken bridge may write a null value.
    found = {name: value for name, value in reversed(headers) if value}
    return _Hints(
        channel=found.get("channel", b"").decode(errors="replace") or None,
        is_export=found.get("is_export", b"").lower() in _TRUE,
    )


def _within(
    channel: str | None,
    hints: _Hints,
    *,
    is_export: bool,
    faults: Faults = NO_FAULTS,
    organisation: Organisation | None = None,
) -> _Hints:
    return _Hints(channel or hints.channel, is_export or hints.is_export, faults, organisation)


def _is_envelope(document: object) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get("messages"), list):
        return False
    return bool(document["messages"]) or not (document.get("user") or document.get("account"))


def _envelope(document: dict[str, Any], hints: _Hints) -> Parsed:
    if len(document["messages"]) > MOST:
        return Invalid(TOO_MANY_MESSAGES)
    faults: dict[str, str] = {}
    is_export = flag(document, "is_export", "", faults)
    lists = (document.get("segments"), document.get("accounts_segments"))
    all_of = Organisation(*lists) if any(lists) else None
    channel = text(document.get("channel"))
    within = _within(channel, hints, is_export=is_export, faults=faults, organisation=all_of)
    foreign = unsupported(within.channel)
    if foreign and not document["messages"]:
        return Messages((foreign,))
    routed = [_message(message, within) for message in document["messages"]]
    return Messages(tuple(routed), all_of)


def _message(document: object, hints: _Hints) -> Routed:
    own = document.get("channel") if isinstance(document, dict) else None
    # Before anything else: what another channel carries need not look like anything we know.
    foreign = unsupported(own or hints.channel)
    if foreign:
        return foreign
    if not isinstance(document, dict):
        return Invalid("not a Hull message: not a JSON object")
    if is_row(document):
        made = read_row(document, own or hints.channel)
        if isinstance(made, str):
            return Invalid(made)
        document = made
    message, faults = lenient(document)
    if hints.faults:
        faults = {**hints.faults, **faults}
    return route(
        message,
        hints.channel,
        is_export=hints.is_export,
        faults=faults,
        organisation=hints.organisation,
    )
