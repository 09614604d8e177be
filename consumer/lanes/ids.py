"""Planhat's ids that may be why a profile is refused: left out, or restored again. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.lanes.payload import is_named, merge, named_id, to_json, with_id

if TYPE_CHECKING:
    from consumer.lanes.memory import Memory
    from consumer.lanes.part import Body, Part, Profile


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
        self.dropped: dict[Profile, list[tuple[Part, str]]] = {}

    def unlearn(self, profile: Profile) -> bool:
        """The id that an answer told may not hold any more; False if none was."""
        known = self._memory.ids.get(profile.key)
        if known is None:
            return False
        self._memory.ids.pop(profile.key)
        self.unlearnt[profile] = known
        for part in profile.parts:
            part.replaced = part.replaced or known
        return True

    def drop(self, profile: Profile) -> bool:
        """Planhat may not know the id by which Hull named the record; False if it needs it."""
        flown = _flown(profile)
        found = named_id(flown)
        if found is None or not self._drops:
            return False
        if not is_named(_without_id(merge(flown, len(flown)))):
            return False
        self._memory.stale.add(found)
        left: list[tuple[Part, str]] = []
        for part in profile.parts:
            if (its_own := part.body.get("_id")) is not None:
                left.append((part, its_own))
                part.body = _without_id(part.body)
            part.replaced = found
        self.dropped[profile] = left
        return True

    def doubt(self, profile: Profile) -> bool:
        """Leave out whatever id there is; False if there is none that may be left out."""
        is_unlearnt = self.unlearn(profile)
        return self.drop(profile) or is_unlearnt

    def confirm(self, profile: Profile) -> None:
        """It was taken without its ids: they were the reason."""
        self.dropped.pop(profile, None)
        unlearnt = self.unlearnt.pop(profile, None)
        if unlearnt is not None:
            self._memory.stale.add(unlearnt)

    def restore(self, profile: Profile) -> None:
        """The ids were not the reason: by another key it could become a second record."""
        unlearnt = self.unlearnt.pop(profile, None)
        if unlearnt is not None:
            self._memory.ids.put(profile.key, unlearnt)
            for part in profile.parts:
                part.replaced = None if part.replaced == unlearnt else part.replaced
        for part, dropped in self.dropped.pop(profile, ()):
            self._memory.stale.discard(dropped)
            part.body = with_id(part.body, dropped)
            part.replaced = None

    def restore_waiting(self) -> None:
        """Those that neither fly nor wait for a next try wait for the same company."""
        for profile in [*self.unlearnt, *self.dropped]:
            if not profile.parked and not profile.flying:
                self.restore(profile)

    def restore_all(self) -> None:
        """Whether the ids hold that are left out just now, nobody will learn."""
        for profile in [*self.unlearnt, *self.dropped]:
            self.restore(profile)

    def replace(self, profile: Profile, planhat_id: str) -> None:
        """Planhat took it as another record than the one of this id, which is not sent again."""
        self._memory.stale.add(planhat_id)
        flown = _flown(profile)
        for part in flown:
            part.body = _without_id(part.body)
            part.replaced = planhat_id
        profile.digest = hash(to_json(merge(flown, len(flown))))


def _without_id(body: Body) -> Body:
    return {name: value for name, value in body.items() if name != "_id"}


def _flown(profile: Profile) -> list[Part]:
    return profile.parts[: max(profile.flying, 1)]
