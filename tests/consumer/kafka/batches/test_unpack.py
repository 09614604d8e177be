"""Unpacking ends at its bound, whatever the codec and whatever was packed."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.kafka.batches.unpack import Broken, TooLarge, Unpacker
from tests.integration.raw_batches import CODECS, Codec, packed

MOST = 3 << 20
NUMBER = {"gzip": 1, "snappy": 2, "xerial": 2, "lz4": 3, "zstd": 4}
PACKED = CODECS[1:]


@pytest.mark.parametrize("codec", PACKED)
@pytest.mark.parametrize("size", [0, 1, 1000, MOST - 1, MOST])
def test_what_is_not_larger_than_the_bound_is_unpacked_behind_its_front(
    codec: Codec, size: int
) -> None:
    content = bytes(size)

    found = Unpacker(MOST).decompress(NUMBER[codec], b"front", packed(content, codec))

    assert bytes(found) == b"front" + content


@pytest.mark.parametrize("codec", PACKED)
@pytest.mark.parametrize("size", [MOST + 1, 10 * MOST])
def test_what_is_larger_than_the_bound_is_not(codec: Codec, size: int) -> None:
    unpacker = Unpacker(MOST)

    with pytest.raises(TooLarge, match=f"at most {MOST} bytes are unpacked, it holds"):
        unpacker.decompress(NUMBER[codec], b"", packed(bytes(size), codec))


@pytest.mark.parametrize("codec", ["snappy", "zstd"])
def test_how_large_it_is_is_told_if_it_tells(codec: Codec) -> None:
    with pytest.raises(TooLarge, match=f"it holds {10 * MOST} bytes"):
        Unpacker(MOST).decompress(NUMBER[codec], b"", packed(bytes(10 * MOST), codec))


@pytest.mark.parametrize("codec", ["gzip", "lz4", "zstd"])
def test_frames_one_behind_the_other_count_together(codec: Codec) -> None:
    frame = packed(bytes(MOST // 2), codec)
    unpacker = Unpacker(MOST)

    whole = unpacker.decompress(NUMBER[codec], b"", frame * 2)

    assert len(whole) == MOST
    with pytest.raises(TooLarge):
        unpacker.decompress(NUMBER[codec], b"", frame * 3)


def test_a_longer_front_than_the_last_one_takes_nothing_from_the_bound() -> None:
    unpacker = Unpacker(1000)
    unpacker.decompress(1, b"", gzip.compress(bytes(1000)))

    found = unpacker.decompress(1, b"front", gzip.compress(bytes(1000)))

    assert bytes(found) == b"front" + bytes(1000)


@pytest.mark.parametrize("codec", PACKED)
def test_what_was_unpacked_stays_as_it_is_while_others_are(codec: Codec) -> None:
    unpacker = Unpacker(MOST)
    large, small = b"a" * MOST, b"b" * 1000

    found = [
        unpacker.decompress(NUMBER[codec], b"", packed(one, codec)) for one in (large, small, large)
    ]

    assert [bytes(one) for one in found] == [large, small, large]


@pytest.mark.parametrize("codec", PACKED)
@pytest.mark.parametrize("keep", [1, 5, 20])
def test_what_is_cut_off_is_broken(codec: Codec, keep: int) -> None:
    content = packed(bytes(range(256)) * 100, codec)

    with pytest.raises(Broken):
        Unpacker(MOST).decompress(NUMBER[codec], b"", content[:-keep])


def test_an_unknown_codec_is_broken() -> None:
    with pytest.raises(Broken, match="unknown codec 6"):
        Unpacker(MOST).decompress(6, b"", b"x")


@given(st.sampled_from([1, 2, 3, 4]), st.binary(max_size=200), st.booleans())
def test_any_bytes_are_unpacked_too_large_or_broken(
    codec: int,
    content: bytes,
    is_xerial: bool,  # noqa: FBT001 - an example's
) -> None:
    front = packed(b"", "xerial") if is_xerial and codec == NUMBER["snappy"] else b""

    try:
        found = Unpacker(MOST).decompress(codec, b"", front + content)
    except (TooLarge, Broken):
        return

    assert len(found) <= MOST


@given(st.sampled_from(PACKED), st.data())
def test_changed_bytes_are_unpacked_too_large_or_broken(codec: Codec, data: st.DataObject) -> None:
    content = bytearray(packed(b"some content, some content, some more content" * 9, codec))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=5)):
        content[place] = data.draw(st.integers(0, 255))

    try:
        found = Unpacker(MOST).decompress(NUMBER[codec], b"", bytes(content))
    except (TooLarge, Broken):
        return

    assert len(found) <= MOST


def test_gzip_may_be_followed_by_zeros() -> None:
    found = Unpacker(MOST).decompress(1, b"", gzip.compress(b"content") + bytes(10))

    assert bytes(found) == b"content"
