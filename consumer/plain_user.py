"""User messages of the plain form, read by hand: the mass of all, in half the time. Pure.

The models in schemas/hull.py say what a message is. What is not plain in each of its parts (other
types than usual, objects for lists, a foreign channel) is left to them, and what is plain is read
as they would read it; a property test keeps the two of one mind.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from consumer.message import UserMessage
from consumer.value import key_text
from schemas.hull import Changes, Event, Segment

if TYPE_CHECKING:
    from collections.abc import Mapping

_OURS: Final = (None, "", "user:update")
_USUAL_LENGTH: Final = 100
_NOTHING: Final[Mapping[str, Any]] = {}


class _NotPlain(Exception):
    """Something for the models."""


def plain_user(
    document: Mapping[str, Any], channel: str | None, *, is_export: bool
) -> UserMessage | None:
    """Return the message, or None if the models must look at it.

    `channel` and `is_export` are what envelope and headers say.
    """
    get = document.get
    user, named = get("user"), get("channel")
    if type(user) is not dict or not isinstance(named, str | None):
        return None
    if (named or channel) not in _OURS:
        return None
    hull_id = key_text(user.get("id"))
    message_id = get("message_id")
    if hull_id is None or (message_id is not None and type(message_id) is not str):
        return None
    try:
        return UserMessage(
            hull_id,
            user,
            _entity(get("account")),
            _segments(get("segments")),
            _segments(get("account_segments")),
            _events(get("events")),
            _changes(get("changes")),
            _flag(get("is_export")) or is_export,
            message_id,
        )
    except (_NotPlain, ValidationError):
        return None


def _entity(found: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever lies in the topic
    if found is None:
        return {}
    if type(found) is not dict:
        raise _NotPlain
    return found


def _flag(found: Any) -> bool:  # noqa: ANN401 - whatever lies in the topic
    if found is None:
        return False
    if type(found) is not bool:
        raise _NotPlain
    return found


def _items(found: Any) -> list[Any]:  # noqa: ANN401 - whatever lies in the topic
    if found is None:
        return []
    if type(found) is not list:
        raise _NotPlain
    return found


def _segments(found: Any) -> tuple[Segment, ...]:  # noqa: ANN401 - whatever lies in the topic
    items = _items(found)
    return tuple([_segment(item) for item in items]) if items else ()


def _segment(found: Any) -> Segment:  # noqa: ANN401 - whatever lies in the topic
    if type(found) is not dict:
        raise _NotPlain
    number, name = found.get("id"), found.get("name")
    if type(number) is not str or len(number) > _USUAL_LENGTH:
        raise _NotPlain
    if name is not None and (type(name) is not str or len(name) > _USUAL_LENGTH):
        raise _NotPlain
    return _known(number, name)


@lru_cache(maxsize=4096)
def _known(number: str, name: str | None) -> Segment:
    """The segments of an organisation are few and come again and again."""
    return Segment(id=number, name=name)


def _events(found: Any) -> tuple[Event, ...]:  # noqa: ANN401 - whatever lies in the topic
    items = _items(found)
    return tuple([Event.model_validate(item) for item in items]) if items else ()


def _changes(found: Any) -> Changes | None:  # noqa: ANN401 - whatever lies in the topic
    if found is None or found in ({}, []):
        return None
    return Changes.model_validate(found)
