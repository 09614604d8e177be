"""What the sandbox holds: records, activities, users; and how an item changes them. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from planhat_client.sandbox.models import (
    DEALS,
    MODELS,
    Item,
    Model,
    fresh,
    merge,
    text,
)
from planhat_client.sandbox.store.matching import Matcher, Target
from planhat_client.sandbox.store.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planhat_client.sandbox.options import SandboxOptions
    from schemas.dialect import Dialect

_KEPT: Final = 10_000
_PLACE: Final = ("sourceId", "externalId", "email", "companyId", "domains")

Change: TypeAlias = Literal["created", "updated", "unchanged"]
Written: TypeAlias = "tuple[Change, Item] | str"
"""What was done to which record; or why the item was not taken."""


class State:
    """Everything that is stored. `revision` moves whenever a match may turn out differently."""

    def __init__(self, options: SandboxOptions, dialect: Dialect) -> None:
        """Nothing is stored yet; of the activities the newest are kept."""
        self.records = {model.name: Records(model) for model in (*MODELS.values(), DEALS)}
        self.matcher = Matcher(self.records, dialect)
        self.activities: deque[Item] = deque(maxlen=options.witness.activities_kept)
        self.ignored: deque[Item] = deque(maxlen=_KEPT)
        self.dropped: deque[Item] = deque(maxlen=_KEPT)
        self.users: list[Item] = []
        self.fields: list[Item] = []
        self.revision = 0
        self._takes_ids = dialect.unknown_id != "next_key"
        self._keeps_null = dialect.null_custom == "stored"
        self._lingering: dict[str, list[Item]] = {}
        self._late = options.late_deletions
        self._last_id = 0
        self._turn = 0

    def next_id(self) -> str:
        """Give a new id of 24 hexadecimal digits."""
        self._last_id += 1
        return f"5a{self._last_id:022x}"

    def seed(self, name: str, rows: Iterable[Item]) -> None:
        """Replace all records of a model by rows as they are, keys that occur twice and all."""
        records = self.records[name]
        self.revision += 1
        for record in list(records):
            records.remove(record)
        for row in rows:
            record = {"_id": self.next_id()} | row
            records.add(record)
            if "updatedAt" not in row:
                self._date(records, record)

    def write(self, model: Model, item: Item, target: Target) -> Written:
        """Create or update the target's record; a target may be neither bad nor ignored."""
        written = self._written(model, item, target)
        if not isinstance(written, str):
            self._date(self.records[model.name], written[1])
        return written

    def _written(self, model: Model, item: Item, target: Target) -> Written:
        if target.record is None:
            return self._create(model, item, target)
        item = _resolved(model, item, target.company_id)
        if any(name in item and item[name] != target.record.get(name) for name in _PLACE):
            return self._move(model, item, target.record)
        has_changed = merge(target.record, item, keeps_null=self._keeps_null)
        return ("updated" if has_changed else "unchanged"), target.record

    def delete(self, model: Model, record: Item) -> None:
        """Forget a record; what belongs to a company stays."""
        self.revision += 1
        self._lingering[record["_id"]] = [record] * self._late
        self.records[model.name].remove(record)

    def lingers(self, record_id: str) -> Item | None:
        """Give a record that was deleted, if it is to be read once more."""
        left = self._lingering.get(record_id)
        return left.pop() if left else None

    def _date(self, records: Records, record: Item) -> None:
        self._turn += 1
        records.date(record["_id"], self._turn)

    def _create(self, model: Model, item: Item, target: Target) -> Written:
        record_id = (self._takes_ids and text(item.get("_id"))) or self.next_id()
        item = _resolved(model, item, target.company_id)
        record = fresh(record_id, item, keeps_null=self._keeps_null)
        records = self.records[model.name]
        if problem := records.conflict(record):
            return problem
        records.add(record)
        self.revision += 1
        return "created", record

    def _move(self, model: Model, item: Item, record: Item) -> Written:
        """Update a record of which a key, or the company, changes."""
        records = self.records[model.name]
        wanted = record | {name: item[name] for name in _PLACE if name in item}
        if problem := records.conflict(wanted):
            return problem
        records.unindex(record)
        has_changed = merge(record, item, keeps_null=self._keeps_null)
        records.index(record)
        self.revision += 1
        return ("updated" if has_changed else "unchanged"), record


def _resolved(model: Model, item: Item, company_id: str | None) -> Item:
    """Write the company's id into an item, and numbers that are keys as texts."""
    item = item.copy()
    for name in ("externalId", "sourceId"):
        if isinstance(item.get(name), int):
            item[name] = str(item[name])
    if not model.owned:
        return item
    item.pop("companyExternalId", None)
    item.pop("companyId", None)
    return item if company_id is None else item | {"companyId": company_id}
