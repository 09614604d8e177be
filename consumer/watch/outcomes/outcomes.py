"""What became of the last messages, and of the last ones of many profiles: for the console. Pure.

It is fed for every message, so it costs next to nothing: the end of a message is a line in a log of
text. Nothing is indexed, rendered or searched before somebody asks. The log is bounded: when its
oldest blocks go, what nothing later covers is written once more, as the last word of who is silent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from consumer.watch.outcomes.block import Block, Outcome, ended_at, place_of, row_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from consumer.offsets.record import Partition
    from consumer.offsets.ticket import Change, Ending, Receipt

Found = TypeVar("Found")
Steps: TypeAlias = Generator[None, None, Found]
"""A search that yields each millisecond or so, lest a question hold up the service."""

_KEPT: Final = 0.75
"""Share of a full log that is kept: so it is gone through seldom."""
_COVERED: Final = 0.25
"""Share of a block that may be dispensable before it is written anew."""
_MOST_NAMED: Final = 20
"""Profiles of one name that are shown."""
_MOST_NEW_BYTES: Final = 64 << 10
_TICK_SECONDS: Final = 0.001


def is_same(name: str | None, wanted: str) -> bool:
    """Compare a name with a wanted one in lower case, cheaply: most differ in length."""
    return name is not None and len(name) == len(wanted) and name.lower() == wanted


@dataclass(frozen=True, slots=True)
class Room:
    """How much is remembered.

    At most `outcomes`, and always the last three quarters of them, in at most `size` bytes; and
    what was sent with the last of them in at most `payload_size` bytes. As long as there are at
    most `silent` different ones (a profile, what became of it, and why), the last of each is kept
    beside them. `at_once` are written together.

    To keep what was sent costs time when thousands end each second: then it is kept of
    `payloads_a_second` changes only, after the first `payloads_at_once`.
    """

    outcomes: int = 20_000
    silent: int = 10_000
    size: int = 4 << 20
    payload_size: int = 2 << 20
    payloads_a_second: float = 500.0
    payloads_at_once: int = 5000
    at_once: int = 256


class Outcomes:
    """The last outcomes, the newest of them with what was sent."""

    def __init__(self, room: Room | None = None) -> None:
        self._room = room or Room()
        self._at_once = self._room.at_once
        self.keeps_payloads = True
        """Whether there is room for what was sent with what ends now."""
        self._allowed = float(self._room.payloads_at_once)
        self._allowed_at = 0.0
        self._rows: list[str] = []
        self._keys: list[int] = []
        self._payloads: list[bytes] = []
        self._new_size = 0
        self._new_since = 0.0
        self._blocks: deque[Block] = deque()
        self._with_payloads: deque[Block] = deque()
        self._silent: list[Block] = []
        self._count = 0
        self._size = 0
        self._payload_size = 0
        # What many rows have in common is made once.
        self._at = ""
        self._at_until = 0.0
        self._partition: Partition | None = None
        self._place = ""

    @property
    def since(self) -> float | None:
        """When the oldest outcome that is remembered ended; None if there is none."""
        new = [self._new_since] if self._rows else []
        written = [*self._silent, *islice(self._blocks, 1)]
        return min([*new, *(block.since for block in written)], default=None)

    def note(self, receipt: Receipt, ending: Ending, reason: str, now: float) -> None:
        """A message is final; `now` in seconds since 1970."""
        changes = self._kept(receipt, now) if receipt.changes or not self.keeps_payloads else ()
        if not self._rows:
            self._new_since = now
        if not self._at_until - _TICK_SECONDS <= now < self._at_until:
            self._at, self._at_until = str(int(now * 1000)), now + _TICK_SECONDS
        partition = receipt.ticket.record.partition
        if partition is not self._partition:
            self._partition, self._place = partition, place_of(partition)
        row = row_of(receipt, ending, reason, changes, self._at, self._place)
        self._rows.append(row)
        # By these three a later one makes it dispensable: a profile, its end, and why. Where only
        # what hangs on the profile was sent, it is another end than that of the profile itself.
        why = reason or (receipt.profile_skip if receipt.skips else "")
        self._keys.append(hash((receipt.hull_id, ending, why)))
        self._new_size += len(row)
        if len(self._rows) >= self._at_once or self._new_size > _MOST_NEW_BYTES:
            self._write()

    def _kept(self, receipt: Receipt, now: float) -> Sequence[Change]:
        """The changes of which is kept what was sent; part of it would tell less than nothing."""
        room, changes = self._room, receipt.changes
        since, self._allowed_at = now - self._allowed_at, now
        allowed = self._allowed + max(0.0, since) * room.payloads_a_second
        self._allowed = min(allowed, float(room.payloads_at_once)) - len(changes)
        self.keeps_payloads = self._allowed > 0
        if len(changes) < receipt.delivered and not receipt.rejections:
            return ()
        for change in changes:
            payload = change[5]
            self._payloads.append(payload)
            self._new_size += len(payload)
        return changes

    def latest(self, most: int) -> list[Outcome]:
        """The last outcomes of all, newest first."""
        found: list[Outcome] = []
        for block in self._log():
            if len(found) >= most:
                break
            found += reversed(block.last(most - len(found)))
        return found

    def search(self, query: str, most: int) -> Steps[list[Outcome]]:
        """Find what became of a profile, newest first: all that is remembered, up to `most`."""
        wanted = query.strip().lower()
        if not wanted:
            return []
        blocks = [*self._log(), *reversed(self._silent)]
        named = yield from _look(blocks, {wanted}, most)
        hull_ids = dict.fromkeys(one.hull_id for one in named if one.hull_id)
        names = {name.lower() for name in islice(hull_ids, _MOST_NAMED)}
        # By an address only those are found that carry it: what else became of the same profile?
        found = named if names <= {wanted} else (yield from _look(blocks, names, most))
        return sorted(found, key=attrgetter("at"), reverse=True)[:most]

    def _log(self) -> Iterator[Block]:
        """All but who is silent, the newest first."""
        if self._rows:
            yield self._new_block()
        yield from reversed(self._blocks)

    def _new_block(self) -> Block:
        return Block.of(self._rows, self._keys, self._new_since, self._payloads)

    def _write(self) -> None:
        """Make a block of what is new, and room for it."""
        room, block = self._room, self._new_block()
        self._rows, self._keys, self._payloads, self._new_size = [], [], [], 0
        self._blocks.append(block)
        self._count += len(block.keys)
        self._size += len(block.rows)
        if block.payloads:
            self._with_payloads.append(block)
            self._payload_size += len(block.payloads)
        while self._payload_size > room.payload_size:
            oldest = self._with_payloads.popleft()
            self._payload_size -= len(oldest.payloads or b"")
            oldest.payloads = None
        free = room.size - sum(len(one.rows) for one in self._silent)
        if self._count > room.outcomes or self._size > free:
            self._forget(free * _KEPT)

    def _forget(self, size: float) -> None:
        """Let the oldest blocks go, all but the last word of who is silent since."""
        old: list[Block] = []
        while self._blocks and (self._count > self._room.outcomes * _KEPT or self._size > size):
            block = self._blocks.popleft()
            self._count -= len(block.keys)
            self._size -= len(block.rows)
            if self._with_payloads and self._with_payloads[0] is block:
                self._with_payloads.popleft()
                self._payload_size -= len(block.payloads or b"")
            old.append(block)
        self._silent = _last_words(self._silent, old, self._blocks, self._room)


def _look(blocks: Iterable[Block], names: set[str], most: int) -> Steps[list[Outcome]]:
    found: list[Outcome] = []

    def wants(given: Sequence[str]) -> bool:
        return any(name.lower() in names for name in given)

    for block in blocks:
        if len(found) < most and any(block.may_hold(name) for name in names):
            found += reversed(block.outcomes(wants))
        yield
    return found


def _last_words(
    before: Sequence[Block], old: Sequence[Block], later: Sequence[Block], room: Room
) -> list[Block]:
    """Of `old`, and of those kept `before`, what nothing later covers, in half of the room."""
    covered: set[int] = set()
    for block in reversed(later):
        covered.update(block.keys)
        if len(covered) > room.silent:
            return []
    fresh: list[tuple[int, str]] = []
    for block in reversed(old):
        if not covered.issuperset(block.keys):
            fresh += _uncovered(block, covered)
    kept: list[Block] = []
    for block in reversed(before):
        dispensable = len(covered.intersection(block.keys))
        if dispensable > len(block.keys) * _COVERED or len(block.keys) < room.at_once:
            fresh += _uncovered(block, covered)
        else:
            covered.update(block.keys)
            kept.append(block)
    fresh.sort(key=lambda kept: ended_at(kept[1]))
    for first in range(0, len(fresh), room.at_once):
        keys, rows = zip(*fresh[first : first + room.at_once], strict=True)
        kept.append(Block.of(rows, keys, ended_at(rows[0])))
    return _newest(kept, room.silent, room.size // 2)


def _newest(blocks: list[Block], count: int, size: int) -> list[Block]:
    """The newest that fit into so many outcomes and bytes, the oldest first."""
    blocks.sort(key=attrgetter("since"))
    for position, block in enumerate(reversed(blocks)):
        count -= len(block.keys)
        size -= len(block.rows)
        if count < 0 or size < 0:
            return blocks[len(blocks) - position :]
    return blocks


def _uncovered(block: Block, covered: set[int]) -> list[tuple[int, str]]:
    """The last of each of those that nothing covers; each covers those before it."""
    found: list[tuple[int, str]] = []
    for key, row in zip(reversed(block.keys), reversed(block.read()), strict=True):
        if key not in covered:
            covered.add(key)
            found.append((key, row))
    return found
