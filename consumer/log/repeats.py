"""The same line again and again: said at once, then once in a while with its count. Pure.

What a person must act on is said each minute: often enough to be seen, seldom enough to leave the
rest readable. A client library that cannot connect says so many times a second.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Hashable

_EVERY_SECONDS: Final = 60.0
FOREIGN_SECONDS: Final = 10.0
"""For what others cause: libraries, and callers of our port."""
_MOST: Final = 256


class Repeats:
    """Remembers what was said lately; bounded."""

    def __init__(self, every_seconds: float = _EVERY_SECONDS) -> None:
        self._every = every_seconds
        self._said: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()

    def say(self, what: Hashable, now: float) -> int | None:
        """How often it was kept back since it was last said; None: keep it back now too."""
        said_at, kept_back = self._said.get(what, (float("-inf"), 0))
        if 0 <= now - said_at < self._every:
            self._said[what] = (said_at, kept_back + 1)
            return None
        self._said[what] = (now, 0)
        self._said.move_to_end(what)
        if len(self._said) > _MOST:
            self._said.popitem(last=False)
        return kept_back

    def is_due(self, what: Hashable, now: float) -> bool:
        """Whether to say it now."""
        return self.say(what, now) is not None

    def forget(self, what: Hashable) -> None:
        """It is over: the next time it is said at once."""
        self._said.pop(what, None)
