"""The three namings of attributes in the wild, and the ballast of real messages. Pure."""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from consumer.cli.demo.vocabulary import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Mapping

Entity = dict[str, Any]

POOL: Final = 16
_BALLAST_BYTES: Final = 58
_BARE_BYTES: Final = 1_250


class Form(IntEnum):
    """How a message spells the names of attributes."""

    WIRE = 0
    TRIMMED = 1
    GROUPED = 2


def user(attributes: Mapping[str, Any], form: Form) -> Entity:
    """Spell the attributes (or the changes) of a user."""
    if form is Form.TRIMMED:
        return dict(attributes)
    if form is Form.GROUPED:
        return _grouped(attributes)
    return {
        name if name in BUILT_IN else f"traits_{name}": value for name, value in attributes.items()
    }


def account(attributes: Mapping[str, Any], form: Form) -> Entity:
    """Spell the attributes (or the changes) of an account: on the wire without a prefix."""
    return _grouped(attributes) if form is Form.GROUPED else dict(attributes)


@cache
def ballast(form: Form, number: int, value_bytes: int) -> Entity:
    """Attributes that nothing maps, so that a user message weighs about `value_bytes`."""
    count = max(0, value_bytes - _BARE_BYTES) // _BALLAST_BYTES
    names = (f"enrichment/field_{index:02d}" for index in range(count))
    return user({name: f"value {number:04d} of {name[11:]}" for name in names}, form)


def _grouped(attributes: Mapping[str, Any]) -> Entity:
    grouped: Entity = {}
    for name, value in attributes.items():
        group, _, leaf = name.partition("/")
        if leaf:
            grouped.setdefault(group, {})[leaf] = value
        else:
            grouped[name] = value
    return grouped
