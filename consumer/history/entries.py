"""The index of a day: which outcomes carry a name. Pure.

An entry is 15 bytes, whatever the name: they lie in buckets by one checksum of it, each behind
another one. So an index grows at the ends of its buckets and is sorted by nothing, and to search
it is to search bytes. Two names may share both checksums: what is found is read, and compared.
"""

from __future__ import annotations

from binascii import crc32, crc_hqx
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKETS: Final = 1024
SIZE: Final = 15
_MARK: Final = 4
"""Bytes of the second checksum, with which an entry begins."""
MOST_ROWS: Final = 256
"""Outcomes of one pack: the last byte of an entry counts them."""
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
    """The bucket of a name, and what its entries begin with; upper case is as lower."""
    text = name.lower().encode("utf-8", "replace")
    return crc_hqx(text, 0) % BUCKETS, crc32(text).to_bytes(_MARK, "big")


def place_of(topic: str, partition: int, offset: int, position: int) -> int:
    """The checksum of a message's place."""
    return crc32(f"{topic} {partition} {offset} {position}".encode("utf-8", "replace")) & 0xFFFFFF


def written(hit: Hit) -> bytes:
    """What an entry holds beside the checksum of its name."""
    ms, place, pack, row = hit
    return ((ms << 24 | place) << 32 | pack << 8 | row).to_bytes(SIZE - _MARK, "big")


def found(bucket: bytes | bytearray, mark: bytes) -> Iterator[Hit]:
    """All outcomes in a bucket whose name has that second checksum, in the order of writing."""
    at = bucket.find(mark)
    while at >= 0:
        aside = at % SIZE
        if aside == 0:
            value = int.from_bytes(bucket[at + _MARK : at + SIZE], "big")
            yield Hit(value >> 56, value >> 32 & 0xFFFFFF, value >> 8 & 0xFFFFFF, value & 0xFF)
        at = bucket.find(mark, at + (SIZE if aside == 0 else 1))
