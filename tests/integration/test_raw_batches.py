"""The maker of strange batches: a real broker takes them, and they lie there as they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.raw_batches import CODECS, Codec, RawRecord, batch, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.kafka_client import KafkaClient


@pytest.mark.parametrize("codec", CODECS)
async def test_a_batch_of_ours_lies_in_kafka_as_it_was_made(
    kafka: KafkaClient, topic: Callable[[str], str], codec: Codec
) -> None:
    name = topic("raw")
    await kafka.create_topic(name)
    records = [RawRecord(b"k%d" % at, b"v" * at, ((b"h", b"1"),)) for at in range(3)]

    first = await write(kafka.bootstrap_servers, name, 0, batch(records, codec))

    assert first == 0
    assert [(one.key, one.value, one.headers) for one in await kafka.read(name)] == [
        (b"k0", b"", (("h", b"1"),)),
        (b"k1", b"v", (("h", b"1"),)),
        (b"k2", b"vv", (("h", b"1"),)),
    ]


async def test_a_broker_takes_a_header_whose_name_is_no_text(
    kafka: KafkaClient, topic: Callable[[str], str]
) -> None:
    name = topic("raw")
    await kafka.create_topic(name)
    raw = batch([RawRecord(headers=((b"\xff\xfe", b"1"),)), RawRecord()])

    first = await write(kafka.bootstrap_servers, name, 0, raw)

    assert first == 0
    assert await kafka.end_offsets(name) == {0: 2}
