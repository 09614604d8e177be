"""Whom Hull merged into a user: the losers that its message names. Pure.

Hull tells it by an event of the survivor, `User merged` (its properties name the loser), and by
`changes.user.id`, which is [old, new]. There is no message of the loser's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from consumer.decide.value import key_text, trimmed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.decide.message import UserMessage
    from schemas.hull import Entity

MERGED: Final = "User merged"
_MOST: Final = 100
"""Losers of one message: each is looked for."""


class Loser:
    """A user that is no more, as far as the message names it: the keys of Hull."""

    __slots__ = ("email", "external_id", "hull_id")

    def __init__(
        self, hull_id: str | None, external_id: str | None = None, email: str | None = None
    ) -> None:
        self.hull_id = hull_id
        self.external_id = external_id
        self.email = email


Losers = tuple[Loser, ...]


def losers(message: UserMessage) -> Losers:
    """Give those that were merged into this user, each once, at most 100; mostly there is none."""
    changes = message.changes
    if not message.events and (changes is None or not changes.user):
        return ()
    found: dict[str, Loser] = {}
    for event in message.events:
        if event.event is not None and trimmed(event.event) == MERGED:
            _add(found, _named(event.properties), message.hull_id)
    if changes is not None and changes.user:
        for old in _old_ids(changes.user):
            if old not in found:
                _add(found, Loser(old), message.hull_id)
    return tuple(found.values())[:_MOST] if found else ()


def _named(properties: Entity) -> Loser:
    return Loser(
        key_text(properties.get("merged_id")),
        key_text(properties.get("merged_external_id")),
        key_text(properties.get("merged_email")),
    )


def _add(found: dict[str, Loser], loser: Loser, survivor: str) -> None:
    name = loser.hull_id or loser.external_id or loser.email
    if name is not None and loser.hull_id != survivor:
        found.setdefault(name, loser)


def _old_ids(changes: Entity) -> Iterator[str]:
    change = changes.get("id")
    if isinstance(change, list) and len(change) == 2:  # noqa: PLR2004 - [old, new]
        old = key_text(change[0])
        if old is not None:
            yield old
