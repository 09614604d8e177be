"""Record batches as no producer of Java would write them, byte by byte, and how they get to Kafka.

    raw = batch([RawRecord(b"key", b"{}", ((b"\\xff", b"1"),))], codec="zstd")
    offset = await write(bootstrap_servers, topic, 0, raw)

A broker looks at the checksum, the count and the offsets of a batch, and at the sizes of its keys
and values if they are compressed. It looks at no header: names of any bytes go through, and what
grows when it is decompressed does too.
"""

from __future__ import annotations

import asyncio
import gzip
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import cramjam
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

Codec: TypeAlias = Literal["none", "gzip", "snappy", "xerial", "lz4", "zstd"]
Header: TypeAlias = "tuple[bytes | None, bytes | None]"

CODECS: Final[tuple[Codec, ...]] = ("none", "gzip", "snappy", "xerial", "lz4", "zstd")
NOW: Final = 1_795_824_000_000
"""Milliseconds since 1970, for records that do not say."""

_NUMBER: Final = {"none": 0, "gzip": 1, "snappy": 2, "xerial": 2, "lz4": 3, "zstd": 4}
_XERIAL: Final = b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1)
_BLOCK: Final = 32 << 10
_MAGIC: Final = 2
_TIMEOUT_SECONDS: Final = 30.0
_WHOLE_HEADER: Final = struct.Struct(">hiqqqhii")
_FRONT: Final = struct.Struct(">qiibI")


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record; `body`, if there is one, are its bytes as they are, behind its length."""

    key: bytes | None = b"key"
    value: bytes | None = b"{}"
    headers: tuple[Header, ...] = ()
    timestamp: int = NOW
    offset_delta: int | None = None
    body: bytes | None = None


def varint(number: int) -> bytes:
    """Write a signed number as Kafka does: zigzag, seven bits a byte, the lowest first."""
    rest = (number << 1) ^ (number >> 63)
    found = bytearray()
    while rest & ~0x7F:
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    found.append(rest)
    return bytes(found)


def nullable(content: bytes | None) -> bytes:
    """Bytes behind their length; nothing is -1."""
    return varint(-1) if content is None else varint(len(content)) + content


def body(one: RawRecord, delta: int, first_timestamp: int) -> bytes:
    """Write a record without its length."""
    headers = b"".join(nullable(name) + nullable(value) for name, value in one.headers)
    return b"".join(
        (
            b"\x00",
            varint(one.timestamp - first_timestamp),
            varint(delta if one.offset_delta is None else one.offset_delta),
            nullable(one.key),
            nullable(one.value),
            varint(len(one.headers)),
            headers,
        )
    )


def payload(records: Sequence[RawRecord]) -> bytes:
    """Write records as they lie in a batch that is not compressed."""
    first = records[0].timestamp if records else NOW
    return b"".join(
        nullable(body(one, delta, first) if one.body is None else one.body)
        for delta, one in enumerate(records)
    )


def batch(records: Sequence[RawRecord], codec: Codec = "none", **fields: int) -> bytes:
    """Write a whole batch with the right checksum; `fields` are those of `framed`."""
    first = records[0].timestamp if records else NOW
    told = {"count": len(records), "first_timestamp": first} | fields
    told.setdefault("max_timestamp", max((one.timestamp for one in records), default=NOW))
    return framed(packed(payload(records), codec), codec, **told)


def framed(
    content: bytes,
    codec: Codec = "none",
    *,
    count: int,
    base_offset: int = 0,
    last_delta: int | None = None,
    first_timestamp: int = NOW,
    max_timestamp: int = NOW,
    attributes: int = 0,
    producer_id: int = -1,
    producer_epoch: int = -1,
    sequence: int = -1,
    crc: int | None = None,
) -> bytes:
    """Put the header of a batch before what is compressed already; `crc` if it is to be wrong."""
    tail = (
        _WHOLE_HEADER.pack(
            attributes | _NUMBER[codec],
            count - 1 if last_delta is None else last_delta,
            first_timestamp,
            max_timestamp,
            producer_id,
            producer_epoch,
            sequence,
            count,
        )
        + content
    )
    right = calc_crc32c(tail) if crc is None else crc
    return _FRONT.pack(base_offset, len(tail) + 9, 0, _MAGIC, right) + tail


def packed(content: bytes, codec: Codec) -> bytes:
    """Compress."""
    match codec:
        case "gzip":
            return gzip.compress(content, 9)
        case "snappy":
            return bytes(cramjam.snappy.compress_raw(content))
        case "xerial":
            blocks = (content[at : at + _BLOCK] for at in range(0, len(content), _BLOCK))
            squeezed = [bytes(cramjam.snappy.compress_raw(block)) for block in blocks]
            return _XERIAL + b"".join(struct.pack(">i", len(one)) + one for one in squeezed)
        case "lz4":
            squeezer = cramjam.lz4.Compressor(level=9, content_checksum=False, block_linked=False)
            squeezer.compress(content)
            return bytes(squeezer.finish())
        case "zstd":
            return bytes(cramjam.zstd.compress(content, level=3))
        case _:
            return content


def swelling(size: int, codec: Codec = "zstd", count: int = 1) -> bytes:
    """Make a batch of `count` records, `size` bytes together; of any codec but snappy it is small.

    Their values are no JSON, one letter again and again: 700 MB of it are 22 KB of zstd.
    """
    each = b"x" * (size // count)
    return batch([RawRecord(b"swelling", each) for _ in range(count)], codec)


@asynccontextmanager
async def raw_writer(bootstrap_servers: str) -> AsyncIterator[RawWriter]:
    """Give a writer of batches."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap_servers)
    try:
        await client.bootstrap()
        yield RawWriter(client)
    finally:
        await client.close()


class RawWriter:
    """Writes batches as they are; the broker sets their first offset."""

    def __init__(self, client: AIOKafkaClient) -> None:
        """`client` is connected."""
        self._client = client

    async def write(self, topic: str, partition: int, raw: bytes) -> int:
        """Write one batch to the leader of a partition that exists; return its first offset."""
        (offset,) = await self.write_all(topic, partition, [raw])
        return offset

    async def write_all(self, topic: str, partition: int, batches: Iterable[bytes]) -> list[int]:
        """Write batches one after the other, each acknowledged; raises KafkaError if refused."""
        self._client.add_topic(topic)
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            leader = await self._leader(TopicPartition(topic, partition))
            return [await self._sent(leader, topic, partition, raw) for raw in batches]

    async def _leader(self, partition: TopicPartition) -> int:
        while True:
            leader = self._client.cluster.leader_for_partition(partition)
            if leader is not None and leader >= 0:
                return int(leader)
            await self._client.force_metadata_update()

    async def _sent(self, leader: int, topic: str, partition: int, raw: bytes) -> int:
        request = ProduceRequest(
            transactional_id=None,
            required_acks=-1,
            timeout=round(_TIMEOUT_SECONDS * 1000),
            topics=[(topic, [(partition, raw)])],
        )
        answer: Any = await self._client.send(leader, request)
        ((_, ((_, code, offset, *_),)),) = answer.topics
        if code:
            kind: type[KafkaError] = for_code(code)
            raise kind(f"{topic}, partition {partition}")
        return int(offset)


async def write(bootstrap_servers: str, topic: str, partition: int, raw: bytes) -> int:
    """Write one batch; return its first offset."""
    async with raw_writer(bootstrap_servers) as writer:
        return await writer.write(topic, partition, raw)
