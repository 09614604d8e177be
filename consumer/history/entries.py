"""The index of a day: which outcomes carry a name. Pure.

An entry is 15 bytes, whatever the name: they lie in buckets by one checksum of it, each behind
another one. So an index grows at the ends of its buckets and is sorted by nothing, and to search
it is to search bytes. Two names may share both checksums: what is found is read, and compared.
"""

from __future__ import annotations

from binascii import crc32, crc_hqx
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BUCKETS: Final = 1024
SIZE: Final = 15
_MARK: Final = 4
"""Bytes of the second checksum, with which an entry begins."""
MOST_ROWS: Final = 64
"""Outcomes of one pack, of 256 that the last byte of an entry could count: to tell of one outcome
its whole pack is unpacked."""
MOST_PACKS: Final = 1 << 24

Buckets: TypeAlias = list[bytearray]


class Hit(NamedTuple):
    """An outcome that may carry the name: in which pack of its day it lies, and in which row.

    `ms` is when its message ended, since the day began; `place` a checksum of the record's place,
    by which one that is told twice is known.
    """

    ms: int
    place: int
    pack: int
    row: int


def no_entries() -> Buckets:
    """The buckets of an empty index."""
    return [bytearray() for _ in range(BUCKETS)]


def home(name: str) -> tuple[int, bytes]:
    """The bucket of a name (in lower case), and what its entries begin with."""
    text = name.encode("utf-8", "replace")
    return crc_hqx(text, 0) % BUCKETS, crc32(text).to_bytes(_MARK, "big")


def place_of(place: tuple[str, int, int, int]) -> int:
    """The checksum of a message's place."""
    topic, partition, offset, position = place
    return crc32(f"{topic} {partition} {offset} {position}".encode("utf-8", "replace")) & 0xFFFFFF


def add(buckets: Buckets, names: Iterable[str], hit: Hit) -> None:
    """Write an entry for each of its names, which are in lower case."""
    ms, place, pack, row = hit
    entry = ((ms << 24 | place) << 32 | pack << 8 | row).to_bytes(SIZE - _MARK, "big")
    for name in names:  # as `home` does, but without a call: it is done for each name of each day
        text = name.encode("utf-8", "replace")
        buckets[crc_hqx(text, 0) % BUCKETS] += crc32(text).to_bytes(_MARK, "big") + entry


def found(bucket: bytes | bytearray, mark: bytes) -> Iterator[Hit]:
    """All outcomes in a bucket whose name has that second checksum, in the order of writing."""
    at = bucket.find(mark)
    while at >= 0:
        aside = at % SIZE
        if aside == 0:
            value = int.from_bytes(bucket[at + _MARK : at + SIZE], "big")
            yield Hit(value >> 56, value >> 32 & 0xFFFFFF, value >> 8 & 0xFFFFFF, value & 0xFF)
        at = bucket.find(mark, at + (SIZE if aside == 0 else 1))
