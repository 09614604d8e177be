"""What Planhat last took of each profile, bounded: so that the same is not sent twice.

Only what an answer proved is remembered, and it is forgotten as soon as anything else that touches
the same Planhat record takes off: a failed or unknown result is never trusted.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

Key = TypeVar("Key", int, str)
Value = TypeVar("Value", int, str)

REMEMBERED: Final = 43_690
"""How much is remembered, by default: half of it just fits into a dictionary of 0.65 MB, for one
more CPython would take twice as much."""

REMEMBERED_NAMES: Final = 21_844
"""Likewise, with a dictionary of half the size: of what is kept as text, or matters for less."""

_OLDER: Final = 2


class Generations(Generic[Key, Value]):
    """A bounded dictionary in three: when the youngest is full, the oldest is forgotten.

    So it remembers what the last `size` times were put, and up to half as many keys more. One that
    moves each key to its end when it is put, and drops its first, takes four times the memory.
    """

    __slots__ = ("_older", "_size", "_young")

    def __init__(self, size: int = REMEMBERED) -> None:
        """Remember what the last `size` times are put, and up to half as many keys more."""
        self._size = -(-size // _OLDER)
        self._young: dict[Key, Value] = {}
        self._older: deque[dict[Key, Value]] = deque(maxlen=_OLDER)

    def __len__(self) -> int:
        """Entries that are held; those that were put again may count more than once."""
        return len(self._young) + sum(map(len, self._older))

    def get(self, key: Key) -> Value | None:
        """What was put last; None if that is forgotten, or nothing was."""
        found = self._young.get(key)
        if found is None:
            for older in self._older:
                found = older.get(key)
                if found is not None:
                    break
        return found

    def put(self, key: Key, value: Value) -> None:
        """Remember."""
        self._young[key] = value
        if len(self._young) >= self._size:
            self._older.appendleft(self._young)
            self._young = {}

    def pop(self, key: Key) -> bool:
        """Forget a key; False if nothing was known of it."""
        found = self._young.pop(key, None)
        for older in self._older:
            found = older.pop(key, found)
        return found is not None

    def clear(self) -> None:
        """Forget all."""
        self._young = {}
        self._older.clear()


def short(name: str) -> int:
    """60 bits for a name, in a third of its memory.

    For where a mix-up (one in 10^13, at the sizes here) does little harm. The bits differ from
    process to process, so that nobody can choose names that meet.
    """
    return hash(name) >> 4


class Memory:
    """Digests by claim and Planhat's ids by profile; what is unused for long is forgotten."""

    def __init__(self, digests: int = REMEMBERED, ids: int = REMEMBERED_NAMES) -> None:
        """Keep so many digests and ids, and up to half as many more."""
        self._digests = Generations[int, int](digests)
        self._ids = Generations[str, str](ids)

    def __len__(self) -> int:
        """Digests that are held."""
        return len(self._digests)

    def holds(self, claims: Iterable[str], digest: int) -> bool:
        """Tell whether the last that was taken for all these claims is exactly this."""
        get = self._digests.get
        return all(get(short(claim)) == digest for claim in claims)

    def remember(self, claims: Iterable[str], digest: int) -> None:
        """Planhat took this."""
        put = self._digests.put
        for claim in claims:
            put(short(claim), digest)

    def forget(self, claims: Iterable[str]) -> None:
        """Something is on its way: nothing is certain until it is answered."""
        pop = self._digests.pop
        for claim in claims:
            pop(short(claim))

    def forget_all(self) -> None:
        """Somebody else may write from now on; Planhat's ids stay what they are."""
        self._digests.clear()

    def planhat_id(self, key: str) -> str | None:
        """Planhat's id of a profile."""
        return self._ids.get(key)

    def learn(self, key: str, planhat_id: str) -> None:
        """An answer told the id of a profile."""
        self._ids.put(key, planhat_id)

    def unlearn(self, key: str) -> bool:
        """The id of a profile does not hold (any more); False if none was known."""
        return self._ids.pop(key)


class Recent:
    """The last things that were seen, bounded."""

    def __init__(self, size: int = REMEMBERED) -> None:
        """Remember the last `size` of them, and up to half as many more."""
        self._seen = Generations[int, int](size)

    def __contains__(self, thing: str) -> bool:
        """Tell whether it was seen, as far as is remembered."""
        return self._seen.get(short(thing)) is not None

    def add(self, thing: str) -> None:
        """Note that it was seen."""
        self._seen.put(short(thing), 1)
