from __future__ import annotations

import asyncio
import struct

from consumer.kafka.access import why_refused
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


async def test_a_silent_broker_keeps_nobody_from_what_another_has_against_us() -> None:
    is_told = asyncio.Event()

    async def wait(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await is_told.wait()
        writer.close()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"plain text")
        writer.close()
        is_told.set()

    async with (
        await asyncio.start_server(wait, "127.0.0.1", 0) as silent,
        await asyncio.start_server(refuse, "127.0.0.1", 0) as plain,
    ):
        ports = [one.sockets[0].getsockname()[1] for one in (silent, plain)]
        brokers = ",".join(f"127.0.0.1:{port}" for port in ports)
        environ = {"KAFKA_BOOTSTRAP_SERVERS": brokers, "KAFKA_SECURITY_PROTOCOL": "SSL"}

        async with asyncio.timeout(4):
            reason = await why_refused(Settings.read(environ).kafka)

    assert reason.startswith(f"127.0.0.1:{ports[1]} does not speak TLS with us")
