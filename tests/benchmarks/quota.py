"""How well the quota is used: `python -m tests.benchmarks.quota [SCENARIO ...]`.

The sandbox stands in for Planhat in a process of its own, at the documented limits: 200 calls a
minute, 150 a second, 50 in parallel; an answer takes 100 ms and 1 ms an item. Kafka is real.

* drain: a backlog of profiles with events, at the default batch size
* paced: the same kind of backlog in batches of 50, so that the quota is what bounds it
* lanes: a backlog of endusers with 1, 2 and 4 requests of a kind at once, in turns
* replicas: three services share the quota; after a while one leaves

Prints figures, asserts nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from aiokafka.errors import KafkaError

from tests.integration.hull import ACCOUNTS_SEGMENT, CONNECTOR, USERS_SEGMENT
from tests.integration.kafka_choice import any_kafka
from tests.integration.kafka_client import Entry, KafkaClient
from tests.integration.service_process import ServiceProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

QUOTA = 200
WINDOW_SECONDS = 60.0
PARTITIONS = 12
BATCH = 50
"""Profiles a call where the quota is to bound."""

_LANES = (1, 2, 4)
REPLICAS = 3
STEADY_SECONDS = 75.0
"""So long after the first call three replicas run undisturbed: the limiter's first minute is over,
in which it holds back what the process before it may have used."""

_LOOK_SECONDS = 0.25
_PATIENCE_SECONDS = 1800.0
_MAIN = ("companies", "endusers", "licenses", "leancompanies", "users")


def backlog(profiles: int, accounts: int, events: int) -> Iterator[Entry]:
    """A change of each account and each user, every user with its share of the events."""
    for number in range(accounts):
        message = {
            "channel": "account:update",
            "account": _account(number),
            "account_segments": [ACCOUNTS_SEGMENT],
            "changes": {"is_new": False, "account": {"version": [0, 1]}},
        }
        yield Entry(f"account-{number}".encode(), json.dumps(message).encode())
    each = events // profiles if profiles else 0
    for number in range(profiles):
        yield Entry(f"user-{number}".encode(), json.dumps(_user(number, accounts, each)).encode())


def _account(number: int) -> dict[str, Any]:
    return {
        "id": f"account-{number}",
        "external_id": f"a-{number}",
        "name": f"Account {number}",
        "version": 1,
    }


def _user(number: int, accounts: int, events: int) -> dict[str, Any]:
    return {
        "channel": "user:update",
        "user": {
            "id": f"user-{number}",
            "external_id": f"u-{number}",
            "email": f"u{number}@example.com",
            "name": f"User {number}",
            "traits_version": 1,
        },
        "account": _account(number % accounts),
        "segments": [USERS_SEGMENT],
        "account_segments": [ACCOUNTS_SEGMENT],
        "changes": {"is_new": False, "user": {"traits_version": [0, 1]}},
        "events": [
            {
                "event": "Signed in",
                "event_id": f"event-{number}-{at}",
                "created_at": "2026-11-01 10:00:00 UTC",
                "properties": {"id": f"event-{number}-{at}"},
            }
            for at in range(events)
        ],
    }


@dataclass
class Calls:
    """When calls to the main API arrived (seconds since 1970), in order."""

    arrived: list[float] = field(default_factory=list)
    first_upsert: float = float("inf")
    throttled: int = 0
    by_resource: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Calls:
        """What the sandbox wrote of all requests."""
        found = cls()
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            resource = entry["resource"]
            found.by_resource[resource] = found.by_resource.get(resource, 0) + 1
            if resource in _MAIN:
                at = entry["at"] - entry["seconds"]
                found.arrived.append(at)
                if entry["method"] == "PUT":
                    found.first_upsert = min(found.first_upsert, at)
                found.throttled += entry["status"] == 429
        found.arrived.sort()
        return found

    def most_in_a_window(self) -> int:
        """The most in any 60 seconds."""
        most = first = 0
        for last, at in enumerate(self.arrived):
            while self.arrived[first] <= at - WINDOW_SECONDS:
                first += 1
            most = max(most, last - first + 1)
        return most

    def use(self, since: float, until: float) -> float:
        """Calls in a time by what the quota allows in it."""
        count = sum(since <= at < until for at in self.arrived)
        return count / (QUOTA * (until - since) / WINDOW_SECONDS) if until > since else 0.0


@dataclass
class Stand:
    """Kafka, a sandbox, a folder, and a topic that holds the backlog."""

    kafka: KafkaClient
    planhat: str
    folder: Path
    topic: str
    calls: Calls = field(default_factory=Calls)
    """Known when all is taken down."""

    @property
    def requests(self) -> Path:
        """Where the sandbox writes its requests."""
        return self.folder / "requests.jsonl"

    def service(self, number: int, **settings: str) -> ServiceProcess:
        """One replica."""
        connector = self.folder / "connector.yaml"
        connector.write_text(CONNECTOR)
        return ServiceProcess(
            self.folder / f"log-{number}",
            **{
                "KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
                "KAFKA_TOPICS": self.topic,
                "KAFKA_GROUP_ID": f"group-{self.topic}",
                "KAFKA_DEAD_LETTER_TOPIC": f"{self.topic}-dead",
                "KAFKA_SESSION_TIMEOUT_SECONDS": "10",
                "CONNECTOR_SETTINGS": str(connector),
                "PLANHAT_API_URL": self.planhat,
                "PLANHAT_ANALYTICS_URL": self.planhat,
                "PLANHAT_REQUESTS_PER_MINUTE": str(QUOTA),
                **settings,
            },
        )

    async def until_committed(self) -> None:
        """Wait until the group has committed the end of every partition."""
        ends = await self.kafka.end_offsets(self.topic)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                committed = await self._committed()
                if all(committed.get(number, (0, ""))[0] == end for number, end in ends.items()):
                    return
                await asyncio.sleep(_LOOK_SECONDS)

    async def report(self) -> dict[str, Any]:
        """What the sandbox counted."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.planhat}/sandbox/state?full=0") as answer,
        ):
            found: dict[str, Any] = await answer.json()
        return found

    async def _committed(self) -> dict[int, tuple[int, str]]:
        try:
            return await self.kafka.committed(f"group-{self.topic}", self.topic)
        except KafkaError:  # a broker that has just started, or a group in a rebalance
            return {}


@asynccontextmanager
async def stand(kafka: KafkaClient, entries: Iterator[Entry]) -> AsyncIterator[Stand]:
    """Set all up, and take it down."""
    topic = f"quota-{uuid.uuid4().hex[:8]}"
    await kafka.create_topic(topic, PARTITIONS)
    await kafka.create_topic(f"{topic}-dead", 1)
    await kafka.produce(topic, entries)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with _sandbox(folder / "requests.jsonl") as url:
            place = Stand(kafka, url, folder, topic)
            yield place
        place.calls = Calls.read(place.requests)
    for one in (topic, f"{topic}-dead"):
        await kafka.delete_topic(one)


@asynccontextmanager
async def _sandbox(requests: Path) -> AsyncIterator[str]:
    options = {
        "quota": {"calls_per_window": QUOTA, "calls_per_second": 150, "parallel": 50},
        "latency": {"fixed_seconds": 0.1, "per_item_seconds": 0.001},
        "witness": {"requests_file": str(requests)},
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "planhat_client.sandbox",
        "--options",
        json.dumps(options),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        url: str = json.loads(await process.stdout.readline())["url"]
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def drain(kafka: KafkaClient, profiles: int, batch: int | None) -> None:
    """One service empties a backlog; with `batch`, in calls of so many profiles, without events."""
    accounts, events = max(1, profiles // 20), 0 if batch else 2 * profiles
    async with stand(kafka, backlog(profiles, accounts, events)) as place:
        settings = {} if batch is None else {"PLANHAT_BATCH_SIZE": str(batch)}
        began = time.time()
        async with place.service(0, **settings):
            await place.until_committed()
            ended = time.time()
        report = await place.report()
    calls = place.calls
    size = batch or 1000
    _say(f"{profiles:,} profiles in {accounts:,} accounts, {events:,} events, batches of {size}")
    _say(f"  time to drain, start of the process included: {ended - began:.1f} s")
    _tell(calls, report)
    least = -(-profiles // size) - (-accounts // size)
    bound = least / QUOTA * WINDOW_SECONDS
    _say(f"  bound by the quota: {least} calls at {QUOTA} a minute are {bound:.1f} s")
    if batch:
        _by_minute(calls)


def _by_minute(calls: Calls) -> None:
    began, ended = calls.first_upsert, calls.arrived[-1]
    _say(f"  use of the allowed rate while there is work: {calls.use(began, ended):.1%}")
    pause, since = max((later - at, at) for at, later in pairwise(calls.arrived))
    _say(f"  longest pause between two calls: {pause:.2f} s, {since - began:.0f} s after the first")
    for minute in range(int((ended - began) / WINDOW_SECONDS)):
        since = began + minute * WINDOW_SECONDS
        _say(f"    minute {minute + 1}: {calls.use(since, since + WINDOW_SECONDS):.1%}")


async def lanes(kafka: KafkaClient, profiles: int, rounds: int) -> None:
    """One service empties a backlog with so many requests of a kind in flight."""
    for at_once in [*_LANES] * rounds:
        async with stand(kafka, backlog(profiles, max(1, profiles // 20), 0)) as place:
            async with place.service(0, PLANHAT_LANE_CONCURRENCY=str(at_once)):
                await place.until_committed()
            report = await place.report()
        calls = place.calls
        seconds = calls.arrived[-1] - calls.first_upsert
        used = calls.use(calls.first_upsert, calls.arrived[-1])
        _say(
            f"{at_once} at once, {profiles:,} profiles: {seconds:.1f} s between first and last call"
        )
        _say(f"  use of the allowed rate {used:.1%}")
        _tell(calls, report)


async def replicas(kafka: KafkaClient, profiles: int) -> None:
    """Three services share the quota; one leaves when they have run for a while."""
    async with stand(kafka, backlog(profiles, max(1, profiles // 20), 0)) as place:
        left, gone = await _one_leaves(place)
        report = await place.report()
    calls = place.calls
    _say(f"{REPLICAS} replicas, {profiles:,} profiles in batches of {BATCH}")
    _tell(calls, report)
    _say(f"  together, in the minute before one left: {calls.use(left - WINDOW_SECONDS, left):.1%}")
    _say(f"  one left in {gone - left:.1f} s; use of the allowed rate from then on:")
    end = calls.arrived[-1]
    for since, until in pairwise(range(0, max(0, int(end - gone)), 15)):
        _say(f"    {since:3} to {until:3} s: {calls.use(gone + since, gone + until):.1%}")
    _say(f"  together, from 15 s after that to the end: {calls.use(gone + 15, end):.1%}")


async def _one_leaves(place: Stand) -> tuple[float, float]:
    """Run until all is committed; when one was told to leave and when it had, since 1970."""
    services = [place.service(number, PLANHAT_BATCH_SIZE=str(BATCH)) for number in range(REPLICAS)]
    try:
        for one in services:
            await one.start()
        await asyncio.sleep(STEADY_SECONDS + WINDOW_SECONDS)
        left = time.time()
        await services[0].stop()
        gone = time.time()
        await place.until_committed()
    finally:
        for one in services:
            await one.stop()
    return left, gone


def _tell(calls: Calls, report: dict[str, Any]) -> None:
    main = len(calls.arrived)
    _say(f"  calls: {main} to the main API, {calls.by_resource.get('activities', 0)} of activities")
    _say(f"  by resource: {calls.by_resource}")
    _say(f"  answered 429: {calls.throttled} ({calls.throttled / main:.2%})")
    _say(f"  most in any 60 s: {calls.most_in_a_window()} of {QUOTA}")
    counters = report["counters"]
    _say(f"  overtakes {counters['overtakes']}, overlaps {counters['overlaps']}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def _measure(arguments: argparse.Namespace, address: str) -> None:
    async with KafkaClient(address) as kafka:
        if "drain" in arguments.scenarios:
            await drain(kafka, arguments.profiles, None)
        if "paced" in arguments.scenarios:
            await drain(kafka, arguments.paced_profiles, BATCH)
        if "lanes" in arguments.scenarios:
            await lanes(kafka, arguments.lanes_profiles, arguments.rounds)
        if "replicas" in arguments.scenarios:
            await replicas(kafka, arguments.replicas_profiles)


def main(given: Sequence[str] | None = None) -> int:
    """Run what was named, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.quota",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenarios", nargs="*", default=["drain", "paced", "replicas"])
    parser.add_argument("--profiles", type=int, default=100_000, help="of drain")
    parser.add_argument("--paced-profiles", type=int, default=40_000, help="of paced")
    parser.add_argument("--lanes-profiles", type=int, default=20_000, help="of lanes")
    parser.add_argument("--rounds", type=int, default=1, help="of lanes")
    parser.add_argument("--replicas-profiles", type=int, default=40_000, help="of replicas")
    arguments = parser.parse_args(given)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a starting broker is no news
    with any_kafka() as address:
        asyncio.run(_measure(arguments, address))
    return 0


if __name__ == "__main__":
    sys.exit(main())
