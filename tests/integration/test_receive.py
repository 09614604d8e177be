"""Hull's posts on real Kafka: nothing lost, order kept, answered when it is safe."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
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


@pytest.mark.slow
async def test_a_restart_of_kafka_costs_no_message_and_no_order(
    own_broker: KafkaCluster, tmp_path: Path
) -> None:
    topic = "hull.events"
    async with own_broker.client() as kafka:
        await kafka.create_topic(topic, partitions=4)
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": own_broker.bootstrap_servers,
        "KAFKA_TOPICS": topic,
        **SMALL,
    }
    rounds = MESSAGES // A_POST // SENDERS
    answered_at: list[tuple[float, int]] = []
    written = asyncio.Event()

    async def one_after_the_other(sender: int, hull: Hull) -> None:
        async with aiohttp.ClientSession() as session:
            for version in range(rounds):
                users = [user(f"u-{sender}-{at}", version) for at in range(A_POST)]
                await hull.send(session, envelope(sender * rounds + version, users))
                answered_at.append((asyncio.get_running_loop().time(), sender))
                if len(answered_at) >= rounds:
                    written.set()

    async with ReceiverProcess(tmp_path / "log", **settings) as receiver:
        await receiver.until_ready()
        hull = Hull(receiver.url)
        senders = [asyncio.create_task(one_after_the_other(at, hull)) for at in range(SENDERS)]
        await written.wait()
        await own_broker.kill_broker(1)
        killed = len(answered_at)
        await asyncio.sleep(14)  # longer than a post is waited for
        during = len(answered_at)
        await own_broker.start_broker(1)
        await asyncio.gather(*senders)

    async with own_broker.client() as kafka:
        records = await kafka.read(topic)
    versions: defaultdict[str, list[int]] = defaultdict(list)
    for record in records:
        found = msgspec.json.decode(record.value or b"")
        assert record.key == found["user"]["id"].encode()
        versions[found["user"]["id"]].append(found["user"]["traits_version"])
    print(
        f"{len(records)} records of {MESSAGES} messages; {sorted(set(hull.statuses))}, "
        f"{hull.statuses.count(503)} times 503"
    )
    assert during - killed <= SENDERS  # what was acknowledged just before
    assert 503 in hull.statuses
    assert len(versions) == SENDERS * A_POST
    for seen in versions.values():
        assert set(seen) == set(range(rounds))
        assert seen == sorted(seen)
    assert b"not for the topic" not in b"".join(one.value or b"" for one in records)


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
