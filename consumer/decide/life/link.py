"""How the account of a user changed: linked, unlinked, another one, or one with other keys. Pure.

Hull tells of a move by `changes.account.id`. When it merges two accounts it does not: of the users
of the one that is gone only the keys change, `external_id` and `domain`, to those of the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.decide.rules import EXTERNAL_ID, PLANHAT_ID
from consumer.decide.value import key_text
from schemas.attribute import ABSENT, Attribute, changed_names

if TYPE_CHECKING:
    from consumer.decide.message import UserMessage
    from schemas.hull import Changes, Entity

HULL_ID = Attribute("id")
DOMAIN = Attribute("domain")
KEYS = tuple((key.canonical, key) for key in (PLANHAT_ID, EXTERNAL_ID, DOMAIN))
"""What names an account: with another value, not empty, the user may belong elsewhere."""


def became(changes: Entity, key: Attribute) -> bool:
    """Whether a key has a value that it had not."""
    old, new = _change(changes, key)
    return new is not None and new != old


def replaced(changes: Entity, key: Attribute) -> bool:
    """Whether a key has a value now, and had another one before."""
    old, new = _change(changes, key)
    return new is not None and old not in (None, new)


def was_linked(changes: Changes | None) -> bool:
    """Whether a user that had no account has one now."""
    return (
        changes is not None
        and _change(changes.account, HULL_ID)[0] is None
        and became(changes.account, HULL_ID)
    )


def was_unlinked(message: UserMessage) -> bool:
    """Whether a user has no account any more, by this very message."""
    changes = message.changes
    if message.account or changes is None or "account" in message.faults:
        return False
    old, new = _change(changes.account, HULL_ID)
    return old is not None and new is None


def may_have_moved(message: UserMessage) -> bool:
    """Whether a user that is not new may be in Planhat at another company.

    An account of the same external id as before is the same account, whatever its domain.
    """
    changes = message.changes
    if changes is None or changes.is_new or not changes.account:
        return False
    account = changes.account
    names = changed_names(account)
    if "id" in names or replaced(account, PLANHAT_ID) or replaced(account, EXTERNAL_ID):
        return True
    is_same = "external_id" not in names and key_text(EXTERNAL_ID.read(message.account)) is not None
    return not is_same and replaced(account, DOMAIN)


def former_external_id(changes: Changes | None) -> str | None:
    """The external id that the account had before, if it is the same account with a new one.

    Where its domain changed as well, it is rather another account, into which its own was merged.
    """
    if changes is None or changes.is_new or "external_id" not in changes.account:
        return None
    names = changed_names(changes.account)
    if "id" in names or "domain" in names:
        return None
    old, new = _change(changes.account, EXTERNAL_ID)
    return old if new is not None and old != new else None


def _change(changes: Entity, key: Attribute) -> tuple[str | None, str | None]:
    """What a key was and is; both None if nothing is told that can be read."""
    change = key.read(changes)
    if change is ABSENT or not isinstance(change, list) or len(change) != 2:  # noqa: PLR2004 - [old, new]
        return None, None
    return key_text(change[0]), key_text(change[1])
