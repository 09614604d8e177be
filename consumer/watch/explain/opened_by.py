"""What opened the gate, or which changes left it closed. Pure.

`consumer/decide/filter.py` decides; here is told what it saw. A property keeps the two of one mind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.decide.filter import LINKS, OWN_PREFIX, appeared, inside
from consumer.watch.explain.explanation import listed, segment_names
from schemas.attribute import changed_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from consumer.decide.message import AccountMessage, UserMessage
    from consumer.decide.rules import Rules
    from schemas.hull import Changes, Entity, SegmentChanges


def user_gate_opened_by(message: UserMessage, rules: Rules) -> list[str]:
    """All that makes a change of a user worth sending; empty if the gate is closed."""
    changes = message.changes
    if changes is None or message.is_export or changes.is_new:
        return _always(changes)
    return [
        *_touched("", changes.user, rules.contact.own),
        *_account(changes.account, rules),
        *_entered("segment", changes.segments, rules.contact_filter),
        *_entered("account segment", changes.account_segments, rules.account_filter),
    ]


def account_gate_opened_by(message: AccountMessage, rules: Rules) -> list[str]:
    """All that makes a change of an account worth sending; empty if the gate is closed."""
    changes = message.changes
    if changes is None or message.is_export or changes.is_new:
        return _always(changes)
    return [
        *_touched("", changes.account, rules.company_gate),
        *_entered("account segment", changes.account_segments, rules.account_filter),
    ]


def changed(changes: Changes | None) -> str:
    """The names of what changed, for a gate that stayed closed."""
    if changes is None:
        return "nothing"
    found = [
        *sorted(changed_names(changes.user)),
        *(f"account.{name}" for name in sorted(changed_names(changes.account))),
        *_moves("segment", changes.segments),
        *_moves("account segment", changes.account_segments),
    ]
    return listed(found) if found else "nothing"


def _always(changes: Changes | None) -> list[str]:
    if changes is None:
        return ["the message has no changes, so nothing says that all is as it was"]
    return ["is_new" if changes.is_new else "an export passes"]


def _touched(prefix: str, changes: Entity, names: Iterable[str]) -> Iterator[str]:
    for name in sorted(changed_names(changes) & frozenset(names)):
        if not name.startswith(OWN_PREFIX):
            yield f"{prefix}{name} changed"


def _account(changes: Entity, rules: Rules) -> Iterator[str]:
    names = changed_names(changes)
    if "id" in names:
        yield "the user moved to another account"
    for name, key in LINKS:
        if name in names and appeared(changes, key):
            yield f"account.{name} appeared"
    yield from _touched("account.", changes, rules.contact.account)


def _entered(kind: str, moves: SegmentChanges, names: frozenset[str]) -> Iterator[str]:
    entered = inside(moves.entered, names)
    if entered:
        yield f"entered the {kind} {segment_names(entered)}"


def _moves(kind: str, moves: SegmentChanges) -> Iterator[str]:
    if moves.entered:
        yield f"entered the {kind} {segment_names(moves.entered)}"
    if moves.left:
        yield f"left the {kind} {segment_names(moves.left)}"
