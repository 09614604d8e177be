"""Merges that wait until all is read that was published before them. Pure.

An older message of the loser, read after the merge, would bring its contact back. In our own
partitions to have read it is enough, as claims keep the order from then on; of the partitions of
others we know what they committed. "Before" is by the timestamps that Kafka keeps, and only what is
strictly earlier is waited for: so of two merges at most one waits for the other.

A merge waits in front of the lanes: had it joined the queues of its identities, what is read
meanwhile would stand behind it. Later messages of the survivor wait with it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from consumer.decide.decision import Payload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumer.decide.decision import UserDecision
    from consumer.offsets.record import Partition
    from consumer.offsets.ticket import Backlog, Receipt

MOST_SECONDS: Final = 120.0
"""So long a merge waits at most; then it goes all the same."""

MOST_ASKED: Final = 8
"""Moments that Kafka is asked about at a time: with them all merges are let go that may go, or
nearly all."""

CLEAR_SECONDS: Final = 10.0
"""So long a merge waits for merges of other members: for theirs to go first, if they can."""

_END: Final = 253_402_300_799_000
"""Milliseconds since 1970 that no record reaches: what has no timestamp waits for all there is."""


class Held:
    """A message that waits: a merge, or what came after it of the same user."""

    __slots__ = ("at", "decision", "is_hurried", "receipt", "since")

    def __init__(self, decision: UserDecision, receipt: Receipt, now: float) -> None:
        self.decision = decision
        self.receipt = receipt
        self.since = now
        self.is_hurried = False
        self.at = round(receipt.ticket.record.timestamp * 1000) or _END
        """When it was published: milliseconds since 1970."""


class Barrier:
    """Who waits, by Hull id, and up to where partitions must be read for it."""

    def __init__(self, *, is_on: bool = True) -> None:
        """Nobody waits; where it is not on, nobody ever does."""
        self.is_on = is_on
        self._waiting: dict[str, list[Held]] = {}
        self._targets: dict[int, Mapping[Partition, int]] = {}
        self._clear_since: dict[int, float] = {}

    def __len__(self) -> int:
        """Messages that wait."""
        return sum(map(len, self._waiting.values()))

    def clear(self) -> None:
        """Forget all: their partitions were revoked."""
        self._waiting.clear()
        self._targets.clear()
        self._clear_since.clear()

    def holds(self, decision: UserDecision, receipt: Receipt, now: float) -> bool:
        """Let a message wait if it is a merge, or of a survivor that waits; False if it may go."""
        is_merge = bool(decision.merged) and isinstance(decision.enduser, Payload)
        queue = self._waiting.get(decision.hull_id)
        if queue is None:
            if not is_merge:
                return False
            queue = self._waiting[decision.hull_id] = []
        receipt.open += 1
        held = Held(decision, receipt, now)
        if queue:  # clocks may go back, the order of a user's messages may not
            held.at = max(held.at, queue[-1].at)
        queue.append(held)
        return True

    def asks(self) -> list[int]:
        """Moments to ask Kafka about (`told`): the oldest and the newest merge, and some between.

        Milliseconds since 1970.
        """
        merges = sorted({held.at for held in self._merges()})
        if not merges:
            return []
        steps = MOST_ASKED - 1
        wanted = {merges[(len(merges) - 1) * step // steps] for step in range(steps + 1)}
        newer = {at: targets for at, targets in self._targets.items() if at >= merges[0]}
        self._targets = newer
        self._clear_since = {at: since for at, since in self._clear_since.items() if at in newer}
        return sorted(wanted - newer.keys())

    def told(self, at: int, targets: Mapping[Partition, int]) -> None:
        """All that was published before `at` lies below these offsets."""
        self._targets[at] = targets

    def partitions(self) -> set[Partition]:
        """All that merges wait for, as far as it was told."""
        return {name for targets in self._targets.values() for name in targets}

    def clear_of(self, backlog: Backlog, read: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Up to where partitions hold nothing open but what waits here; all below `read` was read.

        Others need not wait for that: their merges would wait for ours, one after the other.
        """
        held = Counter([one.receipt.ticket for queue in self._waiting.values() for one in queue])
        found: dict[Partition, int] = {}
        if not held:
            return found
        for ticket in backlog.open:
            if not ticket.is_read or held[ticket] < ticket.messages:
                found.setdefault(ticket.record.partition, ticket.record.offset)
        return {**read, **found}

    def look(
        self,
        reached: Mapping[Partition, int],
        now: float,
        clear: Mapping[Partition, int] | None = None,
    ) -> list[Held]:
        """Give who may go, in the order in which they were published.

        All below `reached` is read, or final for others; below `clear` others hold merges only,
        which is waited for a while.
        """
        newest = self._newest(reached, clear, now)
        going: list[Held] = []
        for hull_id in list(self._waiting):
            queue = self._waiting[hull_id]
            count = 0
            for held in queue:
                if held.decision.merged and held.at > newest:
                    if now - held.since < MOST_SECONDS:
                        break
                    held.is_hurried = True
                count += 1
            going += queue[:count]
            if count == len(queue):
                del self._waiting[hull_id]
            else:
                del queue[:count]
        going.sort(key=_published)
        return going

    def _newest(
        self, reached: Mapping[Partition, int], clear: Mapping[Partition, int] | None, now: float
    ) -> int:
        """The newest moment before which nothing is waited for any more."""
        newest = max((at for at in self._targets if self._is_reached(at, reached)), default=0)
        for at in self._targets:
            if clear is None or not self._is_reached(at, clear):
                self._clear_since.pop(at, None)
            elif now - self._clear_since.setdefault(at, now) >= CLEAR_SECONDS:
                newest = max(newest, at)
        return newest

    def _merges(self) -> list[Held]:
        return [held for queue in self._waiting.values() for held in queue if held.decision.merged]

    def _is_reached(self, at: int, reached: Mapping[Partition, int]) -> bool:
        return all(reached.get(name, 0) >= offset for name, offset in self._targets[at].items())


def _published(held: Held) -> int:
    return held.at
