"""What a replayed record carries in its headers, and how it is told from others. Pure.

A replay lies behind newer records of its profile. The command that writes it has looked, from the
record's first offset on, for newer ones that were sent; `dl.checked_to` tells how far. What came
between there and the replay itself only the service can see (docs/decisions/0010).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

REPLAYS: Final = "dl.replays"
FIRST_OFFSET: Final = "dl.first_offset"
CHECKED_TO: Final = "dl.checked_to"
ONLY: Final = "dl.only"
POSITION: Final = "dl.position"
_EVENTS: Final = b"activities"
_PREFIX: Final = "dl."
_LONGEST_NUMBER: Final = 20

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """A record that was written before, at `first_offset` of the same partition.

    `checked_to` is None where nobody asks for protection; `position` names the one message of an
    envelope that is meant. With `only_events` its profile has newer data already: nothing but its
    events is to be sent.
    """

    replays: int
    first_offset: int
    checked_to: int | None
    position: int | None
    only_events: bool = False


def replay(headers: Sequence[tuple[str, bytes]]) -> Replay | None:
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
        number(found.get(POSITION)),
        found.get(ONLY) == _EVENTS,
    )


def replay_headers(original: Headers, replay: Replay) -> Headers:
    """The headers of a replay: the original ones without what the dead letter added."""
    added = {
        REPLAYS: replay.replays,
        FIRST_OFFSET: replay.first_offset,
        CHECKED_TO: replay.checked_to,
        POSITION: replay.position,
    }
    kept = tuple((name, value) for name, value in original if not name.startswith(_PREFIX))
    told = tuple((name, str(value).encode()) for name, value in added.items() if value is not None)
    return kept + told + (((ONLY, _EVENTS),) if replay.only_events else ())


def number(value: bytes | None) -> int | None:
    """Read a whole number from a header; None for anything else."""
    if value is None or len(value) > _LONGEST_NUMBER or not value.isdigit():
        return None
    return int(value)
