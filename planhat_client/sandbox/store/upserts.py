"""An upsert in two steps: items arrive and hold their records, later they take effect. Pure.

Planhat refuses a record that two requests, or two items of one, touch at once, with a text about
duplicated keys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from planhat_client.sandbox.answers import BulkResult, Failure, Why
from planhat_client.sandbox.models import Model
from planhat_client.sandbox.store.matching import RecordKey, Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planhat_client.sandbox.store.state import State
    from planhat_client.sandbox.witness import Witness

DUPLICATED: Final = "externalId,email duplicated"


@dataclass(eq=False, slots=True)
class Upsert:
    """A request whose items have arrived; `failing` gives the positions that fail, and why.

    `has_left` tells whether its client still waits, `held` is what nobody else may write meanwhile.
    """

    model: Model
    items: Sequence[Any]
    targets: list[Target]
    has_left: Callable[[], bool]
    revision: int
    failing: dict[int, Why] = field(default_factory=dict)
    held: set[RecordKey] = field(default_factory=set)


class Upserts:
    """Applies upserts to a state, under the eyes of a witness."""

    def __init__(self, state: State, witness: Witness) -> None:
        self._state = state
        self._witness = witness
        self._holders: dict[tuple[str, RecordKey], Upsert] = {}

    def arrive(self, model: Model, items: Sequence[Any], has_left: Callable[[], bool]) -> Upsert:
        """Match the items and hold their records; end with `release`, whatever happens."""
        upsert = Upsert(model, items, self._targets(model, items), has_left, self._state.revision)
        self._witness.count(model.name, "items", len(items))
        for position, target in enumerate(upsert.targets):
            if target.token is not None:
                self._hold(upsert, position, target.token)
        return upsert

    def apply(self, upsert: Upsert, refused: Mapping[int, Why]) -> BulkResult:
        """Let the items take effect, but those that fail or are refused."""
        if self._state.revision != upsert.revision:
            upsert.targets = self._targets(upsert.model, upsert.items)
        failing = {**upsert.failing, **refused}
        result = BulkResult()
        for position, target in enumerate(upsert.targets):
            if position in failing:
                _fail(result, upsert, position, failing[position])
            elif target.is_ignored:
                result.ignored += 1
                item = upsert.items[position]
                self._state.ignored.append({"resource": upsert.model.name, "item": item})
            else:
                self._write(upsert, position, result)
        for name, number in result.counts.items():
            self._witness.count(upsert.model.name, name, number)
        return result

    def release(self, upsert: Upsert) -> None:
        """Let go of the records."""
        for key in upsert.held:
            self._holders.pop((upsert.model.name, key), None)
        upsert.held.clear()

    def _targets(self, model: Model, items: Sequence[Any]) -> list[Target]:
        find = self._state.matcher.target
        return [find(model, item) for item in items]

    def _hold(self, upsert: Upsert, position: int, key: RecordKey) -> None:
        holder = self._holders.setdefault((upsert.model.name, key), upsert)
        if holder is upsert and key not in upsert.held:
            upsert.held.add(key)
            return
        upsert.failing[position] = Why(DUPLICATED)
        if holder is upsert:
            fault = "duplicates"
        else:
            fault = "abandoned" if holder.has_left() else "overlaps"
        self._witness.count(upsert.model.name, fault)

    def _write(self, upsert: Upsert, position: int, result: BulkResult) -> None:
        item = upsert.items[position]
        outcome = self._state.write(upsert.model, item, upsert.targets[position])
        if isinstance(outcome, str):
            _fail(result, upsert, position, Why(outcome))
            return
        change, record = outcome
        self._witness.wrote(upsert.model.name, item, record, change)
        if change == "created":
            result.created.append(record)
        elif change == "updated":
            result.updated.append(record)
        else:
            result.nonupdates += 1


def _fail(result: BulkResult, upsert: Upsert, position: int, why: Why) -> None:
    is_new = upsert.targets[position].record is None
    fitting = "createdErrors" if is_new else "updatedErrors"
    entry = Failure(position, upsert.items[position], why.message, why.list_name or fitting)
    result.failures.append(entry)
