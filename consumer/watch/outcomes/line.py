"""The end of a message as a line for the outcomes topic (schemas/outcome). Pure.

A line is made for each message, so it is put together from text as things end, and nothing of it
lives on as an object. What stands in many lines is made once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from consumer.offsets.record import Partition

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.offsets.ticket import Ending, Receipt
    from consumer.watch.outcomes.changes import Changes
    from consumer.watch.outcomes.named import Named

_MOST_SKIPS: Final = 50
_TICK_SECONDS: Final = 0.001
_MILLIS: Final = 1000
_NOBODY: Final = Partition("", -1)


class Lines:
    """Makes lines, and keeps them until they are taken; `changes` are told of their changes."""

    def __init__(
        self,
        named: Named,
        changes: Changes,
        full: Callable[[], None],
        at_once: int = 256,
        size_at_once: int = 1 << 16,
    ) -> None:
        """`full` is called, amid other work, when so many lines, or letters, wait to be taken."""
        self.changes = changes
        self._named = named
        self._full = full
        self._at_once = at_once
        self._size_at_once = size_at_once
        self._rows: list[str] = []
        self._size = 0
        self._since = 0
        self._partition = _NOBODY
        self._place = ""
        self._at = 0
        self._at_until = 0.0

    def __len__(self) -> int:
        """Lines that wait to be taken."""
        return len(self._rows)

    def note(self, receipt: Receipt, ending: Ending, reason: str, now: float) -> None:
        """A message is final; `now` in seconds since 1970."""
        if not self._at_until - _TICK_SECONDS <= now < self._at_until:
            self._at, self._at_until = int(now * _MILLIS), now + _TICK_SECONDS
        record = receipt.ticket.record
        if record.partition is not self._partition:
            self._stand_in(record.partition)
        row = (
            f'{{"kind":"outcome","at":{self._at},"ending":"{ending}",{self._place}'
            f',"offset":{record.offset}'
        )
        if receipt.position is not None:
            row += f',"position":{receipt.position}'
        if record.timestamp > 0:
            row += f',"appended_at":{int(record.timestamp * _MILLIS + 0.5)}'
        row += self._whom(receipt)
        if reason:
            row += f',"reason":{self._named.often(reason)}'
        if receipt.skips:
            row += self._skips(receipt)
        if receipt.noted:
            row += f"{receipt.noted}]"
            receipt.noted = ""
        self._keep(f"{row}}}\n")

    def take(self) -> tuple[bytes, int, int, int]:
        """Take what waits: the lines, how many, and when the first and the last ended (ms)."""
        rows, self._rows, self._size = self._rows, [], 0
        return "".join(rows).encode("utf-8", "replace"), len(rows), self._since, self._at

    def _keep(self, row: str) -> None:
        if not self._rows:
            self._since = self._at
        self._rows.append(row)
        self._size += len(row)
        if len(self._rows) >= self._at_once or self._size > self._size_at_once:
            self._full()

    def _stand_in(self, partition: Partition) -> None:
        self._partition = partition
        topic = orjson.dumps(partition.topic).decode()
        self._place = f'"topic":{topic},"partition":{partition.number}'

    def _whom(self, receipt: Receipt) -> str:
        named = self._named
        told = f',"hull_id":{named.name(receipt.hull_id)}'
        if receipt.external_id:
            told += f',"external_id":{named.name(receipt.external_id)}'
        if receipt.email:
            told += named.email(receipt.email)
        if receipt.channel:
            told += f',"channel":{named.often(receipt.channel)}'
        if receipt.life:
            told += f',"life":{named.often(receipt.life)}'
        if receipt.merged:
            losers = [named.name(one.hull_id) for one in receipt.merged if one.hull_id]
            told += f',"merged":[{",".join(losers)}]'
        return told

    def _skips(self, receipt: Receipt) -> str:
        often = self._named.often
        some = [
            f'{{"resource":"{resource.value}","reason":{often(why)}}}'
            for resource, why in receipt.skips[:_MOST_SKIPS]
        ]
        return f',"skips":[{",".join(some)}]'
