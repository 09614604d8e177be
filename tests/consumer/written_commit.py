"""The metadata of a commit, as the service writes it."""

from __future__ import annotations

from consumer.offsets.offsets import _add_digits, _written


def encode(next_offset: int, final: set[int], horizon: int | None = None) -> str:
    """What travels with a commit of which `final` lies above."""
    digits = bytearray()
    _add_digits(digits, next_offset, final)
    return _written(next_offset, digits, horizon)
