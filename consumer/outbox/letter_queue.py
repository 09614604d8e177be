"""Rejected records on their way to the dead-letter topic: which of them go together. Pure."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from consumer.offsets.ticket import Ticket

MOST_LETTERS: Final = 500
"""So many fly at once, at most,"""

MOST_BYTES: Final = 1 << 20
"""and not more than this, unless one alone is larger."""


class LetterQueue:
    """Records that are not in the topic yet, the oldest first.

    Those that fly stay in it until it is known what became of them. Whatever fails goes behind the
    others, and the next one flies alone: one that is too large for the topic keeps nobody out of
    it. With each success twice as many may fly again. One that was refused for its size flies next,
    and alone: then it is known whether it was that one.
    """

    def __init__(self) -> None:
        self._waiting: deque[Ticket] = deque()
        self.flying = 0
        """How many are in flight that were not forgotten meanwhile."""
        self._room = MOST_LETTERS

    def __len__(self) -> int:
        """Records that are not in the topic yet."""
        return len(self._waiting)

    def __iter__(self) -> Iterator[Ticket]:
        """All that are not in the topic yet, the oldest first."""
        return iter(self._waiting)

    @property
    def is_full(self) -> bool:
        """As many wait as may fly at once: there is no need to wait for more."""
        return len(self._waiting) >= self._room

    def put(self, ticket: Ticket) -> None:
        """Add one of which something was rejected."""
        self._waiting.append(ticket)

    def clear(self) -> None:
        """Forget all, those that fly too: their partitions were revoked."""
        self._waiting.clear()
        self.flying = 0

    def take(self) -> list[Ticket]:
        """Name those that fly next; `settle` must follow."""
        taken: list[Ticket] = []
        size = 0
        for ticket in islice(self._waiting, self._room):
            size += ticket.size
            if taken and size > MOST_BYTES:
                break
            taken.append(ticket)
        self.flying = len(taken)
        return taken

    def settle(
        self, are_safe: Sequence[bool], are_large: Sequence[bool] | None = None
    ) -> list[Ticket]:
        """Learn which of those that flew are in the topic; they are returned, in their order.

        None is, if they were forgotten meanwhile; `are_large` were refused for their size.
        """
        if not self.flying:
            return []
        flown = [self._waiting.popleft() for _ in range(self.flying)]
        self.flying = 0
        large = [False] * len(flown) if are_large is None else are_large
        fates = list(zip(flown, are_safe, large, strict=True))
        self._waiting += [one for one, is_safe, is_large in fates if not is_safe and not is_large]
        self._waiting.extendleft([one for one, _, is_large in reversed(fates) if is_large])
        self._room = min(2 * self._room, MOST_LETTERS) if all(are_safe) else 1
        return [one for one, is_safe, _ in fates if is_safe]
