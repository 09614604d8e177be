"""Companies whose owner must be one of Planhat's users, and those that wait to learn it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.decide import reasons

if TYPE_CHECKING:
    from consumer.engine.directory import Owners
    from consumer.lanes.part import Body, Part

_FIELDS = {"owner": reasons.INVALID_OWNER, "coOwner": reasons.INVALID_CO_OWNER}


class OwnerCheck:
    """Writes the ids of owners, and holds who names one that is not known yet."""

    def __init__(self, owners: Owners) -> None:
        """Nobody waits."""
        self._owners = owners
        self._waiting: list[Part] = []

    def clear(self) -> None:
        """Forget who waits: their partitions were revoked."""
        self._waiting.clear()

    def check(self, body: Body) -> str | None:
        """Write the ids of owners; the reason if one is nobody that Planhat knows."""
        unknown = []
        for field, reason in _FIELDS.items():
            if body.get(field) is None:
                continue
            found = self._owners.find(body[field])
            if found is None:
                unknown.append(reason)
            else:
                body[field] = found
        return " ".join(unknown) or None

    def is_vain(self, now: float) -> bool:
        """Ask for a reading; True if there was one a moment ago, so that waiting is useless."""
        self._owners.miss()
        return self._owners.was_read_about(now)

    def hold(self, part: Part) -> None:
        """Let a company wait until Planhat's users were read."""
        part.waits += 1
        self._waiting.append(part)

    def settled(self) -> list[tuple[Part, str | None]]:
        """Planhat's users were read: all who waited, and why if one must not go."""
        waiting, self._waiting = self._waiting, []
        return [(part, self.check(part.body)) for part in waiting]
