"""Words that several doors share. Pure."""

from __future__ import annotations

from datetime import UTC, datetime


def plural(number: float, one: str, many: str = "") -> str:
    """Return the word that goes with a number; `many` where an `s` at the end does not do."""
    return one if number == 1 else many or f"{one}s"


def long_wait(seconds: float, clock: float) -> str:
    """Say until when; `clock` in seconds since 1970."""
    until = datetime.fromtimestamp(clock + seconds, UTC)
    return f"Planhat asked us to wait until {until:%Y-%m-%d %H:%M:%S} UTC"
