"""Hull's posts on real Kafka: nothing lost, order kept, answered when it is safe."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import pytest

from planhat_client.sandbox import SandboxServer
from tests.integration.receiver_process import SMALL, Hull, ReceiverProcess, envelope
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import FREE, contents, environment, until_committed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient
    from tests.integration.kafka_cluster import KafkaCluster

MESSAGES = int(os.environ.get("RECEIVE_MESSAGES", "4000"))
"""20,000 takes half a minute more."""
A_POST = 50
SENDERS = 4


def user(name: str, version: int) -> dict[str, Any]:
    return {
        "user": {
            "id": name,
            "external_id": f"x-{name}",
            "email": f"{name}@example.com",
            "traits_version": version,
            "traits_padding": "p" * 400,
        },
        "account": {},
        "segments": [{"id": "s1", "name": "One"}],
        "events": [],
        "changes": {"is_new": version == 0, "user": {}, "account": {}},
        "message_id": f"{name}-{version}",
    }


@dataclass
class Senders:
    """Some of Hull's lanes: each posts one notification after the other, the same profiles."""

    hull: Hull
    rounds: int
    answered: int = 0

    def begin(self) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self._send(at)) for at in range(SENDERS)]

    async def until(self, answered: int) -> None:
        async with asyncio.timeout(60):
            while self.answered < answered:  # noqa: ASYNC110 - it happens behind sockets
                await asyncio.sleep(0.01)

    async def _send(self, sender: int) -> None:
        async with aiohttp.ClientSession() as session:
            for version in range(self.rounds):
                users = [user(f"u-{sender}-{at}", version) for at in range(A_POST)]
                await self.hull.send(session, envelope(sender * self.rounds + version, users))
                self.answered += 1


async def versions_in(cluster: KafkaCluster, topic: str) -> dict[str, list[int]]:
    """Profile -> the versions in the order of its partition."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    async with cluster.client() as kafka:
        records = await kafka.read(topic)
    for record in records:
        one = msgspec.json.decode(record.value or b"")["user"]
        assert record.key == one["id"].encode()
        assert b"not for the topic" not in (record.value or b"")
        found[one["id"]].append(one["traits_version"])
    return found


@pytest.mark.slow
async def test_a_crash_of_kafka_costs_no_message_and_no_order(
    own_broker: KafkaCluster, tmp_path: Path
) -> None:
    topic = "hull.events"
    async with own_broker.client() as kafka:
        await kafka.create_topic(topic, partitions=4)
    servers = {"KAFKA_BOOTSTRAP_SERVERS": own_broker.bootstrap_servers, "KAFKA_TOPICS": topic}
    async with ReceiverProcess(tmp_path / "log", **servers, **SMALL) as receiver:
        await receiver.until_ready()
        senders = Senders(Hull(receiver.url), MESSAGES // A_POST // SENDERS)
        tasks = senders.begin()
        await senders.until(answered=senders.rounds)
        await own_broker.kill_broker(1)
        before = senders.answered
        await asyncio.sleep(14)  # longer than a post waits for Kafka
        meanwhile = senders.answered - before
        await own_broker.start_broker(1)
        await asyncio.gather(*tasks)

    seen = await versions_in(own_broker, topic)
    assert meanwhile <= SENDERS  # what was acknowledged just before
    assert 503 in senders.hull.statuses
    assert len(seen) == SENDERS * A_POST
    assert all(set(one) == set(range(senders.rounds)) for one in seen.values())
    assert all(one == sorted(one) for one in seen.values())


async def test_what_is_posted_reaches_planhat(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=2)
    await kafka.create_topic(f"{name}-dead")
    account = {"id": "a1", "external_id": "acme", "name": "Acme"}
    messages = [{"user": {}, "account": account, "account_segments": []}]
    people: list[Any] = [{**user(f"u-{at}", 1), "account": account} for at in range(20)]
    async with SandboxServer(FREE) as planhat:
        settings = {**environment(kafka, planhat, name, tmp_path), **SMALL}
        async with ReceiverProcess(tmp_path / "log-of-receiver", **settings) as receiver:
            await receiver.until_ready()
            hull = Hull(receiver.url)
            async with aiohttp.ClientSession() as session:
                posted = envelope(1, messages, channel="account:update", is_export=True)
                await hull.send(session, posted)
                answer = await hull.send(session, envelope(2, [*people, 5], is_export=True))
        async with ServiceProcess(tmp_path / "log", **settings) as service:
            await until_committed(kafka, name, service)
        found = contents(planhat)

    assert answer["flow_control"] == {"type": "next", "size": 100, "in": 1}
    assert [one["reason"] for one in answer["errors"]] == ["not a Hull message: not a JSON object"]
    assert [row["name"] for row in found["companies"]] == ["Acme"]
    assert {row["email"] for row in found["endusers"]} == {
        f"u-{at}@example.com" for at in range(20)
    }
    (letter,) = await kafka.read(f"{name}-dead")
    assert letter.value == b"5"
