"""Which records are being written by a request that is not answered yet. Pure.

Planhat refuses a record that two requests, or two items of one, touch at once, with a text about
duplicated keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from planhat_client.sandbox.matching import RecordKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planhat_client.sandbox.matching import Target

DUPLICATED: Final = "externalId,email duplicated"


@dataclass(slots=True)
class Flight:
    """The records that one request holds. `has_left` tells whether its client still waits."""

    model: str
    has_left: Callable[[], bool] = lambda: False
    tokens: list[RecordKey] = field(default_factory=list)


@dataclass(slots=True)
class Collisions:
    """Items that must fail, by their position, and how many of each sort there were.

    `abandoned`: the other request's client had left, so it could not know of the overlap.
    """

    positions: set[int] = field(default_factory=set)
    overlaps: int = 0
    abandoned: int = 0
    duplicates: int = 0


class InFlight:
    """Holds tokens by the name of the model, each for one flight."""

    def __init__(self) -> None:
        """Nothing is in flight."""
        self._holders: dict[str, dict[RecordKey, Flight]] = {}

    def claim(self, flight: Flight, targets: Sequence[Target]) -> Collisions:
        """Hold the records of a request, as far as nobody else does."""
        holders = self._holders.setdefault(flight.model, {})
        collisions = Collisions()
        for position, target in enumerate(targets):
            token = target.token
            if token is None:
                continue
            holder = holders.get(token)
            if holder is None:
                holders[token] = flight
                flight.tokens.append(token)
            else:
                _note(collisions, position, flight, holder)
        return collisions

    def release(self, flight: Flight) -> None:
        """Let go of what a request holds."""
        holders = self._holders.get(flight.model, {})
        for token in flight.tokens:
            holders.pop(token, None)
        flight.tokens.clear()


def _note(collisions: Collisions, position: int, flight: Flight, holder: Flight) -> None:
    collisions.positions.add(position)
    if holder is flight:
        collisions.duplicates += 1
    elif holder.has_left():
        collisions.abandoned += 1
    else:
        collisions.overlaps += 1
