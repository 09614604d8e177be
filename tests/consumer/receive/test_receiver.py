"""The command, as far as it comes without Kafka."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from consumer.receive.receiver import Receiver
from consumer.settings import Settings
from schemas.settings_error import InvalidSettings
from tests.consumer.receive.test_signature import SECRET, pem

if TYPE_CHECKING:
    from pathlib import Path

USUAL = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "HTTP_HOST": "127.0.0.1",
    "HTTP_PORT": "0",
    "RECEIVE_TOKEN": "a-token",
    "RECEIVE_SIGNATURE": "ignored",
}


def receiver(**environ: str) -> Receiver:
    return Receiver(Settings.read({**USUAL, **environ}))


async def test_it_is_not_ready_before_it_reached_the_topic_and_ends_when_told() -> None:
    found = receiver()
    stop = asyncio.Event()

    running = asyncio.create_task(found.run(stop))
    while not found.ops.port:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.01)
    ready, reason = found.ready()
    healthy, _ = found.healthy()
    stop.set()
    async with asyncio.timeout(30):
        await running

    assert (healthy, ready, reason) == (True, False, "not connected to Kafka yet")


async def test_a_key_file_that_holds_a_key_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(pem(SECRET))

    receiver(RECEIVE_SIGNATURE="required", RECEIVE_PUBLIC_KEY_FILE=str(path))


async def test_a_key_file_that_holds_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("none")

    with pytest.raises(InvalidSettings, match=r"RECEIVE_PUBLIC_KEY_FILE: .* is no public key"):
        receiver(RECEIVE_SIGNATURE="required", RECEIVE_PUBLIC_KEY_FILE=str(path))


async def test_it_does_not_start_where_everybody_could_post() -> None:
    with pytest.raises(InvalidSettings, match=r"^RECEIVE_TOKEN"):
        receiver(RECEIVE_TOKEN="")


async def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])

        with pytest.raises(Exception, match=rf"HTTP_PORT: {port}: already in use"):
            await receiver(HTTP_PORT=port).run(asyncio.Event())
