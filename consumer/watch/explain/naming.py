"""How things are named in an explanation: short, and never too many of them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schemas.plain import Segment

_MOST: Final = 8
_LONGEST: Final = 80


def listed(names: Sequence[str]) -> str:
    """Join names; of many only the first are told."""
    told = ", ".join(_short(name) for name in names[:_MOST])
    more = len(names) - _MOST
    return f"{told} and {more} more" if more > 0 else told


def segment_names(segments: Iterable[Segment]) -> str:
    """Name segments as people know them, and by the id that the settings hold."""
    return listed([f"{one.name} ({one.id})" if one.name else one.id for one in segments])


def quoted(text: str) -> str:
    """A value from a message within a sentence."""
    return f"'{_short(text)}'"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
