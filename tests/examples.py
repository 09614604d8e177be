"""How many examples a property is tried with."""

from __future__ import annotations

from typing import Final

from hypothesis import settings

_USUAL: Final = 100
"""What a property that says nothing is tried with in a whole run."""


def examples(whole: int) -> int:
    """Give the part of `whole` that the profile takes: all of it, or a fifth with `fast`.

    Properties that need more or fewer examples than others say so with this, not with a number
    alone: a number in the decorator would hold for every profile.
    """
    return max(1, whole * settings().max_examples // _USUAL)
