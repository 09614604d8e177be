"""Whether a message is for us: the filters on segments, and the gate on what changed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.decide import reasons
from consumer.decide.rules import EXTERNAL_ID, PLANHAT_ID
from schemas.attribute import Attribute, changed_names

if TYPE_CHECKING:
    from consumer.decide.life.merge import Losers
    from consumer.decide.message import AccountMessage, UserMessage
    from consumer.decide.rules import Rules
    from schemas.hull import Changes, Entity, Segment, Segments

OWN_PREFIX = "planhat/"
"""Attributes that we write ourselves."""
HULL_ID = Attribute("id")
LINKS = tuple((key.canonical, key) for key in (PLANHAT_ID, EXTERNAL_ID))


def contact_filter(message: UserMessage, rules: Rules) -> str | None:
    """Say why a user is not for Planhat; an empty filter sends nobody, exports pass."""
    if message.is_export or _is_in(message.segments, rules.contact_filter):
        return None
    return reasons.CONTACT_FILTER


def company_filter(
    external_id: str | None, segments: Segments, rules: Rules, *, is_export: bool
) -> str | None:
    """Say why an account is not for Planhat: all reasons, joined by a blank."""
    found = []
    if rules.require_external_id and external_id is None:
        found.append(reasons.EXTERNAL_ID_REQUIRED)
    if not is_export and not _is_in(segments, rules.account_filter):
        found.append(reasons.ACCOUNT_FILTER)
    return " ".join(found) or None


def user_gate(message: UserMessage, rules: Rules, merged: Losers = ()) -> str | None:
    """Say that nothing changed which matters for the enduser; that others merged into it does."""
    changes = message.changes
    if changes is None or message.is_export or changes.is_new or merged:
        return None
    if _touches(changes.user, rules.contact.own):
        return None
    if _account_matters(changes.account, rules):
        return None
    if _is_in(changes.segments.entered, rules.contact_filter):
        return None
    if _is_in(changes.account_segments.entered, rules.account_filter):
        return None
    return reasons.NOTHING_CHANGED


def account_gate(message: AccountMessage, rules: Rules) -> str | None:
    """Say that nothing changed which matters for the company."""
    changes = message.changes
    if changes is None or message.is_export or changes.is_new:
        return None
    if _touches(changes.account, rules.company_gate):
        return None
    if _is_in(changes.account_segments.entered, rules.account_filter):
        return None
    return reasons.NOTHING_CHANGED


def may_have_moved(changes: Changes | None) -> bool:
    """Return whether a user that is not new came to another account, or to one again."""
    if changes is None or changes.is_new or not changes.account:
        return False
    return "id" in changed_names(changes.account)


def has_entered(changes: Changes | None, rules: Rules) -> bool:
    """Return whether a user entered a segment of the Contact Filter."""
    return changes is not None and _is_in(changes.segments.entered, rules.contact_filter)


def was_linked(changes: Changes | None) -> bool:
    """Return whether a user that had no account has one now."""
    return changes is not None and appeared(changes.account, HULL_ID)


def was_unlinked(message: UserMessage) -> bool:
    """Return whether a user has no account any more, by this very message."""
    changes = message.changes
    if message.account or changes is None or "account" in message.faults:
        return False
    change = HULL_ID.read(changes.account)
    return isinstance(change, list) and len(change) == 2 and bool(change[0]) and not change[1]  # noqa: PLR2004 - [old, new]


def has_left(changes: Changes | None, rules: Rules) -> bool:
    """Return whether a user left a segment of the Contact Filter."""
    return changes is not None and _is_in(changes.segments.left, rules.contact_filter)


def inside(segments: Segments, names: frozenset[str]) -> list[Segment]:
    """Return the segments that a filter names, whatever blanks are around their ids."""
    return [one for one in segments if one.id in names or one.id.strip() in names]


def _is_in(segments: Segments, names: frozenset[str]) -> bool:
    for segment in segments:
        if segment.id in names:
            return True
    for segment in segments:  # noqa: SIM110 - a generator costs more than all of the rest
        if segment.id.strip() in names:
            return True
    return False


def _touches(changes: Entity, names: frozenset[str]) -> bool:
    """Our own write-back is never a reason to write again, even where it is mapped."""
    return bool(changes) and _touch(changed_names(changes), names)


def _touch(changed: frozenset[str], names: frozenset[str]) -> bool:
    for name in changed:  # noqa: SIM110 - likewise
        if name in names and not name.startswith(OWN_PREFIX):
            return True
    return False


def _account_matters(changes: Entity, rules: Rules) -> bool:
    """Return whether the link moved, its company became known, or a mapped attribute changed."""
    if not changes:
        return False
    names = changed_names(changes)
    if "id" in names:
        return True
    for name, key in LINKS:
        if name in names and appeared(changes, key):
            return True
    return _touch(names, rules.contact.account)


def appeared(changes: Entity, key: Attribute) -> bool:
    """Return whether a key is there that was not: by it the company can be found from now on."""
    change = key.read(changes)
    return isinstance(change, list) and len(change) == 2 and not change[0] and bool(change[1])  # noqa: PLR2004 - [old, new]
