"""Planhat's ids that may be why a profile is refused: left out, or restored again. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.lanes.payload import is_named, with_id

if TYPE_CHECKING:
    from consumer.lanes.memory import Memory
    from consumer.lanes.part import Profile


class DoubtedIds:
    """Ids that are left out just now, until an answer shows whether they were the reason.

    An id that an answer of Planhat told is unlearnt; one by which Hull named the record is dropped
    from the payload. Either way the profile is sent by its other keys (docs/decisions/0017).
    """

    def __init__(self, memory: Memory, *, drops: bool) -> None:
        """`memory` knows the ids that answers told; only where it `drops` are Hull's left out."""
        self._memory = memory
        self._drops = drops
        self.unlearnt: dict[Profile, str] = {}
        self.dropped: dict[Profile, str] = {}

    def unlearn(self, profile: Profile) -> bool:
        """The id that an answer told may not hold any more; False if none was."""
        known = self._memory.ids.get(profile.key)
        if known is None:
            return False
        self._memory.ids.pop(profile.key)
        self.unlearnt[profile] = known
        return True

    def drop(self, profile: Profile) -> bool:
        """Planhat may not know the id by which Hull named the record; False if it needs it."""
        body = profile.parts[0].body
        found = body.get("_id")
        if not isinstance(found, str) or not self._drops:
            return False
        rest = {name: value for name, value in body.items() if name != "_id"}
        if not is_named(rest):
            return False
        profile.parts[0].body = rest
        self._memory.stale.add(found)
        self.dropped[profile] = found
        return True

    def confirm(self, profile: Profile) -> None:
        """It was taken without its ids: they were the reason."""
        self.dropped.pop(profile, None)
        self.unlearnt.pop(profile, None)

    def restore(self, profile: Profile) -> None:
        """The ids were not the reason: by another key it could become a second record."""
        unlearnt = self.unlearnt.pop(profile, None)
        if unlearnt is not None:
            self._memory.ids.put(profile.key, unlearnt)
        dropped = self.dropped.pop(profile, None)
        if dropped is not None:
            self._memory.stale.discard(dropped)
            profile.parts[0].body = with_id(profile.parts[0].body, dropped)

    def restore_waiting(self) -> None:
        """Those that neither fly nor wait for a next try wait for the same company."""
        for profile in [*self.unlearnt, *self.dropped]:
            if not profile.parked and not profile.flying:
                self.restore(profile)

    def restore_all(self) -> None:
        """Whether the ids hold that are left out just now, nobody will learn."""
        for profile in [*self.unlearnt, *self.dropped]:
            self.restore(profile)
