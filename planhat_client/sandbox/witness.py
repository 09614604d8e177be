"""What happened: a log of requests, a journal of writes, and counters that convict a client.

The version of a record must never fall: a write below the version last applied is an *overtake*,
one at the same version a *repeat*. The sandbox only reads versions, it does not act on them.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TextIO

import orjson

if TYPE_CHECKING:
    from planhat_client.sandbox.models import Item
    from planhat_client.sandbox.options import WitnessOptions

ACTIVITIES: Final = "activities"
_COUNTED: Final = """
items created updated unchanged refused ignored withheld stored dropped ambiguous overtakes repeats
overlaps abandoned duplicates
"""
"""The names that are counted by resource; all of them are in the totals, at 0 too."""


class Write(NamedTuple):
    """One write that was applied, in the order of `sequence`; `key` is the externalId or e-mail."""

    sequence: int
    resource: str
    id: str
    key: str | None
    version: Any
    change: str


class Witness:
    """Counters and bounded logs. All it does is write down."""

    def __init__(self, options: WitnessOptions) -> None:
        """Nothing happened yet; files are appended to."""
        self.options = options
        self.requests: deque[Item] = deque(maxlen=options.requests_kept)
        self.writes: deque[Write] = deque(maxlen=options.writes_kept)
        self.counts: Counter[str] = Counter()
        self.by_resource: dict[str, Counter[str]] = {}
        self.fields: dict[str, dict[str, Counter[str]]] = {}
        self.statuses: dict[str, Counter[int]] = {}
        self.max_in_flight = 0
        self._sequence = 0
        self._versions: dict[str, dict[str, float]] = {}
        self._requests_file = _opened(options.requests_file)
        self._writes_file = _opened(options.writes_file)

    def request(self, entry: Item) -> None:
        """Log a request that was answered, or dropped (status 0)."""
        entry["sequence"] = self.counts["requests"] = self.counts["requests"] + 1
        self.requests.append(entry)
        self.statuses.setdefault(entry["resource"], Counter())[entry["status"]] += 1
        if self._requests_file:
            self._requests_file.write(orjson.dumps(entry).decode() + "\n")

    def count(self, resource: str, name: str, number: int = 1) -> None:
        """Count something of one resource."""
        if number:
            self.by_resource.setdefault(resource, Counter())[name] += number

    def field(self, resource: str, path: str, what: str) -> None:
        """Count what became of a field's value, and is answered as a success all the same."""
        fields = self.fields.setdefault(resource, {})
        fields.setdefault(path, Counter())[what] += 1

    def wrote(self, resource: str, item: Item, record: Item, change: str) -> None:
        """Journal a write of a record. `item` is what was sent.

        The version of an activity is compared with the others of its enduser, the `record`.
        """
        options, is_activity = self.options, resource == ACTIVITIES
        path = options.activity_version_field if is_activity else options.version_field
        record_id, version = record["_id"], _at(item, path)
        key = record.get("externalId") or record.get("email")
        self._sequence += 1
        write = Write(self._sequence, resource, record_id, key, version, change)
        self.writes.append(write)
        if self._writes_file:
            self._writes_file.write(orjson.dumps(write._asdict()).decode() + "\n")
        if not isinstance(version, int | float):
            return
        versions = self._versions.setdefault(resource, {})
        last = versions.get(record_id)
        if last is not None and version <= last:
            self.count(resource, "overtakes" if version < last else "repeats")
        if last is None or version > last or not is_activity:
            versions[record_id] = version

    def report(self) -> dict[str, Any]:
        """All counters, as JSON."""
        totals: Counter[str] = Counter()
        for counter in self.by_resource.values():
            totals.update(counter)
        return {
            "requests": {
                resource: {str(status): number for status, number in sorted(counter.items())}
                for resource, counter in self.statuses.items()
            },
            "requests_total": self.counts["requests"],
            **{name: totals[name] for name in _COUNTED.split()},
            "by_resource": {name: dict(counter) for name, counter in self.by_resource.items()},
            "fields": {name: _plain(counters) for name, counters in self.fields.items()},
            "max_in_flight": self.max_in_flight,
        }

    def close(self) -> None:
        """Write what the files still lack."""
        for file in (self._requests_file, self._writes_file):
            if file:
                file.close()


def _at(item: Item, path: str) -> Any:  # noqa: ANN401 - JSON
    found: Any = item
    for name in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found


def _plain(counters: dict[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {path: dict(counter) for path, counter in counters.items()}


def _opened(path: str | None) -> TextIO | None:
    return open(path, "a", encoding="utf-8") if path else None  # noqa: PTH123 - held open
