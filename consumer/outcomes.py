"""What became of the last messages, and of the last ones of many profiles: for the console. Pure.

It is fed for every message, so it costs next to nothing: what is known already is kept as it is,
and nothing is rendered or searched before somebody asks.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from consumer.part import Change, Ending, Partition, Receipt
    from schemas.planhat import Resource

RECENT: Final = 5000
RECENT_BYTES: Final = 24 << 20
PROFILES: Final = 20_000
_OVERHEAD_BYTES: Final = 600


def is_same(name: str | None, wanted: str) -> bool:
    """Compare a name with a wanted one in lower case, cheaply: most differ in length."""
    return name is not None and len(name) == len(wanted) and name.lower() == wanted


class Outcome(NamedTuple):
    """The end of a message at `at` (seconds since 1970).

    `changes` (what was sent, or refused) and `skips` are emptied when the outcome is no longer
    among the last ones: then only `ending` and `reason` are known. `size` is in bytes.
    """

    at: float
    hull_id: str
    external_id: str | None
    email: str | None
    channel: str
    ending: Ending
    reason: str
    partition: Partition
    offset: int
    position: int | None
    changes: list[Change]
    skips: list[tuple[Resource, str]]
    size: int


class Outcomes:
    """The last outcomes with what was sent, and the last ones of more profiles without."""

    def __init__(
        self, recent: int = RECENT, size: int = RECENT_BYTES, most: int = PROFILES
    ) -> None:
        """Keep `recent` outcomes in about `size` bytes, and those of `most` profiles."""
        self._most_recent = recent
        self._most_bytes = size
        self._most_profiles = most
        self._bytes = 0
        self._recent: deque[Outcome] = deque()
        self._last: OrderedDict[str, Outcome] = OrderedDict()
        self._before: OrderedDict[str, Outcome] = OrderedDict()

    def __len__(self) -> int:
        """Profiles whose last outcome is known."""
        return len(self._last)

    @property
    def since(self) -> float | None:
        """When the oldest outcome that is remembered ended; None if there is none."""
        return next(iter(self._last.values())).at if self._last else None

    def note(self, receipt: Receipt, now: float) -> None:
        """A message is final; `now` in seconds since 1970."""
        ticket = receipt.ticket
        record = ticket.record
        value = record.value
        size = _OVERHEAD_BYTES + (len(value) // (len(ticket.profiles) or 1) if value else 0)
        hull_id = receipt.hull_id
        # Not by keywords: this is done for each message, and they double what it costs.
        outcome = Outcome._make(
            (
                now,
                hull_id,
                receipt.external_id,
                receipt.email,
                receipt.channel,
                receipt.ending,
                receipt.reason,
                record.partition,
                record.offset,
                receipt.position,
                receipt.changes,
                receipt.skips,
                size,
            )
        )
        recent = self._recent
        recent.append(outcome)
        self._bytes += size
        while len(recent) > self._most_recent or self._bytes > self._most_bytes:
            oldest = recent.popleft()
            self._bytes -= oldest.size
            oldest.changes.clear()
            oldest.skips.clear()
        if hull_id:
            self._remember(hull_id, outcome)

    def latest(self, most: int) -> list[Outcome]:
        """The last outcomes of all, newest first."""
        return [one for one, _ in zip(reversed(self._recent), range(most), strict=False)]

    def find(self, query: str, most: int) -> list[Outcome]:
        """What became of a profile, newest first: all that is remembered, up to `most`."""
        wanted = query.strip()
        hull_ids = {wanted} if wanted in self._last else self._named(wanted.lower())
        found = {id(one): one for one in self._recent if one.hull_id in hull_ids}
        for store in (self._last, self._before):
            found |= {id(store[name]): store[name] for name in hull_ids if name in store}
        return sorted(found.values(), key=lambda one: one.at, reverse=True)[:most]

    def _named(self, name: str) -> set[str]:
        """Hull ids of the profiles with that external id or e-mail address, in lower case."""
        if not name:
            return set()
        return {
            one.hull_id
            for one in self._last.values()
            if is_same(one.external_id, name) or is_same(one.email, name)
        }

    def _remember(self, hull_id: str, outcome: Outcome) -> None:
        last = self._last
        old = last.get(hull_id)
        last[hull_id] = outcome
        if old is None:
            if len(last) > self._most_profiles:
                gone = last.popitem(last=False)[0]
                self._before.pop(gone, None)
            return
        last.move_to_end(hull_id)
        # `nothing changed` must not cover what became of the change before it.
        if old.ending != outcome.ending or old.reason != outcome.reason:
            self._before[hull_id] = old
            self._before.move_to_end(hull_id)
            if len(self._before) > self._most_profiles:
                self._before.popitem(last=False)
