"""From the bytes of a record to its messages. Whatever lies in the topic, nothing is raised."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import from_json

from consumer.message import Invalid, Messages, Parsed, Routed, Tombstone
from consumer.plain import converted, decoded, modelled
from consumer.route import route, unsupported
from schemas.hull import Notification

Headers = Sequence[tuple[str, bytes]]

_LONGEST_REASON: Final = 200
_TRUE: Final = frozenset({b"true", b"1"})


@dataclass(frozen=True, slots=True)
class _Hints:
    """What holds for every message of the record unless the message says otherwise."""

    channel: str | None = None
    is_export: bool = False


_NO_HINTS: Final = _Hints()


def parse(value: bytes | None, headers: Headers = ()) -> Parsed:
    """Return the messages of a record; `Invalid` if the value as a whole cannot be read."""
    if value is None:
        return Tombstone()
    hints = _hints(headers) if headers else _NO_HINTS
    plain = decoded(value)
    if plain is not None:
        return Messages((route(plain, hints.channel, is_export=hints.is_export),))
    return _odd(value, hints)


def _odd(value: bytes, hints: _Hints) -> Parsed:
    """Read an envelope, or a message in some form that is seldom, or say what is wrong."""
    try:
        document = from_json(value, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        return _invalid(f"not JSON: {error}")
    if _is_envelope(document):
        return _envelope(document, hints)
    return Messages((_odd_message(document, hints),))


def _hints(headers: Headers) -> _Hints:
    # The first header of a name counts; a broken bridge may write a null value.
    found = {name: value for name, value in reversed(headers) if value}
    return _Hints(
        channel=found.get("channel", b"").decode(errors="replace") or None,
        is_export=found.get("is_export", b"").lower() in _TRUE,
    )


def _is_envelope(document: object) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get("messages"), list):
        return False
    return bool(document["messages"]) or not (document.get("user") or document.get("account"))


def _envelope(document: dict[str, Any], hints: _Hints) -> Parsed:
    try:
        envelope = Notification.model_validate(document)
    except ValidationError as error:
        return _invalid(_first(error))
    within = _Hints(envelope.channel or hints.channel, envelope.is_export or hints.is_export)
    foreign = unsupported(within.channel)
    if foreign and not envelope.messages:
        return Messages((foreign,))
    return Messages(tuple([_message(message, within) for message in envelope.messages]))


def _message(document: object, hints: _Hints) -> Routed:
    plain = converted(document)
    if plain is not None:
        return route(plain, hints.channel, is_export=hints.is_export)
    return _odd_message(document, hints)


def _odd_message(document: object, hints: _Hints) -> Routed:
    own = document.get("channel") if isinstance(document, dict) else None
    # Before anything else: what another channel carries need not look like anything we know.
    foreign = unsupported(own or hints.channel)
    if foreign:
        return foreign
    if not isinstance(document, dict):
        return Invalid("not a Hull message: not a JSON object")
    try:
        message = modelled(document)
    except ValidationError as error:
        return _invalid(_first(error))
    return route(message, hints.channel, is_export=hints.is_export)


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(step) for step in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message[:1].lower()}{message[1:]}"


def _invalid(reason: str) -> Invalid:
    return Invalid(reason[:_LONGEST_REASON])
