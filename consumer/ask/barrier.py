"""Asks Kafka how far all partitions are, while merges wait for what was published before them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.ask.rest import Rest
from consumer.clock import loop_time
from consumer.errors import KafkaError
from consumer.offsets.offsets import clear_end

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from consumer.engine.engine import Engine
    from consumer.offsets.record import Partition, Positions

_log = structlog.get_logger("consumer.merges")

_LOOK_SECONDS = 1.0
_ANSWER_SECONDS = 10.0


class Topics(Protocol):
    """What is asked of Kafka; all raise KafkaError."""

    async def offsets_at(self, milliseconds: int) -> Mapping[Partition, int]:
        """The first offset of that time or later, else the end, of all partitions."""

    async def committed(self, partitions: Sequence[Partition]) -> Positions:
        """What the group committed last."""

    async def position(self, partition: Partition) -> int | None:
        """The offset of one of ours that is read next."""


class BarrierWatch:
    """Lets merges go as soon as all is read that was published before them."""

    def __init__(
        self,
        topics: Topics,
        engine: Engine,
        tell: Callable[[str], None],
        wake: Callable[[], None],
    ) -> None:
        """`tell` hears of each merge that goes, `wake` is called when one does."""
        self._topics = topics
        self._engine = engine
        self._barrier = engine.planner.barrier
        self._tell = tell
        self._wake = wake
        self._seen: dict[Partition, int] = {}
        self._clear: Mapping[Partition, int] | None = None
        self.rest = Rest(engine, _LOOK_SECONDS)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.rest.take()
            if not len(self._barrier):
                continue
            reached: Mapping[Partition, int] = {}
            self._clear = None
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    reached = await self._reached()
            except (KafkaError, TimeoutError) as error:
                _log.warning("merges.not_looked_at", reason=str(error) or "time-out")
            self._let_go(reached)

    async def _reached(self) -> Mapping[Partition, int]:
        """Up to where partitions are read, if they are ours, or final for others."""
        for moment in self._barrier.asks():
            self._barrier.told(moment, await self._topics.offsets_at(moment))
        owned = self._engine.assignment.owned
        others = [name for name in self._barrier.partitions() if name not in owned]
        committed = await self._topics.committed(others) if others else {}
        reached = {name: at for name, (at, _) in committed.items()}
        clear = {name: clear_end(at, told) for name, (at, told) in committed.items()}
        for name, offsets in list(owned.items()):
            reached[name] = max(offsets.position or 0, await self._passed(name))
        self._clear = {**reached, **clear}
        return reached

    async def _passed(self, partition: Partition) -> int:
        """Where Kafka's client stands if it has not moved since the last look.

        Then all before was taken, or is nothing for us: the marker at the end of a transaction.
        """
        position = await self._topics.position(partition) or 0
        before, self._seen[partition] = self._seen.get(partition, -1), position
        return position if position == before else 0

    def _let_go(self, reached: Mapping[Partition, int]) -> None:
        going = self._engine.reached(reached, loop_time(), self._clear)
        for held in going:
            if held.decision.merged:
                self._tell("hurried" if held.is_hurried else "in order")
        hurried = sum(held.is_hurried for held in going)
        if hurried:
            reason = "what was published before is not read, or not final for other members"
            _log.warning("merge.hurried", merges=hurried, reason=reason)
        if going:
            self._wake()
