"""Two thousand records that nobody should write, each a batch of its own."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.integration.raw_batches import CODECS, NOW, RawRecord, batch, swelling

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.raw_batches import Header

MIB: Final = 1 << 20
STRANGER: Final = b'{"channel":"user:update","user":{"id":"stranger"},"account":{},"segments":[]}'
"""A message that is right, of a user that no filter lets through."""

_EXTREMES: Final = (
    b"9223372036854775807",
    b"9223372036854775808",
    b"9" * 19,
    b"9" * 20,
    b"-1",
    b"",
    b"\xff",
)


@dataclass(frozen=True, slots=True)
class Hostile:
    """A batch of one record; `is_rejected` if it must be found in the dead letters."""

    kind: str
    raw: bytes
    is_rejected: bool = True


def hostile(seed: int) -> list[Hostile]:
    """Make 2,000 of them, in an order that `seed` decides."""
    dice = random.Random(seed)
    found = [
        Hostile(kind, make(dice), kind not in _NOT_REJECTED)
        for kind, (count, make) in _KINDS.items()
        for _ in range(count)
    ]
    dice.shuffle(found)
    return found


def _garbage(dice: random.Random) -> bytes:
    return b"\x00" + dice.randbytes(dice.randrange(200))


def _one(value: bytes | None, headers: tuple[Header, ...] = (), timestamp: int = NOW) -> bytes:
    return batch([RawRecord(b"stranger", value, headers, timestamp)])


def _replay(dice: random.Random) -> tuple[Header, ...]:
    names = (b"dl.replays", b"dl.first_offset", b"dl.checked_to", b"dl.position", b"dl.positions")
    return tuple((name, dice.choice(_EXTREMES)) for name in names)


def _planted(dice: random.Random) -> tuple[Header, ...]:
    return (
        (b"dl.topic", dice.choice((b"payments", b"\xff", b""))),
        (b"dl.partition", dice.choice(_EXTREMES)),
        (b"dl.offset", dice.choice(_EXTREMES)),
        (b"dl.timestamp", dice.choice(_EXTREMES)),
        (b"dl.value", b"omitted"),
        (b"channel", dice.choice((b"\xff", b"user:update", None))),
    )


def _nameless(dice: random.Random) -> bytes:
    """Write a header whose name is no text."""
    name = dice.choice((b"\xff", b"\xc3", b"trace\x80", b"\xed\xa0\x80"))
    return batch([RawRecord(b"stranger", STRANGER, ((name, b"1"),))], dice.choice(CODECS))


def _envelope(dice: random.Random) -> bytes:
    bad = ("1", "[]", '"x"', '{"user":7}', "null")
    return b'{"messages":[%s]}' % ",".join(dice.choices(bad, k=dice.randint(1, 3))).encode()


def _whole(one: str, count: int) -> bytes:
    return b'{"messages":[%s]}' % ",".join([one] * count).encode()


_NOT_REJECTED: Final = {"replay of a stranger", "tombstone"}
_KINDS: Final[dict[str, tuple[int, Callable[[random.Random], bytes]]]] = {
    "no JSON": (400, lambda dice: _one(_garbage(dice))),
    "cut JSON": (200, lambda dice: _one(STRANGER[: dice.randrange(1, len(STRANGER) - 1)])),
    "deep": (200, lambda dice: _one(dice.choice((b"[", b'{"a":', b'{"messages":[')) * 5_000)),
    "replay of no JSON": (200, lambda dice: _one(_garbage(dice), _replay(dice))),
    "replay of a stranger": (100, lambda dice: _one(STRANGER, _replay(dice))),
    "tombstone": (50, lambda dice: _one(None, _replay(dice))),
    "header name": (200, _nameless),
    "timestamp": (
        200,
        lambda dice: _one(_garbage(dice), timestamp=dice.choice((-(10**17), -1, 2**62))),
    ),
    "planted letter": (100, lambda dice: _one(_garbage(dice), _planted(dice))),
    "envelope": (200, lambda dice: _one(_envelope(dice))),
    "wrong shape": (100, lambda dice: _one(json.dumps(dice.choice((7, [], "x", True))).encode())),
    "300,000 empty messages": (10, lambda _: _one(_whole("{}", 300_000))),
    "10,000 bad messages": (10, lambda _: _one(_whole("7", 10_000))),
    "900 KB": (20, lambda dice: _one(dice.randbytes(900_000))),
    "swells to 300 MiB": (5, lambda _: swelling(300 * MIB)),
    "swells to 40 MiB": (5, lambda dice: swelling(40 * MIB, dice.choice(("gzip", "lz4", "zstd")))),
}
