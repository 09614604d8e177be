"""The outcomes topic on real Kafka: each message is in it; while it is gone nothing is harmed."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest

from planhat_client.sandbox import SandboxServer
from schemas.outcome import lines
from schemas.outcome.digest import EmailDigest
from schemas.outcome.member import Gap, Summary
from schemas.outcome.message import Outcome
from tests.integration.hull import Hull
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import FREE, check, environment, produce, until_committed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from schemas.outcome import Line
    from tests.integration.kafka_client import KafkaClient

TENANT = "11111111-2222-3333-4444-555555555555"

Place = tuple[int, int]


@pytest.fixture
async def planhat() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(FREE) as server:
        yield server


async def told(kafka: KafkaClient, topic: str) -> list[Line]:
    found = [one for record in await kafka.read(topic) for one in lines(record.value or b"")]
    assert None not in found
    return [one for one in found if one is not None]


def places(found: list[Line]) -> list[Place]:
    return [(one.partition, one.offset) for one in found if isinstance(one, Outcome)]


async def all_places(kafka: KafkaClient, topic: str) -> set[Place]:
    ends = await kafka.end_offsets(topic)
    return {(number, offset) for number, end in ends.items() for offset in range(end)}


async def test_each_message_is_told_with_what_planhat_did_of_it(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name, outcomes = topic("events"), topic("outcomes")
    await kafka.create_topic(name, partitions=2)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    await kafka.create_topic(outcomes, partitions=2)
    hull = Hull(users=200, accounts=20)
    await produce(kafka, name, [*hull.changes(500), (b"x", b"no json")])
    settings = environment(kafka, planhat, name, tmp_path) | {"KAFKA_OUTCOMES_TOPIC": outcomes}

    async with ServiceProcess(tmp_path / "log", **settings) as service:
        await until_committed(kafka, name, service)
        committed = await told(kafka, outcomes)
        assert await service.stop() == 0

    check(hull, planhat)
    expected = await all_places(kafka, name)
    # What is committed is in the topic by then, each message once.
    assert sorted(places(committed)) == sorted(expected)
    found = await told(kafka, outcomes)
    check_outcome(found)
    rejected = [one for one in found if isinstance(one, Outcome) and one.ending == "rejected"]
    assert [one.reason.partition(":")[0] for one in rejected] == ["not JSON"]
    summaries = [one for one in found if isinstance(one, Summary)]
    assert [one.is_last for one in summaries][-1]
    assert sum(count.count for one in summaries for count in one.messages) == len(expected)
    assert [one.what for one in summaries[0].happenings] == ["started"]


def check_outcome(found: list[Line]) -> None:
    outcome = next(
        one for one in found if isinstance(one, Outcome) and one.external_id == "u-7" and one.email
    )
    assert outcome.ending == "delivered"
    assert outcome.email.startswith("u***@")
    assert outcome.email_digest == EmailDigest(TENANT).of("u7@example.com")
    assert outcome.appended_at <= outcome.read_at <= outcome.at
    change = next(one for one in outcome.changes if one.resource == "endusers")
    assert (change.ending, change.status) == ("delivered", 200)
    assert outcome.read_at <= change.sent_at <= change.answered_at <= outcome.at


async def test_a_topic_that_is_gone_for_a_while_delays_nothing_and_each_message_is_told_or_a_gap(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name, outcomes = topic("events"), topic("outcomes")
    await kafka.create_topic(name, partitions=2)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=4000, accounts=100)
    await produce(kafka, name, hull.changes(8000))
    settings = environment(kafka, planhat, name, tmp_path) | {"KAFKA_OUTCOMES_TOPIC": outcomes}

    async with ServiceProcess(tmp_path / "log", **settings) as service:
        await until_committed(kafka, name, service)
        check(hull, planhat)
        await kafka.create_topic(outcomes, partitions=1)
        await produce(kafka, name, hull.changes(50))
        await until_committed(kafka, name, service)
        wanted = len(await all_places(kafka, name))
        async with asyncio.timeout(60):
            while told_of(await told(kafka, outcomes)) < wanted:  # noqa: ASYNC110 - Kafka is asked
                await asyncio.sleep(0.5)
        assert await service.stop() == 0

    check(hull, planhat)
    found = await told(kafka, outcomes)
    kept = places(found)
    assert len(kept) == len(set(kept))
    assert told_of(found) == wanted
    assert "outcomes.unwritable" in (tmp_path / "log").read_text()


def told_of(found: list[Line]) -> int:
    """Messages that are told, or counted in a gap."""
    return len(places(found)) + sum(one.count for one in found if isinstance(one, Gap))


async def test_what_was_committed_before_a_kill_is_told(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name, outcomes = topic("events"), topic("outcomes")
    await kafka.create_topic(name, partitions=4)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    await kafka.create_topic(outcomes, partitions=1)
    hull = Hull(users=1500, accounts=100)
    await produce(kafka, name, hull.changes(6000))
    settings = environment(kafka, planhat, name, tmp_path) | {
        "KAFKA_OUTCOMES_TOPIC": outcomes,
        "KAFKA_GROUP_INSTANCE_ID": "pod-0",
        # What a commit may wait for the topic is a part of it.
        "KAFKA_SESSION_TIMEOUT_SECONDS": "45",
    }

    for _ in range(2):
        async with ServiceProcess(tmp_path / "log", **settings) as service:
            before = len(await told(kafka, outcomes))
            async with asyncio.timeout(120):
                while len(await told(kafka, outcomes)) < before + 500:  # noqa: ASYNC110 - Kafka is asked
                    await asyncio.sleep(0.05)
            await service.stop(signal.SIGKILL)
    async with ServiceProcess(tmp_path / "log", **settings) as service:
        await until_committed(kafka, name, service)
        assert await service.stop() == 0

    check(hull, planhat)
    found = await told(kafka, outcomes)
    assert [one for one in found if isinstance(one, Gap)] == []
    assert "outcomes.unwritable" not in (tmp_path / "log").read_text()
    assert await all_places(kafka, name) - set(places(found)) == set()
