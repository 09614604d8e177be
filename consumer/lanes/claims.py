"""Who may touch which Planhat record: for each identity a queue in order of arrival. Pure.

Two Hull profiles can name one Planhat record (the same e-mail address, the same external id).
Whoever stands first in the queues of all its identities may fly; the others wait behind it.
Since everybody joins all its queues at once and at the end, the order can't be circular.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from itertools import chain
from typing import Generic, Protocol, TypeAlias, TypeVar

Claim: TypeAlias = Hashable
"""An identity that Planhat could know a record by; a short name for it, as many are held."""


class Claimant(Protocol):
    """Something that holds or awaits claims; `blockers` counts the queues it is not first in.

    Each claim is there once. A set of one takes as much memory as a tuple of twenty.
    """

    claims: tuple[Claim, ...]
    blockers: int


Holder = TypeVar("Holder", bound=Claimant)


class Claims(Generic[Holder]):
    """The queues. All operations cost as much as the claimant has claims.

    Nearly always there is nobody behind the first, so only who waits stands in a queue.
    """

    def __init__(self) -> None:
        self._first: dict[Claim, Holder] = {}
        self._behind: dict[Claim, deque[Holder]] = {}

    def holders(self) -> list[Holder]:
        """Everybody who holds or awaits something, once for each claim."""
        return [*self._first.values(), *chain(*self._behind.values())]

    def last(self, claim: Claim) -> Holder | None:
        """Who came last of those that hold or await a claim."""
        behind = self._behind.get(claim)
        return behind[-1] if behind else self._first.get(claim)

    def queue(self, claim: Claim) -> Sequence[Holder]:
        """All who hold or await a claim, in their order."""
        first = self._first.get(claim)
        if first is None:
            return ()
        return (first, *self._behind.get(claim, ()))

    def join(self, holder: Holder, claims: tuple[Claim, ...]) -> None:
        """Put `holder` at the end of the queue of each claim that it does not hold yet."""
        if not holder.claims and self._take_free(holder, claims):
            return
        held = holder.claims
        new: list[Claim] = []
        for claim in claims:
            if claim in held or claim in new:
                continue
            new.append(claim)
            if claim in self._first:
                self._behind.setdefault(claim, deque()).append(holder)
                holder.blockers += 1
            else:
                self._first[claim] = holder
        if new:
            holder.claims = (*held, *new)

    def can_extend(self, holder: Holder, claims: tuple[Claim, ...]) -> bool:
        """Whether `holder` may grow by `claims` and overtake nobody by it.

        It may not when somebody waits behind it, or holds one of the claims.
        """
        if self._behind and not self._behind.keys().isdisjoint(holder.claims):
            return False
        return all(claim in holder.claims or claim not in self._first for claim in claims)

    def leave(self, holder: Holder) -> list[Holder]:
        """Give all claims back; returns those who stand first in all their queues by that."""
        freed: list[Holder] = []
        first = self._first
        for claim in holder.claims:
            behind = self._behind.get(claim) if self._behind else None
            if behind is None:
                del first[claim]
            elif first[claim] is holder:
                self._inherit(claim, behind, freed)
            else:
                behind.remove(holder)
            if behind is not None and not behind:
                del self._behind[claim]
        holder.claims = ()
        return freed

    def _take_free(self, holder: Holder, claims: tuple[Claim, ...]) -> bool:
        """Take claims that nobody holds, as nearly all are; False if one is held, or there twice.

        The tuple is kept as it is: another one a profile would be more memory to go through.
        """
        first = self._first
        for claim in claims:
            if claim in first:
                return False
        held = len(first)
        for claim in claims:
            first[claim] = holder
        if len(first) - held == len(claims):
            holder.claims = claims
            return True
        for claim in claims:
            first.pop(claim, None)
        return False

    def _inherit(self, claim: Claim, behind: deque[Holder], freed: list[Holder]) -> None:
        heir = self._first[claim] = behind.popleft()
        heir.blockers -= 1
        if heir.blockers == 0:
            freed.append(heir)
