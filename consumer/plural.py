"""Words beside numbers."""

from __future__ import annotations


def plural(number: float, one: str, many: str = "") -> str:
    """Return the word that goes with a number; `many` where an `s` at the end does not do."""
    return one if number == 1 else many or f"{one}s"
