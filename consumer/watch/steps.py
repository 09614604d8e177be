"""Work that is cut into steps, so that whoever does it can let others work in between. Pure."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Generic, TypeAlias, TypeVar

Found = TypeVar("Found")

Steps: TypeAlias = Generator[None, None, Found]
"""Yields after each step, of a millisecond at most or so, and returns what it found."""


class Run(Generic[Found]):
    """Goes through steps; when they are through, `found` is what they returned."""

    def __init__(self, steps: Steps[Found]) -> None:
        """Nothing is done before somebody goes through it."""
        self._steps = steps
        self.found: Found

    def __iter__(self) -> Iterator[None]:
        """Do one step after the other."""
        self.found = yield from self._steps


def in_one_go(steps: Steps[Found]) -> Found:
    """Do all of it now."""
    run = Run(steps)
    for _ in run:
        pass
    return run.found
