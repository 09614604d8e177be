from __future__ import annotations

import asyncio
import struct

from consumer.kafka.refusal import why_refused
from consumer.settings import Settings

BACKWARDS = struct.pack(">hihhh", 0, 1, 18, 5, 0)
"""Versions of one request, from 5 to 0: what no broker of Kafka says."""


async def test_what_answers_nonsense_has_nothing_against_us() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        correlation = (await reader.readexactly(size))[4:8]
        writer.write(struct.pack(">i", 4 + len(BACKWARDS)) + correlation + BACKWARDS)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        settings = Settings.read({"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}"})

        reason = await why_refused(settings.kafka)

    assert reason == ""
