"""What became of the last messages, and of the last ones of many profiles: for the console. Pure.

It is fed for every message, so it costs next to nothing: the end of a message is a line in a log of
bytes, written by hundreds. Nothing is indexed, rendered or searched before somebody asks. The log
is bounded: when its oldest block goes, what nothing later covers is written once more at its end.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from consumer.outcome_block import Block, Outcome
from consumer.steps import Steps, in_one_go

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from consumer.outcome_block import Row
    from consumer.part import Ending, Receipt

_MOST_SAVED: Final = 4
"""Old blocks that are gone through for each new one: the rest is forgotten unread."""
_MOST_NAMED: Final = 20
"""Profiles of one name that are shown."""
_MOST_NEW_BYTES: Final = 1 << 20


def is_same(name: str | None, wanted: str) -> bool:
    """Compare a name with a wanted one in lower case, cheaply: most differ in length."""
    return name is not None and len(name) == len(wanted) and name.lower() == wanted


@dataclass(frozen=True, slots=True)
class Room:
    """How much is remembered.

    The last `outcomes`, in at most `size` bytes, and what was sent with the last of them in at most
    `payload_size` bytes. As long as there are at most `silent` different ones (a profile, what
    became of it, and why), the last of each is among them. `at_once` are written together.
    """

    outcomes: int = 15_000
    silent: int = 10_000
    size: int = 4 << 20
    payload_size: int = 2 << 20
    at_once: int = 256


class Outcomes:
    """The last outcomes, the newest of them with what was sent."""

    def __init__(self, room: Room | None = None) -> None:
        """Nothing ended yet."""
        self._room = room or Room()
        self._at_once = self._room.at_once
        self._rows: list[Row] = []
        self._payloads: list[bytes] = []
        self._new_size = 0
        self._saved: dict[int, tuple[int, Row]] = {}
        self._written = 0
        self._blocks: deque[Block] = deque()
        self._with_payloads: deque[Block] = deque()
        self._count = 0
        self._size = 0
        self._payload_size = 0
        self._saved_size = 0
        self._newest: dict[int, int] = {}

    def __len__(self) -> int:
        """Outcomes that are remembered."""
        return self._count + len(self._rows) + len(self._saved)

    @property
    def since(self) -> float | None:
        """When the oldest outcome that is remembered ended; None if there is none."""
        first = [*self._rows[:1], *(row for _, row in islice(self._saved.values(), 1))]
        starts = [row[0] for row in first]
        return min([*starts, *(block.since for block in self._blocks)], default=None)

    def note(self, receipt: Receipt, ending: Ending, reason: str, now: float) -> None:
        """A message is final; `now` in seconds since 1970."""
        changes = []
        for change in receipt.changes:
            changes.append(change[:5])
            payload = change[5]
            self._payloads.append(payload)
            self._new_size += len(payload)
        record = receipt.ticket.record
        topic, partition = record.partition
        # A bare tuple: to make an Outcome of it takes as long as all the rest here.
        rows = self._rows
        rows.append(
            (
                now,
                receipt.hull_id,
                receipt.external_id,
                receipt.email,
                receipt.channel,
                ending,
                reason,
                topic,
                partition,
                record.offset,
                receipt.position,
                changes,
                receipt.skips,
            )
        )
        if len(rows) >= self._at_once or self._new_size > _MOST_NEW_BYTES:
            self._write()
            self._forget()

    def latest(self, most: int) -> list[Outcome]:
        """The last outcomes of all, newest first."""
        found: list[Outcome] = []
        for block in self._newest_first():
            if len(found) >= most:
                break
            if not block.is_saved:
                found += reversed(block.last(most - len(found)))
        return found

    def find(self, query: str, most: int) -> list[Outcome]:
        """What became of a profile, newest first: all that is remembered, up to `most`."""
        return in_one_go(self.search(query, most))

    def search(self, query: str, most: int) -> Steps[list[Outcome]]:
        """Find it in steps, so that nobody is held up by a question."""
        wanted = query.strip().lower()
        if not wanted:
            return []
        named = yield from self._look({wanted}, most)
        hull_ids = dict.fromkeys(one.hull_id for one in named if one.hull_id)
        names = {name.lower() for name in islice(hull_ids, _MOST_NAMED)}
        # By an address only those are found that carry it: what else became of the same profile?
        found = named if names <= {wanted} else (yield from self._look(names, most))
        return sorted(found, key=attrgetter("at"), reverse=True)[:most]

    def _look(self, names: set[str], most: int) -> Steps[list[Outcome]]:
        found: list[Outcome] = []

        def wants(given: Sequence[str | None]) -> bool:
            return any(name is not None and name.lower() in names for name in given)

        for block in list(self._newest_first()):
            if len(found) >= most and not block.is_saved:
                continue
            if any(block.may_hold(name) for name in names):
                found += reversed(block.outcomes(wants))
            yield
        return found

    def _newest_first(self) -> Iterator[Block]:
        if self._rows:
            yield Block.of(0, self._rows, b"\n".join(self._payloads))
        yield from reversed(self._blocks)
        if self._saved:
            yield Block.of(0, [row for _, row in self._saved.values()])

    def _write(self) -> None:
        block = Block.of(self._number(), self._rows, b"\n".join(self._payloads))
        self._rows, self._payloads, self._new_size = [], [], 0
        self._add(block)
        self._with_payloads.append(block)
        self._payload_size += len(block.payloads or b"")

    def _number(self) -> int:
        self._written += 1
        return self._written

    def _add(self, block: Block) -> None:
        self._blocks.append(block)
        self._count += len(block.keys)
        self._size += len(block.rows)
        self._saved_size += len(block.rows) * block.is_saved
        self._newest.update(dict.fromkeys(block.keys, block.number))

    def _forget(self) -> None:
        room = self._room
        while self._payload_size > room.payload_size:
            block = self._with_payloads.popleft()
            self._payload_size -= len(block.payloads or b"")
            block.payloads = None
        left = _MOST_SAVED
        while self._blocks and (self._count > room.outcomes or self._size > room.size):
            self._drop(can_save=left > 0 and self._has_room_for_silent())
            left -= 1

    def _has_room_for_silent(self) -> bool:
        """What is saved takes at most half of the room: the rest is for what is new."""
        room = self._room
        return len(self._newest) <= room.silent and self._saved_size <= room.size // 2

    def _drop(self, *, can_save: bool) -> None:
        """Let the oldest block go; what nothing later covers can be saved."""
        block = self._blocks.popleft()
        self._count -= len(block.keys)
        self._size -= len(block.rows)
        self._saved_size -= len(block.rows) * block.is_saved
        if self._with_payloads and self._with_payloads[0] is block:
            self._with_payloads.popleft()
            self._payload_size -= len(block.payloads or b"")
        newest, number = self._newest, block.number
        last = [key for key in set(block.keys) if newest[key] == number]
        if not can_save:
            for key in last:
                del newest[key]
        elif last:
            self._save(block, set(last))

    def _save(self, block: Block, last: set[int]) -> None:
        rows = {key: row for key, row in zip(block.keys, block.read(), strict=True) if key in last}
        self._saved.update({key: (block.number, row) for key, row in rows.items()})
        if len(self._saved) < self._room.at_once:
            return
        saved, self._saved = self._saved, {}
        still = [row for key, (number, row) in saved.items() if self._newest.get(key) == number]
        if still:
            self._add(Block.of(self._number(), still))
