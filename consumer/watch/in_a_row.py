"""Counts what mostly comes many times in a row, at the cost of a comparison. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class InARow:
    """Adds up equal neighbours, and hands each sum over when something else comes.

    To count in a dictionary takes a new tuple, its hash and a search each time. Texts are compared
    by identity: equal ones that are not the same only cost what they would have cost anyway.
    """

    def __init__(self, put: Callable[[str, str, str, int], None]) -> None:
        """`put` is called with what came and how many times."""
        self._put = put
        self._one = ""
        self._two = ""
        self._three = ""
        self._count = 0

    def note(self, one: str, two: str, three: str) -> None:
        """Count it."""
        if one is not self._one or two is not self._two or three is not self._three:
            self.flush()
            self._one, self._two, self._three = one, two, three
        self._count += 1

    def flush(self) -> None:
        """Hand over what was counted: before somebody reads the sums."""
        count, self._count = self._count, 0
        if count:
            self._put(self._one, self._two, self._three, count)
