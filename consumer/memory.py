"""What Planhat last took of each profile, bounded: so that the same is not sent twice.

Only what an answer proved is remembered, and it is forgotten as soon as anything else that touches
the same Planhat record takes off: a failed or unknown result is never trusted.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

Value = TypeVar("Value")


class Memory:
    """Digests by claim and Planhat's ids by profile; the longest unused are forgotten first."""

    def __init__(self, most: int, most_ids: int | None = None) -> None:
        """Keep at most `most` digests and `most_ids` ids (by default as many)."""
        self._most = most
        self._most_ids = most if most_ids is None else most_ids
        self._digests: OrderedDict[str, int] = OrderedDict()
        self._ids: OrderedDict[str, str] = OrderedDict()

    def __len__(self) -> int:
        """Claims with a known digest."""
        return len(self._digests)

    def holds(self, claims: Iterable[str], digest: int) -> bool:
        """Tell whether the last that was taken for all these claims is exactly this."""
        return all(self._digests.get(claim) == digest for claim in claims)

    def remember(self, claims: Iterable[str], digest: int) -> None:
        """Planhat took this."""
        digests = self._digests
        for claim in claims:
            digests[claim] = digest
            digests.move_to_end(claim)
        while len(digests) > self._most:
            digests.popitem(last=False)

    def forget(self, claims: Iterable[str]) -> None:
        """Something is on its way: nothing is certain until it is answered."""
        for claim in claims:
            self._digests.pop(claim, None)

    def forget_all(self) -> None:
        """Somebody else may write from now on; Planhat's ids stay what they are."""
        self._digests.clear()

    def planhat_id(self, key: str) -> str | None:
        """Planhat's id of a profile."""
        return self._ids.get(key)

    def learn(self, key: str, planhat_id: str) -> None:
        """An answer told the id of a profile."""
        _put(self._ids, key, planhat_id, self._most_ids)

    def unlearn(self, key: str) -> bool:
        """The id of a profile does not hold (any more); False if none was known."""
        return self._ids.pop(key, None) is not None


def _put(store: OrderedDict[str, Value], key: str, value: Value, most: int) -> None:
    store[key] = value
    store.move_to_end(key)
    if len(store) > most:
        store.popitem(last=False)


class Recent:
    """The last things that were seen, bounded."""

    def __init__(self, most: int) -> None:
        """Remember at most `most` of them."""
        self._most = most
        self._seen: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, thing: str) -> bool:
        """Tell whether it was seen, as far as is remembered."""
        return thing in self._seen

    def add(self, thing: str) -> None:
        """Note that it was seen."""
        _put(self._seen, thing, None, self._most)
