"""Ids of Planhat that did not hold, so that nobody believes them again: bounded. Pure."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MOST_IDS: Final = 10_000


class StaleIds:
    """The last ids that failed; the oldest are forgotten first, and would fail once more."""

    def __init__(self, most: int = MOST_IDS) -> None:
        """Remember at most `most` of them."""
        self._most = most
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._ids)

    def add(self, planhat_id: str) -> None:
        """It did not hold."""
        self._ids[planhat_id] = None
        self._ids.move_to_end(planhat_id)
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)

    def discard(self, planhat_id: str) -> None:
        """It holds after all."""
        self._ids.pop(planhat_id, None)

    def holds(self, planhat_id: object) -> bool:
        """Tell whether this id is one that failed."""
        return bool(self._ids) and planhat_id in self._ids
