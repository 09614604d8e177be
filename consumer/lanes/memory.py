"""What is remembered of profiles, bounded: what Planhat took, gave up, or did not know. Pure.

Only what an answer proved is remembered, so that the same is not sent twice. It is forgotten when
anything else that touches the same Planhat record has been sent and is not proved: a failed or
unknown result is never trusted. Until the answer nobody asks, as who is in a request holds its
claims.

A profile is given up when Planhat answered every try of a change with a failure that told nothing
about it (5xx, no answer) while others succeeded. Its next change probably fares no better, but may
be the mended one: it is tried, in a request of its own, and not for long.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.lanes.claims import Claim

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

REMEMBERED: Final = 43_690
"""How much is remembered, by default: half of it just fits into a dictionary of 0.65 MB, for one
more CPython would take twice as much."""

REMEMBERED_NAMES: Final = 10_922
"""Likewise of what is known by a text, which takes 190 bytes: 3 MB for the ids of a lane."""


class Generations(Generic[Key, Value]):
    """A bounded dictionary in three: when the youngest is full, the oldest is forgotten.

    So it remembers what the last `size` times were put, and up to half as many keys more. One that
    moves each key to its end when it is put, and drops its first, takes four times the memory.
    """

    __slots__ = ("_old", "_oldest", "_size", "_young")

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = -(-size // 2)
        self._young: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}
        self._oldest: dict[Key, Value] = {}

    def __len__(self) -> int:
        """Entries that are held; those that were put again may count more than once."""
        return len(self._young) + len(self._old) + len(self._oldest)

    def get(self, key: Key) -> Value | None:
        """What was put last; None if that is forgotten, or nothing was."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
        return self._oldest.get(key) if found is None else found

    def put(self, key: Key, value: Value) -> None:
        """Remember."""
        self._young[key] = value
        if len(self._young) >= self._size:
            self._young, self._old, self._oldest = {}, self._young, self._old

    def put_all(self, keys: Sequence[Key], value: Value) -> None:
        """Remember one value under several keys."""
        for key in keys:
            self._young[key] = value
            if len(self._young) >= self._size:
                self._young, self._old, self._oldest = {}, self._young, self._old

    def pop(self, key: Key) -> bool:
        """Forget a key; False if nothing was known of it."""
        found = self._young.pop(key, None)
        found = self._old.pop(key, found)
        found = self._oldest.pop(key, found)
        return found is not None

    def clear(self) -> None:
        """Forget all."""
        self._young, self._old, self._oldest = {}, {}, {}


def short(name: str) -> int:
    """60 bits for a name, in a third of its memory.

    For where a mix-up (one in 10^13, at the sizes here) does little harm. The bits differ from
    process to process, so that nobody can choose names that meet.
    """
    return hash(name) >> 4


class Memory:
    """Digests by claim and Planhat's ids by the key of a profile; the unused ones are forgotten.

    When partitions go, the digests are cleared, as somebody else may write from then on. Planhat's
    ids stay what they are.
    """

    def __init__(self, digests: int = REMEMBERED, stale: StaleIds | None = None) -> None:
        """Keep so many digests, and up to half as many more; `stale` may be shared."""
        self.digests = Generations[Hashable, int](digests)
        self.ids = Generations[str, str](REMEMBERED_NAMES)
        self.stale = StaleIds() if stale is None else stale

    def holds(self, claims: Sequence[Claim], digest: int) -> bool:
        """Whether the last that was taken for all these claims is exactly this."""
        digests = self.digests
        for claim in claims:  # noqa: SIM110 - a generator for each profile costs more than this
            if digests.get(claim) != digest:
                return False
        return True

    def knows(self, key: str) -> bool:
        """Whether Planhat is known to have a profile."""
        return self.digests.get(short(key)) is not None or self.ids.get(key) is not None

    def forget(self, claims: Sequence[Claim]) -> None:
        """Something else may have come to Planhat: nothing is certain."""
        for claim in claims:
            self.digests.pop(claim)

    def forget_profile(self, key: str) -> None:
        """What was known of a profile does not hold: its record is gone."""
        self.digests.pop(short(key))
        self.ids.pop(key)


MOST_IDS: Final = 10_000


class StaleIds:
    """The last ids that failed; the oldest are forgotten first, and would fail once more."""

    def __init__(self, most: int = MOST_IDS) -> None:
        self._most = most
        self._ids: OrderedDict[str, None] = OrderedDict()

    def add(self, planhat_id: str) -> None:
        """It did not hold."""
        self._ids[planhat_id] = None
        self._ids.move_to_end(planhat_id)
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)

    def discard(self, planhat_id: str) -> None:
        """It holds after all."""
        self._ids.pop(planhat_id, None)

    def holds(self, planhat_id: object) -> bool:
        """Whether this id is one that failed."""
        return bool(self._ids) and planhat_id in self._ids


REMEMBERED_SECONDS: Final = 600.0
"""A profile that changes seldom has the patience of any other each time."""

MOST_PROFILES: Final = 10_000


class PoisonProfiles:
    """Keys of the profiles that were given up of late, bounded; the oldest are forgotten first."""

    def __init__(self, most: int = MOST_PROFILES) -> None:
        self._most = most
        self.since: OrderedDict[str, float] = OrderedDict()

    def add(self, key: str, now: float) -> None:
        """A change of this profile was given up."""
        self.since[key] = now
        self.since.move_to_end(key)
        if len(self.since) > self._most:
            self.since.popitem(last=False)

    def holds(self, key: str, now: float) -> bool:
        """Whether a change of this profile was given up lately, and none delivered since."""
        since = self.since.get(key)
        return since is not None and now - since <= REMEMBERED_SECONDS

    def forgive(self, key: str) -> None:
        """It was delivered: it is a profile like any other."""
        self.since.pop(key, None)

    def clear(self) -> None:
        """Others may have delivered them meanwhile."""
        self.since.clear()
