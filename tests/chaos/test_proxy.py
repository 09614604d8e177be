"""The proxy does to bytes what it says."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tests.chaos.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def echo() -> AsyncIterator[Proxy]:
    """A proxy in front of a server that says back what it hears."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1000):
            writer.write(chunk)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with Proxy("127.0.0.1", port) as proxy:
        yield proxy
    server.close()


async def said(proxy: Proxy, text: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        writer.write(text)
        return await reader.readexactly(len(text))
    finally:
        writer.transport.abort()


async def test_in_fair_weather_all_is_passed_on() -> None:
    async with echo() as proxy:
        assert await said(proxy, b"hello") == b"hello"


async def test_a_refused_connection_is_reset() -> None:
    async with echo() as proxy:
        proxy.weather.refuses = True

        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await said(proxy, b"hello")


async def test_an_answer_is_cut_off_where_told() -> None:
    async with echo() as proxy:
        proxy.weather.answer_bytes = 3

        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await said(proxy, b"hello")


async def test_a_half_open_connection_says_nothing() -> None:
    async with echo() as proxy:
        proxy.weather.swallows = True

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(said(proxy, b"hello"), 0.1)


async def test_open_connections_can_be_reset() -> None:
    async with echo() as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"hello")
        await reader.readexactly(5)

        proxy.reset_all()

        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.transport.abort()
