"""The clock by which everything waits: that of the event loop, which tests may turn."""

import asyncio


def loop_time() -> float:
    """Seconds since some moment in the past; never set back."""
    return asyncio.get_running_loop().time()
