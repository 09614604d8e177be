"""Bounds on processor time that hold where a core is slower, or shared, as virtual ones are."""

import time

_TURNS = 2_000_000
_SECONDS = 0.08
"""What so many turns take where the bounds were set."""


def on_this_machine(seconds: float) -> float:
    """As much work as `seconds` of that machine, in seconds of this one as it is just now."""
    began = time.process_time()
    total = 0
    for turn in range(_TURNS):
        total += turn
    return seconds * max(1.0, (time.process_time() - began) / _SECONDS)
