"""Users that Hull merged with others: what of them is not believed any more. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.planhat import Resource

if TYPE_CHECKING:
    from consumer.lanes.lane import Lane
    from consumer.lanes.part import Part


class Merges:
    """The merges that are planned and not final."""

    def __init__(self, endusers: Lane) -> None:
        """No merge is known; `endusers` is where the survivors go."""
        self._endusers = endusers
        self.survivors: dict[str, Part] = {}
        """The newest merge that is not final of each survivor, by its Hull id."""

    def clear(self) -> None:
        """Forget all: their partitions were revoked."""
        self.survivors.clear()

    def survives(self, part: Part) -> None:
        """Plan a merge: what answers taught of the survivor's id may be of before."""
        self._endusers.memory.forget_profile(part.key)
        self.survivors[part.key] = part

    def ended(self, part: Part) -> None:
        """A change ended: what it taught of a survivor that is still to go is not believed."""
        if not self.survivors:
            return
        survivor = self.survivors.get(part.key)
        if survivor is part:
            del self.survivors[part.key]
        elif survivor is not None and part.resource is Resource.ENDUSERS:
            self._endusers.memory.forget_profile(part.key)
