"""How long what is ready may wait for more, so that work is done in few calls. Pure.

While Kafka holds more than was read, the next change of a profile is probably there already: merged
into the one that waits it costs nothing, sent after it a second call. Nobody's time is lost by
that, as what lies behind has waited longer. Where nothing is behind, what is ready waits only if
calls come closer together than `Sparing` allows, and no longer than until it is late.
"""

from __future__ import annotations

from enum import Enum


class Pace(Enum):
    """How long what is ready may be held, by its reason."""

    AT_ONCE = "we are about to stop"
    SPARE = "nothing is behind: while nothing is late, the quota is spared"
    GATHER = "the backlog is being read: full batches wait too, for changes that merge"
    BATCH = "more is to be read: batches that are not full wait"
    FOLLOW = "the backlog is read: only what others are about to let go is waited for"


HOLD_SECONDS = {Pace.GATHER: 2.0, Pace.BATCH: 1.0, Pace.FOLLOW: 0.5}
"""How long what is ready waits for more at most, while a backlog is worked off."""


class CatchUp:
    """Knows whether we are behind, and how far the catching up has come."""

    def __init__(self, batch_size: int) -> None:
        """Behind is who has more than `batch_size` records to read."""
        self._batch_size = batch_size
        self._is_behind = False
        self._is_gathered = False

    def pace(self, unread: int, waiting: int, *, is_full: bool) -> Pace:
        """Say how to go on: records to read, changes that wait, and whether memory is full."""
        if unread > self._batch_size:
            self._is_behind = True
        elif waiting <= self._batch_size:
            self._is_behind = self._is_gathered = False
        if not self._is_behind:
            return Pace.SPARE
        # Gathering ends for good: a full memory must empty while it is filled again.
        self._is_gathered = self._is_gathered or is_full or not unread
        if not self._is_gathered:
            return Pace.GATHER
        return Pace.BATCH if unread > self._batch_size and not is_full else Pace.FOLLOW
