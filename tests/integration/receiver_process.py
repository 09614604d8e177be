"""The receiver as a process, and Hull as it posts: one notification after the other."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.integration.service_process import ServiceProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN = "token-of-the-tests"
SMALL = {"RECEIVE_SIGNATURE": "ignored", "RECEIVE_TOKEN": TOKEN}


class ReceiverProcess(ServiceProcess):
    """`hull-planhat receive`, from start to SIGTERM."""

    command = "receive"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def until_ready(self) -> None:
        async with aiohttp.ClientSession() as session, asyncio.timeout(60):
            while True:
                assert self.is_running, self.log.read_text()[-3000:]
                try:
                    async with session.get(f"{self.url}/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.1)


def envelope(number: int, messages: Sequence[object], **rest: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Hull's notification, with what it carries beside the messages."""
    found = {
        "notification_id": f"notification-{number}",
        "channel": "user:update",
        "configuration": {"id": "c", "organization": "o.example", "secret": TOKEN},
        "connector": {"private_settings": {"secret": "not for the topic"}},
        "segments": [],
        "messages": messages,
    }
    return json.dumps({**found, **rest}).encode()


class Hull:
    """Posts until it is taken, as Hull's platform does."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.statuses: list[int] = []

    async def send(self, session: aiohttp.ClientSession, body: bytes) -> dict[str, Any]:
        async with asyncio.timeout(120):
            while True:
                try:
                    async with session.post(f"{self.url}/smart-notifier", data=body) as answer:
                        self.statuses.append(answer.status)
                        found: dict[str, Any] = await answer.json()
                        if answer.status == 200:
                            return found
                except aiohttp.ClientError:
                    self.statuses.append(0)
                await asyncio.sleep(0.2)
