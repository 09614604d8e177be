"""Decompression of record batches that ends at a bound: a few kilobytes may hold gigabytes.

What is told beforehand (a frame of zstd or lz4 may, one of snappy must) is believed if it is too
large, so that nothing is unpacked in vain; nothing is believed if it is small.
"""

from __future__ import annotations

import mmap
import zlib
from typing import TYPE_CHECKING, Final

import cramjam

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.kafka.batches.batch import Buffer

_COPIED: Final = 2 << 20
"""Bytes up to which the memory is kept for the next batch: new memory costs more than a copy."""

_XERIAL: Final = b"\x82SNAPPY\x00"
_XERIAL_FRONT: Final = 16
_SIZE: Final = 4
_GZIP: Final = 31
_STEP: Final = 1 << 20
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_LZ4: Final = b"\x04\x22\x4d\x18"
_FULL: Final = "whole buffer"
"""What cramjam says if it can't write any more."""


class TooLarge(Exception):
    """It is larger than may be unpacked."""

    def __init__(self, most: int, size: int | None = None) -> None:
        """`most` bytes may be unpacked; `size` as far as it tells of it."""
        told = "more than that" if size is None else f"{size} bytes"
        super().__init__(f"at most {most} bytes are unpacked, it holds {told}")


class Broken(Exception):
    """It can't be unpacked at all."""


class Unpacker:
    """Unpacks into memory that it has for this, of which only what is written to is there.

    What is large gets this memory as it is, and the next one another; it is gone when nobody uses
    it any more. What is small is copied: most is.
    """

    def __init__(self, most: int) -> None:
        """Never are more than `most` bytes written, which may be set anew."""
        self.most = most
        self._memory: mmap.mmap | None = None

    def decompress(self, codec: int, front: bytes, packed: Buffer) -> Buffer:
        """Give `front` and behind it what was packed; raises TooLarge and Broken."""
        memory, self._memory = self._memory, None
        if memory is None or len(memory) < len(front) + self.most:
            memory = mmap.mmap(-1, len(front) + self.most)
        begin = len(front)
        view = memoryview(memory)
        size = _unpacked(codec, packed, view[begin : begin + self.most])
        memory[:begin] = front
        if size > _COPIED:
            return view[: begin + size]
        self._memory = memory
        return bytes(view[: begin + size])


def _unpacked(codec: int, packed: Buffer, into: memoryview) -> int:
    if codec not in _CODECS:
        raise Broken(f"unknown codec {codec}")
    name, unpack = _CODECS[codec]
    try:
        return unpack(packed, into)
    except cramjam.DecompressionError as error:
        if _FULL in str(error):
            raise TooLarge(len(into)) from None
        raise Broken(f"broken {name}: {error}") from None
    except zlib.error as error:
        raise Broken(f"broken gzip: {error}") from None


def _gzip(packed: Buffer, into: memoryview) -> int:
    """All members, one behind the other."""
    size, rest = 0, bytes(packed)
    while rest:
        member = zlib.decompressobj(_GZIP)
        while not member.eof:
            # One byte more than there is room for tells that it does not end there.
            piece = member.decompress(rest, min(_STEP, len(into) - size + 1))
            if size + len(piece) > len(into):
                raise TooLarge(len(into))
            into[size : size + len(piece)] = piece
            size += len(piece)
            rest = member.unconsumed_tail
            if not piece and not rest and not member.eof:
                raise Broken("broken gzip: it ends too soon")
        rest = member.unused_data.lstrip(b"\0")
    return size


def _snappy(packed: Buffer, into: memoryview) -> int:
    if bytes(packed[: len(_XERIAL)]) != _XERIAL:
        return _snappy_block(packed, into, 0)
    size, at = 0, _XERIAL_FRONT
    while at < len(packed):
        length = int.from_bytes(packed[at : at + _SIZE], "big", signed=True)
        begin = at + _SIZE
        at = begin + length
        if length <= 0 or at > len(packed):
            raise Broken("broken snappy: a block ends too soon")
        size += _snappy_block(packed[begin:at], into, size)
    return size


def _snappy_block(packed: Buffer, into: memoryview, at: int) -> int:
    size = int(cramjam.snappy.decompress_raw_len(packed))
    if at + size > len(into):
        raise TooLarge(len(into), None if at else size)
    if not size:
        return 0
    return int(cramjam.snappy.decompress_raw_into(packed, into[at : at + size]))


def _lz4(packed: Buffer, into: memoryview) -> int:
    _refuse(_lz4_size(packed), len(into))
    return int(cramjam.lz4.decompress_into(packed, into))


def _zstd(packed: Buffer, into: memoryview) -> int:
    _refuse(_zstd_size(packed), len(into))
    return int(cramjam.zstd.decompress_into(packed, into))


def _refuse(size: int | None, most: int) -> None:
    if size is not None and size > most:
        raise TooLarge(most, size)


def _lz4_size(packed: Buffer) -> int | None:
    """What the first frame says that it holds."""
    if bytes(packed[:4]) != _LZ4 or len(packed) < 14 or not packed[4] & 0x08:  # noqa: PLR2004 - its format
        return None
    return int.from_bytes(packed[6:14], "little")


def _zstd_size(packed: Buffer) -> int | None:
    """What the first frame says that it holds."""
    if bytes(packed[:4]) != _ZSTD or len(packed) < 18:  # noqa: PLR2004 - the longest front
        return None
    descriptor = packed[4]
    is_single = bool(descriptor & 0x20)
    width = (int(is_single), 2, 4, 8)[descriptor >> 6]
    if not width:
        return None
    at = 5 + (not is_single) + (0, 1, 2, 4)[descriptor & 3]
    size = int.from_bytes(packed[at : at + width], "little")
    return size + 256 if width == 2 else size  # noqa: PLR2004 - so its format has it


_CODECS: Final[dict[int, tuple[str, Callable[[Buffer, memoryview], int]]]] = {
    1: ("gzip", _gzip),
    2: ("snappy", _snappy),
    3: ("lz4", _lz4),
    4: ("zstd", _zstd),
}
