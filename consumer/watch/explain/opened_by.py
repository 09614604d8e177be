"""What passed a filter; what opened the gate, or which changes left it closed. Pure.

`consumer/decide/filter.py` decides; here is told what it saw. A property keeps the two of one mind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.decide import reasons
from consumer.decide.filter import OWN_PREFIX, inside
from consumer.decide.forms.organisation import gone
from consumer.decide.life.link import KEYS, became, replaced, was_unlinked
from consumer.decide.life.merge import losers
from consumer.watch.explain.explanation import Step, listed, segment_names
from schemas.attribute import changed_names
from schemas.hull import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Mapping as Lookup

    from consumer.decide.message import AccountMessage, UserMessage
    from consumer.decide.rules import Rules
    from schemas.hull import Changes, Entity, SegmentChanges, Segments


def filtered(
    name: str,
    reason: str,
    segments: Segments,
    names: frozenset[str],
    *,
    is_export: bool,
    listed_names: Lookup[str, str],
) -> Iterator[Step]:
    """How a filter on segments, which names `names`, takes a profile; and what is odd about it.

    `listed_names` are those of all segments, by id, as far as the envelope tells them.
    """
    segments = tuple(
        Segment(one.id, one.name or listed_names.get(one.id.strip())) for one in segments
    )
    if found := inside(segments, names):
        yield Step(name, True, f"in {segment_names(found)}")
    elif is_export:
        yield Step(name, True, "an export passes")
    elif not names:
        yield Step(name, False, f"{reason} The filter is empty, which sends nobody.")
    else:
        told = segment_names(segments) if segments else "none"
        known = [Segment(one, listed_names[one]) for one in sorted(names & listed_names.keys())]
        wanted = f" The filter: {segment_names(known)}." if known else ""
        yield Step(name, False, f"{reason} Its segments: {told}.{wanted}")
    if missing := gone(names, listed_names):
        yield Step(name, True, f"it names what is no segment (any more): {listed(missing)}")


def user_gate(message: UserMessage, rules: Rules) -> Step:
    """All that makes a change of a user worth sending, or what changed in vain."""
    changes = message.changes
    if changes is None or message.is_export or changes.is_new:
        return _always(changes)
    opened = [
        *["merged with another user" for _ in losers(message)[:1]],
        *_touched("", changes.user, rules.contact.own),
        *_account(message, changes.account, rules),
        *_opening("segment", changes.segments, rules.contact_filter, rules.contact.segments),
        *_opening(
            "account segment",
            changes.account_segments,
            rules.account_filter,
            rules.contact.account_segments,
        ),
    ]
    return _gate(opened, changes)


def account_gate(message: AccountMessage, rules: Rules) -> Step:
    """The same of an account."""
    changes = message.changes
    if changes is None or message.is_export or changes.is_new:
        return _always(changes)
    opened = [
        *_touched("", changes.account, rules.company_gate),
        *_opening(
            "account segment",
            changes.account_segments,
            rules.account_filter,
            rules.company.segments,
        ),
    ]
    return _gate(opened, changes)


def _gate(opened: list[str], changes: Changes) -> Step:
    if opened:
        return Step("Gate", True, listed(opened))
    found = [
        *sorted(changed_names(changes.user)),
        *(f"account.{name}" for name in sorted(changed_names(changes.account))),
        *_moves("segment", changes.segments),
        *_moves("account segment", changes.account_segments),
    ]
    told = listed(found) if found else "nothing"
    return Step("Gate", False, f"{reasons.NOTHING_CHANGED} Changed: {told}.")


def _always(changes: Changes | None) -> Step:
    detail = "the message has no changes, so nothing says that all is as it was"
    if changes is not None:
        detail = "is_new" if changes.is_new else "an export passes"
    return Step("Gate", True, detail)


def _touched(prefix: str, changes: Entity, names: Iterable[str]) -> Iterator[str]:
    for name in sorted(changed_names(changes) & frozenset(names)):
        if not name.startswith(OWN_PREFIX):
            yield f"{prefix}{name} changed"


def _account(message: UserMessage, changes: Entity, rules: Rules) -> Iterator[str]:
    names = changed_names(changes)
    if "id" in names:
        is_gone = was_unlinked(message)
        yield "its account was unlinked" if is_gone else "the user moved to another account"
    for name, key in KEYS:
        if name in names and became(changes, key):
            yield f"account.{name} {'changed' if replaced(changes, key) else 'appeared'}"
    yield from _touched("account.", changes, rules.contact.account)


def _opening(
    kind: str,
    moves: SegmentChanges,
    names: frozenset[str],
    is_mapped: bool,  # noqa: FBT001 - it follows the filter
) -> Iterator[str]:
    if is_mapped:
        yield from _moves(kind, moves)
    elif entered := inside(moves.entered, names):
        yield f"entered the {kind} {segment_names(entered)}"


def _moves(kind: str, moves: SegmentChanges) -> Iterator[str]:
    if moves.entered:
        yield f"entered the {kind} {segment_names(moves.entered)}"
    if moves.left:
        yield f"left the {kind} {segment_names(moves.left)}"
