"""The stored records of one model and the indexes that find them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from planhat_client.sandbox.models import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planhat_client.sandbox.models import Item, Model


_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Records:
    """Records by `_id`, and by each key; those of one key in the order of their creation."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.by_id: dict[str, Item] = {}
        self.by_source: dict[str, str] = {}
        self.by_place: dict[tuple[str, str], str] = {}
        self._written: dict[str, int] = {}
        self._shared: dict[str, dict[str, dict[str, None]]] = {
            "externalId": {},
            "email": {},
            "domains": {},
        }

    def __len__(self) -> int:
        """How many there are."""
        return len(self.by_id)

    def __iter__(self) -> Iterator[Item]:
        """All of them, the oldest first."""
        return iter(self.by_id.values())

    def having(self, name: str, value: str) -> list[Item]:
        """All that have an "externalId", an "email" or one of "domains", the oldest first."""
        ids = self._shared[name].get(_folded(name, value), {})
        return [self.by_id[record_id] for record_id in ids]

    def conflict(self, record: Item) -> str | None:
        """Name the key that another has ("Unique keys": e-mail addresses may occur twice)."""
        for name, owner in (
            ("sourceId", self.by_source.get(text(record.get("sourceId")) or "")),
            ("externalId", self.by_place.get(_place(record))),
        ):
            if owner not in (None, record["_id"]):
                return f"{name} duplicated"
        return None

    def add(self, record: Item) -> None:
        """Store a record under its `_id`; its keys should be free."""
        self.by_id[record["_id"]] = record
        self.index(record)

    def date(self, record_id: str, turn: int) -> None:
        """Note when it was written, which a write without effect is too. `turn` counts writes."""
        self._written[record_id] = turn

    def dated(self, record: Item) -> Item:
        """A record with its `updatedAt`: one millisecond a write, so that no two are the same."""
        turn = self._written.get(record["_id"])
        if turn is None:
            return record
        moment = _BEGIN + timedelta(milliseconds=turn)
        return record | {"updatedAt": moment.isoformat(timespec="milliseconds")}

    def remove(self, record: Item) -> None:
        """Forget a record."""
        self.unindex(record)
        del self.by_id[record["_id"]]

    def index(self, record: Item) -> None:
        """Make a record findable by its keys."""
        record_id = record["_id"]
        if source_id := text(record.get("sourceId")):
            self.by_source[source_id] = record_id
        if text(record.get("externalId")):
            self.by_place[_place(record)] = record_id
        for name, value in _shared_keys(self.model, record):
            self._shared[name].setdefault(value, {})[record_id] = None

    def unindex(self, record: Item) -> None:
        """Undo `index`, while the record still has the same keys."""
        record_id, source_id = record["_id"], text(record.get("sourceId")) or ""
        # Of planted ones several may have one key.
        if self.by_source.get(source_id) == record_id:
            del self.by_source[source_id]
        if self.by_place.get(_place(record)) == record_id:
            del self.by_place[_place(record)]
        for name, value in _shared_keys(self.model, record):
            self._shared[name].get(value, {}).pop(record_id, None)


def _shared_keys(model: Model, record: Item) -> Iterator[tuple[str, str]]:
    """The keys that several records may have."""
    if external_id := text(record.get("externalId")):
        yield "externalId", external_id
    if model.has_email and (email := text(record.get("email"))):
        yield "email", _folded("email", email)
    domains = None if model.owned else record.get("domains")
    for domain in domains if isinstance(domains, list) else ():
        yield "domains", _folded("domains", str(domain))


def _folded(name: str, value: str) -> str:
    return value if name == "externalId" else value.lower()


def _place(record: Item) -> tuple[str, str]:
    return record.get("companyId", ""), text(record.get("externalId")) or ""
