"""Input that is no Hull message, each kind once a reader meets it in practice. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from consumer.cli.demo.message import Produced

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.cli.demo.spelling import Entity

_WRONG: tuple[Any, ...] = (["not", "an", "object"], "Acme Ltd", 7, True)


def deep(message: Entity, part: str, number: int) -> Entity:
    """Spoil a good message: the profile that it is about is of a wrong type."""
    return message | {part: _WRONG[number % len(_WRONG)]}


def _no_json(key: bytes, number: int) -> Produced:
    return Produced(key, b"not JSON, number %d" % number)


def _cut_off(key: bytes, number: int) -> Produced:
    return Produced(key, b'{"message_id": "%d", "user": {"id": "5d2' % number)


def _no_text(key: bytes, number: int) -> Produced:
    return Produced(key, b'{"user": {"id": "\xff\xfe"}, "number": %d}' % number)


def _no_object(key: bytes, number: int) -> Produced:
    return Produced(key, b"[%d]" % number)


def _no_message(key: bytes, number: int) -> Produced:
    return Produced(key, orjson.dumps({"hello": "world", "message_id": number}))


def _nobody(key: bytes, number: int) -> Produced:
    message = {"user": {"email": f"nobody-{number}@users.example"}, "message_id": str(number)}
    return Produced(key, orjson.dumps(message))


def _foreign_envelope(key: bytes, number: int) -> Produced:
    message = {"channel": "ship:update", "messages": [{"id": str(number)}]}
    return Produced(key, orjson.dumps(message))


def _foreign_header(key: bytes, number: int) -> Produced:
    message = {"users_segment": {"id": str(number)}}
    return Produced(key, orjson.dumps(message), (("channel", b"users_segment:update"),))


def _tombstone(key: bytes, number: int) -> Produced:  # noqa: ARG001 - one of a table
    return Produced(key, None)


KINDS: tuple[Callable[[bytes, int], Produced], ...] = (
    _no_json,
    _cut_off,
    _no_text,
    _no_object,
    _no_message,
    _nobody,
    _foreign_envelope,
    _foreign_header,
    _tombstone,
)


def big(key: bytes, size: int) -> Produced:
    """Give a value of about `size` bytes that is JSON and no message."""
    return Produced(key, orjson.dumps({"message_id": "big", "blob": "x" * size}))
