"""Who may touch which Planhat record: for each identity a queue in order of arrival.

Two Hull profiles can name one Planhat record (the same e-mail address, the same external id).
Whoever stands first in the queues of all its identities may fly; the others wait behind it.
Since everybody joins all its queues at once and at the end, the order can't be circular.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, Protocol, TypeVar


class Claimant(Protocol):
    """Something that holds or awaits claims; `blockers` counts the queues it is not first in."""

    claims: set[str]
    blockers: int


Holder = TypeVar("Holder", bound=Claimant)


class Claims(Generic[Holder]):
    """The queues. All operations cost as much as the claimant has claims."""

    def __init__(self) -> None:
        """Nobody holds anything."""
        self._queues: dict[str, deque[Holder]] = {}

    def __len__(self) -> int:
        """Identities somebody holds."""
        return len(self._queues)

    def join(self, holder: Holder, claims: tuple[str, ...]) -> None:
        """Put `holder` at the end of the queue of each claim that it does not hold yet."""
        for claim in claims:
            if claim in holder.claims:
                continue
            holder.claims.add(claim)
            queue = self._queues.get(claim)
            if queue is None:
                self._queues[claim] = deque((holder,))
            else:
                queue.append(holder)
                holder.blockers += 1

    def can_extend(self, holder: Holder, claims: tuple[str, ...]) -> bool:
        """Tell whether `holder` may grow by `claims` and overtake nobody by it.

        It may not when somebody waits behind it, or holds one of the claims.
        """
        if any(len(self._queues[claim]) > 1 for claim in holder.claims):
            return False
        return all(claim in holder.claims or claim not in self._queues for claim in claims)

    def leave(self, holder: Holder) -> list[Holder]:
        """Give all claims back; returns those who stand first in all their queues by that."""
        freed = []
        for claim in holder.claims:
            queue = self._queues[claim]
            was_first = queue[0] is holder
            queue.remove(holder)
            if not queue:
                del self._queues[claim]
            elif was_first:
                queue[0].blockers -= 1
                if queue[0].blockers == 0:
                    freed.append(queue[0])
        holder.claims.clear()
        return freed
