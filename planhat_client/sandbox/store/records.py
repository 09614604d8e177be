"""The stored records of one model and the indexes that find them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from planhat_client.sandbox.models import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from planhat_client.sandbox.models import Item, Model

_Shared: TypeAlias = "dict[str, dict[str, None]]"
"""Several ids for a key, in the order of their creation."""

_NONE: Final[dict[str, None]] = {}


class Records:
    """Records by `_id`, and by each key. Ids of one key keep the order of their creation."""

    def __init__(self, model: Model) -> None:
        """Nothing is stored yet."""
        self.model = model
        self.by_id: dict[str, Item] = {}
        self.by_source: dict[str, str] = {}
        self.by_place: dict[tuple[str, str], str] = {}
        self._by_external: _Shared = {}
        self._by_email: _Shared = {}
        self._by_domain: _Shared = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self.by_id)

    def __iter__(self) -> Iterator[Item]:
        """All of them, the oldest first."""
        return iter(self.by_id.values())

    def with_external_id(self, external_id: str) -> list[Item]:
        """All that have this externalId; in owned models several companies may have one."""
        return self._found(self._by_external.get(external_id, _NONE))

    def with_email(self, email: str) -> list[Item]:
        """All that have this address, in whatever case."""
        return self._found(self._by_email.get(email.lower(), _NONE))

    def with_domain(self, domain: str) -> list[Item]:
        """All companies that registered this domain."""
        return self._found(self._by_domain.get(domain.lower(), _NONE))

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
        """Store a record under its `_id`; its keys must be free."""
        self.by_id[record["_id"]] = record
        self.index(record)

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
        for index, key in self._shared_keys(record):
            index.setdefault(key, {})[record_id] = None

    def unindex(self, record: Item) -> None:
        """Undo `index`, while the record still has the same keys."""
        self.by_source.pop(text(record.get("sourceId")) or "", None)
        self.by_place.pop(_place(record), None)
        for index, key in self._shared_keys(record):
            index.get(key, {}).pop(record["_id"], None)

    def _shared_keys(self, record: Item) -> Iterator[tuple[_Shared, str]]:
        if external_id := text(record.get("externalId")):
            yield self._by_external, external_id
        if self.model.has_email and (email := text(record.get("email"))):
            yield self._by_email, email.lower()
        domains = None if self.model.owned else record.get("domains")
        for domain in domains if isinstance(domains, list) else ():
            yield self._by_domain, str(domain).lower()

    def _found(self, ids: Iterable[str]) -> list[Item]:
        return [self.by_id[record_id] for record_id in ids]


def _place(record: Item) -> tuple[str, str]:
    return record.get("companyId", ""), text(record.get("externalId")) or ""
