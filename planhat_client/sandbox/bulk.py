"""A bulk upsert in two steps: items arrive and hold their records, later they take effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from planhat_client.sandbox.in_flight import DUPLICATED, Flight, InFlight
from planhat_client.sandbox.matching import Target
from planhat_client.sandbox.models import Item, Model
from planhat_client.sandbox.shapes import BulkResult, Failure, Why
from planhat_client.sandbox.state import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from planhat_client.sandbox.state import State
    from planhat_client.sandbox.witness import Witness

MOST_ITEMS: Final = 5_000
"""Per request, in any model ("Authentication & Limits")."""


@dataclass(slots=True)
class Upsert:
    """A request whose items have arrived; `failing` gives the positions that fail, and why."""

    model: Model
    items: Sequence[Item]
    targets: list[Target]
    flight: Flight
    failing: dict[int, Why]
    revision: int


class Upserts:
    """Applies bulk upserts to a state, under the eyes of a witness."""

    def __init__(self, state: State, witness: Witness) -> None:
        """No request holds anything."""
        self._state = state
        self._witness = witness
        self._in_flight = InFlight()

    def arrive(self, model: Model, items: Sequence[Item], has_left: Callable[[], bool]) -> Upsert:
        """Match the items and hold their records; end with `release`, whatever happens."""
        find = self._state.matcher.target
        targets = [find(model, item) for item in items]
        flight = Flight(model.name, has_left)
        collisions = self._in_flight.claim(flight, targets)
        count = self._witness.count
        count(model.name, "items", len(items))
        count(model.name, "overlaps", collisions.overlaps)
        count(model.name, "abandoned", collisions.abandoned)
        count(model.name, "duplicates", collisions.duplicates)
        failing = dict.fromkeys(collisions.positions, Why(DUPLICATED))
        return Upsert(model, items, targets, flight, failing, self._state.revision)

    def apply(self, upsert: Upsert, refused: Mapping[int, Why]) -> BulkResult:
        """Let the items take effect, but those that fail or are refused."""
        model, state = upsert.model, self._state
        if state.revision != upsert.revision:
            find = state.matcher.target
            upsert.targets = [find(model, item) for item in upsert.items]
        failing = upsert.failing | dict(refused)
        result = BulkResult()
        for position, (item, target) in enumerate(zip(upsert.items, upsert.targets, strict=True)):
            if position in failing:
                _fail(result, position, item, target, failing[position])
            elif target.is_ignored:
                result.ignored += 1
                state.ignored.append({"resource": model.name, "item": item})
            else:
                self._write(upsert, position, result)
        self._count(model.name, result)
        return result

    def release(self, upsert: Upsert) -> None:
        """Let go of the records."""
        self._in_flight.release(upsert.flight)

    def _write(self, upsert: Upsert, position: int, result: BulkResult) -> None:
        item, target = upsert.items[position], upsert.targets[position]
        outcome = self._state.write(upsert.model, item, target)
        if isinstance(outcome, Refused):
            _fail(result, position, item, target, Why(outcome.message))
            return
        change, record = outcome
        self._witness.wrote(upsert.model.name, item, record, change)
        if change == "created":
            result.created.append(record)
        elif change == "updated":
            result.updated.append(record)
        else:
            result.nonupdates += 1

    def _count(self, resource: str, result: BulkResult) -> None:
        count = self._witness.count
        count(resource, "created", len(result.created))
        count(resource, "updated", len(result.updated))
        count(resource, "unchanged", result.nonupdates)
        count(resource, "ignored", result.ignored)
        count(resource, "refused", len(result.failures))


def _fail(result: BulkResult, position: int, item: Item, target: Target, why: Why) -> None:
    fitting = "createdErrors" if target.record is None else "updatedErrors"
    result.failures.append(Failure(position, item, why.message, why.list_name or fitting))
