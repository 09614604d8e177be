"""Work that is cut into steps, so that whoever does it can let others work in between. Pure."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

Found = TypeVar("Found")

Steps: TypeAlias = Generator[None, None, Found]
"""Yields after each step, of a millisecond at most or so, and returns what it found."""


def in_one_go(steps: Steps[Found]) -> Found:
    """Do all of it now."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Found = end.value
            return found
