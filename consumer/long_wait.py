"""What people are told while Planhat wants us to wait for long. Pure."""

from __future__ import annotations

from datetime import UTC, datetime


def long_wait(seconds: float, clock: float) -> str:
    """Say until when; `clock` in seconds since 1970."""
    until = datetime.fromtimestamp(clock + seconds, UTC)
    return f"Planhat asked us to wait until {until:%Y-%m-%d %H:%M:%S} UTC"
