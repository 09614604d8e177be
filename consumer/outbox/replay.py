"""What a replayed record carries in its headers, and how it is told from others. Pure.

A replay lies behind newer records of its profile. The command that writes it has looked, from the
record's first offset on, for newer ones that were sent; `dl.checked_to` tells how far. What came
between there and the replay itself only the service can see (docs/decisions/0007). Which messages
of an envelope are meant stands there too, as ranges: `0,3,7-12`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from consumer.decide.message import MOST

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from consumer.offsets.record import Header, Headers

_LONGEST: Final = 32 << 10
"""Bytes of what is read: half of `MOST` positions, no two side by side, take 24 KiB."""


def ranges(positions: Iterable[int]) -> str:
    """Write them in their order, runs as `first-last`."""
    runs: list[list[int]] = []
    for position in sorted(set(positions)):
        if runs and runs[-1][1] == position - 1:
            runs[-1][1] = position
        else:
            runs.append([position, position])
    return ",".join(str(one) if one == last else f"{one}-{last}" for one, last in runs)


def read_ranges(text: bytes) -> frozenset[int] | None:
    """Read what `ranges` wrote; None for anything else, an order of their own included."""
    if not text or len(text) > _LONGEST:
        return None
    found: set[int] = set()
    behind = -1
    for part in text.split(b","):
        first, is_run, last = part.partition(b"-")
        begin, end = _position(first), _position(last if is_run else first)
        if not behind < begin <= end:
            return None
        found.update(range(begin, end + 1))
        behind = end
    return frozenset(found)


def _position(text: bytes) -> int:
    is_one = text.isdigit() and len(text) < len(str(MOST))
    return int(text) if is_one else -1


REPLAYS: Final = "dl.replays"
FIRST_OFFSET: Final = "dl.first_offset"
CHECKED_TO: Final = "dl.checked_to"
ONLY: Final = "dl.only"
POSITION: Final = "dl.position"
POSITIONS: Final = "dl.positions"
_EVENTS: Final = b"activities"
_PREFIX: Final = "dl."
_LARGEST: Final = (1 << 63) - 1
"""What Kafka can count to, and what our arrays hold."""
_LONGEST_NUMBER: Final = len(str(_LARGEST))


@dataclass(frozen=True, slots=True)
class Replay:
    """A record that was written before, at `first_offset` of the same partition.

    `checked_to` is None where nobody asks for protection; `positions` are the messages of an
    envelope that are meant, None if all are. With `only_events` its profile has newer data already:
    nothing but its events is to be sent.
    """

    replays: int
    first_offset: int
    checked_to: int | None
    positions: frozenset[int] | None
    only_events: bool = False


def replay(headers: Sequence[Header]) -> Replay | None:
    """Read the headers; None if the record is no replay of ours."""
    if not headers:
        return None
    found = dict(headers)
    replays, first = number(found.get(REPLAYS)), number(found.get(FIRST_OFFSET))
    if replays is None or first is None:
        return None
    return Replay(
        replays,
        first,
        number(found.get(CHECKED_TO)),
        positions_of(found),
        found.get(ONLY) == _EVENTS,
    )


def replay_headers(original: Headers, replay: Replay) -> Headers:
    """The headers of a replay: the original ones without what the dead letter added."""
    added = {
        REPLAYS: replay.replays,
        FIRST_OFFSET: replay.first_offset,
        CHECKED_TO: replay.checked_to,
    }
    kept = tuple((name, value) for name, value in original if not name.startswith(_PREFIX))
    told = tuple((name, str(value).encode()) for name, value in added.items() if value is not None)
    which = () if replay.positions is None else (position_header(replay.positions),)
    return kept + told + which + (((ONLY, _EVENTS),) if replay.only_events else ())


def position_header(positions: Collection[int]) -> tuple[str, bytes]:
    """Name the messages of an envelope that are meant, one of them as ever."""
    text = ranges(positions).encode()
    return (POSITION if len(positions) == 1 else POSITIONS), text


def positions_of(found: Mapping[str, bytes | None]) -> frozenset[int] | None:
    """Read which messages of an envelope are meant; None if no one is named."""
    several = found.get(POSITIONS)
    if several is not None:
        return read_ranges(several)
    one = number(found.get(POSITION))
    return None if one is None else frozenset((one,))


def number(value: bytes | None) -> int | None:
    """Read a whole number from a header, up to 2^63-1; None for anything else."""
    if value is None or len(value) > _LONGEST_NUMBER or not value.isdigit():
        return None
    found = int(value)
    return found if found <= _LARGEST else None
