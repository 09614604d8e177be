"""Profiles whose last change was given up, and how often their further changes are tried. Pure.

Planhat answered every try of a change with a failure that told nothing about it (5xx, no answer)
while others succeeded. The profile's next change probably fares no better, but may be the mended
one: it is tried, in a request of its own, and not for long.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

REMEMBERED_SECONDS: Final = 600.0
"""A profile that changes seldom has the patience of any other each time."""

CALM_SECONDS: Final = 10.0
"""So long must nobody else have failed before a single failure counts as a proof."""

MOST_PROFILES: Final = 10_000


class GivenUp:
    """Keys of the profiles that were given up of late, bounded; the oldest are forgotten first."""

    def __init__(self, most: int = MOST_PROFILES) -> None:
        """Remember at most `most` of them."""
        self._most = most
        self._since: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        """Profiles that are remembered, however long ago they were given up."""
        return len(self._since)

    def add(self, key: str, now: float) -> None:
        """A change of this profile was given up."""
        self._since[key] = now
        self._since.move_to_end(key)
        if len(self._since) > self._most:
            self._since.popitem(last=False)

    def holds(self, key: str, now: float) -> bool:
        """Tell whether a change of this profile was given up lately, and none delivered since."""
        since = self._since.get(key)
        return since is not None and now - since <= REMEMBERED_SECONDS

    def forgive(self, key: str) -> None:
        """It was delivered: it is a profile like any other."""
        self._since.pop(key, None)

    def clear(self) -> None:
        """Others may have delivered them meanwhile."""
        self._since.clear()


def most_tries(attempts: int, *, is_given_up: bool, others_failed_at: float, at: float) -> int:
    """Say how many failures, alone while others succeed, end a change.

    `at`: when the change failed the last time before this; `others_failed_at`: when something
    failed last that was not known to. One failure is enough for a profile that was given up, but
    only if it alone fails: while others do too, it may well be the API.
    """
    is_calm = others_failed_at < at - CALM_SECONDS
    return 1 if is_given_up and is_calm else attempts
