"""How fast a command may write: evenly, at most so many a second."""

from __future__ import annotations

import asyncio


class Pace:
    """A rate cap. `await pace.next()` before each; 0 is no cap."""

    def __init__(self, per_second: float) -> None:
        """Begin now."""
        self._seconds = 1.0 / per_second if per_second > 0 else 0.0
        self._due: float | None = None

    async def next(self) -> None:
        """Wait for one's turn. What was missed in a pause is not made up for."""
        now = asyncio.get_running_loop().time()
        due = now if self._due is None else max(self._due, now - 1.0)
        self._due = due + self._seconds
        # Short waits cost more than they pace: several turns share one.
        if due - now > 0.01:  # noqa: PLR2004 - see above
            await asyncio.sleep(due - now)
