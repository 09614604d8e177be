"""Contacts that are to be deleted, each in its place in the lane. Pure.

One is deleted when its survivor was delivered and nothing before it may still touch it. A failure
is tried again for as long as it takes: nobody waits behind it but who names the same contact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from consumer.lanes.part import Ended
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from consumer.lanes.lane import Lane
    from consumer.lanes.part import Closing

MOST_AT_ONCE: Final = 4
"""So many are deleted at once at most."""


class Removals:
    """Who waits to be deleted, and when it is tried again."""

    def __init__(self, endusers: Lane) -> None:
        """Nobody waits; `endusers` is where they have their places."""
        self._lane = endusers
        self._due: dict[Closing, float] = {}
        self._failures: dict[Closing, int] = {}
        self._flying: set[Closing] = set()

    def __len__(self) -> int:
        """How many wait, or are being deleted."""
        return len(self._due) + len(self._flying)

    def add(self, closing: Closing) -> None:
        """Its survivor was delivered."""
        self._due[closing] = 0.0

    def clear(self) -> None:
        """Forget all: their partitions were revoked."""
        self._due.clear()
        self._failures.clear()
        self._flying.clear()

    def next(self, now: float) -> Closing | None:
        """Give the next to delete; it is being deleted until `done`, `refused`, `failed`."""
        if len(self._flying) >= MOST_AT_ONCE:
            return None
        for closing, due_at in self._due.items():
            profile = closing.profile
            if due_at > now or profile is None or profile.blockers:
                continue
            if profile.parts[0] is closing:
                del self._due[closing]
                self._flying.add(closing)
                closing.attempts += 1
                # Whoever takes over must know that something of this record was sent.
                closing.offsets.note_sent(closing.offset)
                return closing
        return None

    def done(self, closing: Closing, now: float) -> None:
        """Planhat has it no more."""
        self._finish(closing, Ended(closing, "delivered"), now)

    def refused(self, closing: Closing, reason: str, now: float) -> None:
        """Planhat will not delete it."""
        self._finish(closing, Ended(closing, "rejected", reason), now)

    def failed(self, closing: Closing, now: float, random: float) -> None:
        """It is to be tried again."""
        if closing not in self._flying:
            return
        self._flying.discard(closing)
        failures = self._failures[closing] = self._failures.get(closing, 0) + 1
        self._due[closing] = now + backoff(failures, random)

    def _finish(self, closing: Closing, end: Ended, now: float) -> None:
        if closing not in self._flying:
            return  # its partition was revoked meanwhile
        self._flying.discard(closing)
        self._failures.pop(closing, None)
        profile = closing.profile
        if profile is not None:
            self._lane.finish(profile, [end], now)
