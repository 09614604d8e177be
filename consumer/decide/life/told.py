"""What becomes of a contact beside its fields, in words: for who asks later. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from consumer.decide.decision import Body, Link
    from consumer.decide.life.merge import Losers

LEFT: Final = "archived because it left the Contact Filter"
UNLINKED: Final = "archived because its account was unlinked in Hull"
MERGED_INTO: Final = "Merged into"
"""Before the Hull id of the survivor: why nothing is sent of a user any more."""


def told(body: Body, link: Link, merged: Losers, *, has_moved: bool, is_unlinked: bool) -> str:
    """Say what is done to a contact that is sent; empty if nothing but its fields change."""
    if body.get("archived") is True:
        return UNLINKED if is_unlinked else LEFT
    found = [f"{named(merged)} merged into it"] if merged else []
    account = link.external_id or link.account_id
    if has_moved and account is not None:
        found.append(f"moved to {account}")
    return "; ".join(found)


def named(merged: Losers) -> str:
    """Name users that were merged by an id; addresses are not for every eye."""
    first = merged[0].hull_id or merged[0].external_id or "another user"
    others = len(merged) - 1
    return f"{first} and {others} more" if others else first
