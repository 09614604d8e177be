"""Whether a message is for us: the filters on segments, and the gate on what changed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.decide import reasons
from consumer.decide.life.link import KEYS, became
from schemas.attribute import changed_names

if TYPE_CHECKING:
    from consumer.decide.life.merge import Losers
    from consumer.decide.message import AccountMessage, UserMessage
    from consumer.decide.rules import Rules
    from schemas.hull import Changes, Entity, Segment, SegmentChanges, Segments

OWN_PREFIX = "planhat/"
"""Attributes that we write ourselves."""


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
    if _matters(changes.segments, rules.contact_filter, is_mapped=rules.contact.segments):
        return None
    is_mapped = rules.contact.account_segments
    if _matters(changes.account_segments, rules.account_filter, is_mapped=is_mapped):
        return None
    return reasons.NOTHING_CHANGED


def account_gate(message: AccountMessage, rules: Rules) -> str | None:
    """Say that nothing changed which matters for the company."""
    changes = message.changes
    if changes is None or message.is_export or changes.is_new:
        return None
    if _touches(changes.account, rules.company_gate):
        return None
    is_mapped = rules.company.segments
    if _matters(changes.account_segments, rules.account_filter, is_mapped=is_mapped):
        return None
    return reasons.NOTHING_CHANGED


def _matters(moves: SegmentChanges, names: frozenset[str], *, is_mapped: bool) -> bool:
    """Return whether a segment of a filter was entered, or any moved if segments are mapped."""
    if is_mapped and (moves.entered or moves.left):
        return True
    return _is_in(moves.entered, names)


def has_entered(changes: Changes | None, rules: Rules) -> bool:
    """Return whether a user entered a segment of the Contact Filter."""
    return changes is not None and _is_in(changes.segments.entered, rules.contact_filter)


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
    """Return whether the link moved, its company has another key, or a mapped attribute changed."""
    if not changes:
        return False
    names = changed_names(changes)
    if "id" in names:
        return True
    for name, key in KEYS:
        if name in names and became(changes, key):
            return True
    return _touch(names, rules.contact.account)
