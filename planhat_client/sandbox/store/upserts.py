"""An upsert in two steps: items arrive and hold their records, later they take effect. Pure.

Planhat refuses a record that two requests, or two items of one, touch at once, with a text about
duplicated keys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from planhat_client.sandbox.answers import BulkResult, Failure, Why
from planhat_client.sandbox.models import Model, missing_field
from planhat_client.sandbox.store.matching import RecordKey, Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planhat_client.sandbox.store.fields import Fields
    from planhat_client.sandbox.store.state import State
    from planhat_client.sandbox.witness import Witness
    from schemas.dialect import Dialect

DUPLICATED: Final = "externalId,email duplicated"


@dataclass(eq=False, slots=True)
class Upsert:
    """A request whose items have arrived; `failing` gives the positions that fail, and why.

    `has_left` tells whether its client still waits, `held` is what nobody else may write meanwhile,
    with the last position of each; `again` are positions that came earlier and apply all the same.
    """

    model: Model
    items: Sequence[Any]
    targets: list[Target]
    has_left: Callable[[], bool]
    revision: int
    failing: dict[int, Why] = field(default_factory=dict)
    held: dict[RecordKey, int] = field(default_factory=dict)
    again: set[int] = field(default_factory=set)


class Upserts:
    """Applies upserts to a state, under the eyes of a witness."""

    def __init__(self, state: State, witness: Witness, fields: Fields, dialect: Dialect) -> None:
        self._state = state
        self._witness = witness
        self._fields = fields
        self._dialect = dialect
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
        failing = self._failing(upsert, refused)
        is_withheld = bool(failing) and self._dialect.one_bad_item == "all_refused"
        result = BulkResult()
        for position, target in enumerate(upsert.targets):
            if position in failing:
                _fail(result, upsert, position, failing[position])
            elif is_withheld:
                result.withheld += 1
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
            upsert.held[key] = position
            return
        if holder is upsert:
            fault = "duplicates"
            self._came_earlier(upsert, position, key)
        else:
            fault = "abandoned" if holder.has_left() else "overlaps"
            upsert.failing[position] = Why(DUPLICATED)
        self._witness.count(upsert.model.name, fault)

    def _came_earlier(self, upsert: Upsert, position: int, key: RecordKey) -> None:
        first, upsert.held[key] = upsert.held[key], position
        answer = self._dialect.same_key_twice
        if answer in ("first_refused", "both_refused"):
            upsert.failing[first] = Why(DUPLICATED)
        if answer in ("second_refused", "both_refused"):
            upsert.failing[position] = Why(DUPLICATED)
        if answer == "both_applied":
            upsert.again.add(position)

    def _failing(self, upsert: Upsert, refused: Mapping[int, Why]) -> Mapping[int, Why]:
        failing = {**upsert.failing, **refused}
        for position in range(len(upsert.items)):
            if position not in failing and (problem := self._problem(upsert, position)):
                failing[position] = Why(problem)
        return failing

    def _problem(self, upsert: Upsert, position: int) -> str | None:
        model, item, target = upsert.model, upsert.items[position], upsert.targets[position]
        if target.problem or target.is_ignored:
            return target.problem
        is_new = target.record is None and position not in upsert.again
        if is_new and (missing := missing_field(model, item)):
            return f"{missing} is required"
        return self._fields.problem(model, item, is_new=is_new)

    def _write(self, upsert: Upsert, position: int, result: BulkResult) -> None:
        item, target = upsert.items[position], upsert.targets[position]
        if position in upsert.again:
            target = self._state.matcher.target(upsert.model, item)
        taken = self._fields.taken(upsert.model, item, target.record)
        outcome = self._state.write(upsert.model, taken, target)
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
