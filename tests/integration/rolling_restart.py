"""A roll-out while changes flow: each member in its turn is told to end, and comes back.

Its name stays (static membership). That is what a StatefulSet does: the next one only when the one
before is ready again.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from aiohttp import ClientError, ClientSession

from planhat_client.sandbox import SandboxServer
from tests.integration.kafka_client import Entry, until
from tests.integration.service_process import ServiceProcess

if TYPE_CHECKING:
    from pathlib import Path

    from planhat_client.sandbox.witness import Write
    from tests.integration.hull import Hull
    from tests.integration.kafka_client import KafkaClient

PARTITIONS = 12
MEMBERS = 3
_SLICE = 250
_LOOK_SECONDS = 0.02
_READY_SECONDS = 60.0


@dataclass
class Pauses:
    """When endusers of each partition were written, as looked at fifty times a second."""

    planhat: SandboxServer
    seen: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    _sequence: int = 0

    async def watch(self) -> None:
        """Look until cancelled."""
        while True:
            self._look(asyncio.get_running_loop().time())
            await asyncio.sleep(_LOOK_SECONDS)

    def longest(self) -> dict[int, float]:
        """Partition -> the longest time (s) in which nothing of it was written."""
        return {
            number: max((late - early for early, late in pairwise(times)), default=0.0)
            for number, times in sorted(self.seen.items())
        }

    def _look(self, now: float) -> None:
        writes = [*self.planhat.witness.writes]
        for write in takewhile(self._is_new, reversed(writes)):
            number = _partition_of_user(write.key)
            if write.resource == "endusers" and self.seen[number][-1:] != [now]:
                self.seen[number].append(now)
        self._sequence = writes[-1].sequence if writes else 0

    def _is_new(self, write: Write) -> bool:
        return write.sequence > self._sequence


@dataclass(frozen=True)
class RollOut:
    """What was seen of it, for the note."""

    written: int
    away: list[float]
    """Of each member in its turn: seconds from the signal until it was ready again."""
    pauses: dict[int, float]
    revoked: int
    """How often a member had to give up its partitions while the roll-out went on."""

    def __str__(self) -> str:
        """One line for people."""
        away = ", ".join(f"{seconds:.1f}" for seconds in self.away)
        pauses = sorted(self.pauses.values())
        return (
            f"{self.written} records; members away {away} s; longest pause of a partition"
            f" {pauses[-1]:.1f} s, median {pauses[len(pauses) // 2]:.1f} s;"
            f" partitions revoked {self.revoked} times"
        )


class Stream:
    """Writes changes steadily until enough are written and nobody needs more."""

    def __init__(self, kafka: KafkaClient, topic: str, hull: Hull, per_second: float) -> None:
        """`per_second` is how many records are written at most."""
        self._kafka = kafka
        self._topic = topic
        self._hull = hull
        self._per_second = per_second
        self.written = 0
        self.begun = asyncio.Event()

    async def flow(self, at_least: int, done: asyncio.Event) -> None:
        """Write `at_least` records, and on until `done`."""
        while self.written < at_least or not done.is_set():
            # All accounts and users change in a block, and so each has a change of its own.
            block = self._hull.changes(max(self._hull.users, 10 * self._hull.accounts))
            for start in range(0, len(block), _SLICE):
                await self._write(block[start : start + _SLICE])

    async def _write(self, records: list[tuple[bytes, bytes]]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        entries = [Entry(key, value, partition=_partition(key)) for key, value in records]
        await self._kafka.produce(self._topic, entries)
        self.written += len(records)
        self.begun.set()
        # A steady flow is what is asked for.
        await asyncio.sleep(max(0.0, began + len(records) / self._per_second - loop.time()))


async def roll_out(
    stream: Stream, members: list[ServiceProcess], planhat: SandboxServer, at_least: int
) -> RollOut:
    """Restart all members while the stream flows; return when all of it is written to Kafka."""
    done = asyncio.Event()
    pauses = Pauses(planhat)
    away = []
    before = sum(map(_revoked, members))
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(pauses.watch())
        flowing = tasks.create_task(stream.flow(at_least, done))
        await stream.begun.wait()
        for member in reversed(members):
            began = asyncio.get_running_loop().time()
            assert await member.stop() == 0
            await member.start()
            await until_ready(member)
            away.append(asyncio.get_running_loop().time() - began)
        done.set()
        await flowing
        watching.cancel()
    revoked = sum(map(_revoked, members)) - before
    return RollOut(stream.written, away, pauses.longest(), revoked)


def members(tmp: Path, settings: dict[str, str]) -> list[ServiceProcess]:
    """Give members with names, none of them started."""
    return [
        ServiceProcess(
            tmp / f"member-{number}", **settings, KAFKA_GROUP_INSTANCE_ID=f"hull-planhat-{number}"
        )
        for number in range(MEMBERS)
    ]


async def until_ready(member: ServiceProcess) -> None:
    """Wait until `/readyz` is content, as Kubernetes does."""

    async def ready() -> bool:
        assert member.is_running, member.log.read_text()[-3000:]
        try:
            async with session.get(f"http://127.0.0.1:{member.port}/readyz") as answer:
                return answer.status == 200
        except ClientError:
            return False

    async with ClientSession() as session:
        await until(ready, _READY_SECONDS)


def _partition(key: bytes) -> int:
    return zlib.crc32(key) % PARTITIONS


def _partition_of_user(external_id: str | None) -> int:
    """The partition of a user of tests/integration/hull.py."""
    return _partition(f"user-{(external_id or '').removeprefix('u-')}".encode())


def _revoked(member: ServiceProcess) -> int:
    lines = member.log.read_text("utf-8").splitlines()
    return sum(json.loads(line).get("event") == "partitions.revoked" for line in lines)
