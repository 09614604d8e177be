"""The segments that a profile is in, as data. Pure.

They are added to the attributes of a profile, where the mapping reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from consumer.decide.reasons import SEGMENT_WITHOUT_NAME
from consumer.decide.rules import SEGMENT_IDS, SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping as Lookup
    from collections.abc import Sequence

    from consumer.decide.message import AccountMessage, UserMessage
    from consumer.decide.rules import Mapping
    from schemas.hull import Entity, Segments

_EMPTY: Final[Entity] = {}


def of_user(message: UserMessage, mapping: Mapping) -> tuple[Entity, Entity]:
    """The attributes of a user and of its account, with the segments that are mapped."""
    user, account, all_of = message.user, message.account, message.organisation
    if mapping.segments and "segments" not in message.untold:
        user = _with(user, message.segments, all_of.users if all_of else {})
    if mapping.account_segments and "account_segments" not in message.untold:
        account = _with(account, message.account_segments, all_of.accounts if all_of else {})
    return user, account


def of_account(message: AccountMessage, mapping: Mapping) -> Entity:
    """The attributes of an account, with its segments if they are mapped."""
    if not mapping.segments or "account_segments" in message.untold:
        return message.account
    all_of = message.organisation
    return _with(message.account, message.account_segments, all_of.accounts if all_of else {})


def _with(entity: Entity, segments: Segments, names: Lookup[str, str]) -> Entity:
    """Add them in an order that does not vary; no names at all, if one of them has none."""
    ids = [one.id.strip() for one in segments]
    found: dict[str, Any] = {**entity, SEGMENT_IDS.name: sorted(set(ids))}
    named = [(one.name or "").strip() or names.get(one.id.strip(), "") for one in segments]
    if "" not in named:
        found[SEGMENTS.name] = sorted(set(named))
    return found


def unnamed(
    mapping: Mapping, entity: Entity, account: Entity = _EMPTY
) -> Sequence[tuple[str, str]]:
    """The fields that are left out because a segment has no name, and that reason.

    The list is written whole or not at all: what Planhat has under that name is not to vanish.
    """
    return [
        (field.target, SEGMENT_WITHOUT_NAME)
        for field in mapping.fields
        if field.attribute is SEGMENTS and lacks_a_name(account if field.of_account else entity)
    ]


def lacks_a_name(entity: Entity) -> bool:
    """Whether the segments of a profile are known, but not all of their names."""
    return SEGMENT_IDS.name in entity and SEGMENTS.name not in entity
