"""What Planhat took of each profile, until it is written back for Hull. Pure.

One entry a profile: what comes while the older one still waits is joined with it, so that neither a
backlog nor a topic that can't be written takes more memory than `most` profiles do.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import orjson

from consumer.lanes.part import Closing
from schemas.models import PROFILES, Profile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumer.lanes.part import Ended

_LONGEST_ID: Final = 1000
"""Letters of a Hull id that is written back: a topic that refuses one result keeps all others out,
and Hull's own have 24."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was done for a profile at `at` (seconds since 1970), as far as the answer told.

    `replaced` is an id by which Hull, or an answer before, had named the record, and that did not
    hold.
    """

    kind: Profile
    hull_id: str
    planhat_id: str | None
    action: str | None
    at: float
    replaced: str | None = None

    @property
    def value(self) -> bytes:
        """The record; its form is a contract with the bridge (docs/write-back.md)."""
        moment = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")
        document = {
            "type": self.kind,
            "hull_id": self.hull_id,
            "planhat_id": self.planhat_id,
            "action": self.action,
            "delivered_at": f"{moment[:-6]}Z",
        }
        if self.replaced is not None and self.replaced != self.planhat_id:
            document["replaced"] = self.replaced
        return orjson.dumps(document)

    def then(self, newer: Result) -> Result:
        """Both in one: created stays created, and what changed is not called unchanged."""
        keeps = self.action == "created" or newer.action in ("unchanged", None)
        return replace(
            newer,
            action=self.action if keeps and self.action else newer.action,
            planhat_id=newer.planhat_id or self.planhat_id,
            replaced=newer.replaced or self.replaced,
        )


def result_of(end: Ended, at: float) -> Result | None:
    """Give the result of a part that ended; None for what Hull has no use for."""
    kind = PROFILES.get(end.part.resource)
    if kind is None or end.ending != "delivered" or len(end.part.key) > _LONGEST_ID:
        return None
    if isinstance(end.part, Closing):
        return None
    return Result(kind, end.part.key, end.planhat_id, end.change, at, end.part.replaced)


class ResultQueue:
    """Results in the order of their first change; beyond `most` the oldest is dropped."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: OrderedDict[tuple[Profile, str], Result] = OrderedDict()
        self.dropped = 0

    def __len__(self) -> int:
        """Profiles that wait."""
        return len(self._waiting)

    def put(self, result: Result) -> None:
        """Let a result wait, joined with the older one of its profile."""
        name = (result.kind, result.hull_id)
        older = self._waiting.get(name)
        self._waiting[name] = result if older is None else older.then(result)
        if len(self._waiting) > self._most:
            self._waiting.popitem(last=False)
            self.dropped += 1

    def take(self, most: int) -> list[Result]:
        """Give the first ones, to be written."""
        count = min(most, len(self._waiting))
        return [self._waiting.popitem(last=False)[1] for _ in range(count)]

    def put_back(self, results: Iterable[Result]) -> None:
        """They could not be written: they wait on, before all others."""
        for result in reversed(list(results)):
            name = (result.kind, result.hull_id)
            newer = self._waiting.get(name)
            self._waiting[name] = result if newer is None else result.then(newer)
            self._waiting.move_to_end(name, last=False)
        while len(self._waiting) > self._most:
            self._waiting.popitem(last=False)
            self.dropped += 1
