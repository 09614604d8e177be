"""Which messages of an envelope are meant, as text for a header: `0,3,7-12`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from consumer.message import MOST

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST: Final = 32 << 10
"""Bytes of what is read: half of `MOST` positions, no two side by side, take 24 KiB."""


def ranges(positions: Iterable[int]) -> str:
    """Write them in their order, runs as `first-last`."""
    runs: list[list[int]] = []
    for position in sorted(set(positions)):
        if runs and runs[-1][1] == position - 1:
            runs[-1][1] = position
        else:
            runs.append([position, position])
    return ",".join(str(one) if one == last else f"{one}-{last}" for one, last in runs)


def read_ranges(text: bytes) -> frozenset[int] | None:
    """Read what `ranges` wrote; None for anything else, an order of their own included."""
    if not text or len(text) > _LONGEST:
        return None
    found: set[int] = set()
    behind = -1
    for part in text.split(b","):
        first, is_run, last = part.partition(b"-")
        begin, end = _position(first), _position(last if is_run else first)
        if not behind < begin <= end:
            return None
        found.update(range(begin, end + 1))
        behind = end
    return frozenset(found)


def _position(text: bytes) -> int:
    is_one = text.isdigit() and len(text) < len(str(MOST))
    return int(text) if is_one else -1
