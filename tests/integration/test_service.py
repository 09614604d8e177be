"""The main job: the real service as a process, real Kafka, the sandbox as witness."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from consumer.kafka.member import FETCH_BYTES
from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from tests.consumer.written_commit import encode
from tests.integration.hull import CONNECTOR, Hull
from tests.integration.kafka_client import Entry
from tests.integration.service_process import ServiceProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

FREE = SandboxOptions(quota=QuotaOptions(calls_per_window=100_000, calls_per_second=10_000))


@pytest.fixture
async def planhat() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(FREE) as server:
        yield server


def environment(
    kafka: KafkaClient, planhat: SandboxServer, topic: str, tmp: Path
) -> dict[str, str]:
    connector = tmp / "connector.yaml"
    connector.write_text(CONNECTOR)
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "KAFKA_TOPICS": topic,
        "KAFKA_GROUP_ID": f"group-of-{topic}",
        "KAFKA_DEAD_LETTER_TOPIC": f"{topic}-dead",
        "KAFKA_SESSION_TIMEOUT_SECONDS": "6",
        "CONNECTOR_SETTINGS": str(connector),
        "PLANHAT_API_URL": planhat.url,
        "PLANHAT_ANALYTICS_URL": planhat.analytics_url,
        "PLANHAT_REQUESTS_PER_MINUTE": "6000",
        "PLANHAT_BURST": "100",
    }


async def produce(kafka: KafkaClient, topic: str, records: list[tuple[bytes, bytes]]) -> None:
    await kafka.produce(topic, [Entry(key, value) for key, value in records])


async def until_committed(kafka: KafkaClient, topic: str, *running: ServiceProcess) -> None:
    """Wait until the group has committed the end of every partition."""
    ends = await kafka.end_offsets(topic)
    async with asyncio.timeout(120):
        while True:
            committed = await kafka.committed(f"group-of-{topic}", topic)
            if all(committed.get(number, (0, ""))[0] == end for number, end in ends.items()):
                return
            assert any(one.is_running for one in running), running[0].log.read_text()[-3000:]
            await asyncio.sleep(0.2)


def contents(planhat: SandboxServer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(planhat.contents()))
    return found


def versions(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {row["externalId"]: row["custom"]["version"] for row in rows}


def check(hull: Hull, planhat: SandboxServer) -> None:
    found = contents(planhat)
    assert versions(found["endusers"]) == {f"u-{at}": v for at, v in hull.user_versions.items()}
    assert versions(found["companies"]) == {f"a-{at}": v for at, v in hull.account_versions.items()}
    assert {row["info"]["id"] for row in found["activities"]} == hull.events
    assert found["dropped"] == []
    report = planhat.report()
    assert report["counters"]["overtakes"] == 0
    assert report["counters"]["overlaps"] == 0


async def test_a_backlog_becomes_true_in_few_calls(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=4)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=5000, accounts=500)
    await produce(kafka, name, hull.changes(20_000))
    # By its horizon all of it may have been sent before, so all is read before anything is sent.
    # Else what is ready waits two seconds for more, and how much a busy machine reads in them
    # would decide on the calls.
    ends = await kafka.end_offsets(name)
    unsent = {number: (0, encode(0, set(), horizon=end)) for number, end in ends.items()}
    await kafka.commit(f"group-of-{name}", name, unsent)

    async with ServiceProcess(
        tmp_path / "log", **environment(kafka, planhat, name, tmp_path)
    ) as service:
        await until_committed(kafka, name, service)

    check(hull, planhat)
    requests = planhat.report()["counters"]["requests"]
    calls = sum(sum(by_status.values()) for by_status in requests.values())
    print(f"\n{calls} calls for 20,000 changes of 5,500 profiles")  # noqa: T201 - a figure for the note
    assert calls <= 2 * 20


async def test_what_one_member_leaves_another_finishes(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=4)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=2000, accounts=200)
    settings = environment(kafka, planhat, name, tmp_path)

    async with (
        ServiceProcess(tmp_path / "one", **settings) as one,
        ServiceProcess(tmp_path / "two", **settings) as two,
    ):
        await produce(kafka, name, hull.changes(4000))
        await until_committed(kafka, name, one, two)
        await produce(kafka, name, hull.changes(4000))
        assert await one.stop() == 0
        await produce(kafka, name, hull.changes(2000))
        await until_committed(kafka, name, two)

    check(hull, planhat)


async def test_bad_input_costs_only_itself(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=1)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=3, accounts=1)
    good = [hull.account(0), hull.user(0), hull.user(1)]
    wrong = json.dumps({"user": {"id": "x"}, "segments": "none", "account": {}}).encode()
    envelope = json.dumps(
        {"channel": "user:update", "messages": [json.loads(hull.user(2)[1]), {"user": 5}]}
    ).encode()
    large = b"[" + b"1," * 500_000 + b"1]"
    values: list[bytes | None] = [b"{not json", wrong, large, None, envelope]
    values.append(b'{"channel": "ship:update", "messages": [{}]}')
    await produce(kafka, name, good[:1])
    await kafka.produce(name, [Entry(b"key", value) for value in values])
    await produce(kafka, name, good[1:])

    async with ServiceProcess(
        tmp_path / "log", **environment(kafka, planhat, name, tmp_path)
    ) as service:
        await until_committed(kafka, name, service)

    check(hull, planhat)
    dead = await kafka.read(f"{name}-dead")
    assert sorted(int(dict(one.headers)["dl.offset"]) for one in dead) == [1, 2, 3, 5]
    assert {one.value for one in dead} == {values[0], wrong, values[2], envelope}
    logged = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    rejected = [line for line in logged if line["event"] == "record.rejected"]
    assert {line["offset"] for line in rejected} == {1, 2, 3, 5}
    assert all(line["reason"] and line["topic"] == name for line in rejected)


async def test_a_record_larger_than_a_fetch_is_delivered_and_stops_nobody(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=1, max_message_bytes=str(8 << 20))
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=3, accounts=1)
    key, value = hull.user(1)
    message = json.loads(value)
    message["user"]["traits_essay"] = "x" * (FETCH_BYTES + 1)
    large = (key, json.dumps(message).encode())
    await produce(kafka, name, [hull.account(0), hull.user(0), large, hull.user(2)])

    async with ServiceProcess(
        tmp_path / "log", **environment(kafka, planhat, name, tmp_path)
    ) as service:
        await until_committed(kafka, name, service)

    check(hull, planhat)
    assert not await kafka.read(f"{name}-dead")


async def test_each_delivered_profile_is_written_back_with_the_id_that_planhat_gave(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=2)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    await kafka.create_topic(f"{name}-results", partitions=2)
    hull = Hull(users=40, accounts=4)
    await produce(kafka, name, hull.changes(60))
    settings = environment(kafka, planhat, name, tmp_path)

    async with ServiceProcess(
        tmp_path / "log", **settings, KAFKA_RESULTS_TOPIC=f"{name}-results"
    ) as service:
        await until_committed(kafka, name, service)
        assert await service.stop() == 0

    newest = {}
    for one in await kafka.read(f"{name}-results"):
        assert one.key is not None
        assert one.value is not None
        newest[one.key.decode()] = json.loads(one.value)
    found = contents(planhat)
    assert {key: told["planhat_id"] for key, told in newest.items()} == {
        f"{kind}-{row['externalId'].removeprefix(prefix)}": row["_id"]
        for kind, prefix, rows in (
            ("user", "u-", found["endusers"]),
            ("account", "a-", found["companies"]),
        )
        for row in rows
    }
    assert {told["action"] for told in newest.values()} <= {"created", "updated", "unchanged"}


async def test_a_results_topic_that_cannot_be_written_stops_no_delivery(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=1)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=20, accounts=2)
    await produce(kafka, name, hull.changes(30))
    results = topic("results")
    await kafka.create_topic(results, max_message_bytes="1")
    settings = environment(kafka, planhat, name, tmp_path) | {"KAFKA_RESULTS_TOPIC": results}

    async with ServiceProcess(tmp_path / "log", **settings) as service:
        await until_committed(kafka, name, service)
        assert await service.stop() == 0

    check(hull, planhat)
    assert "results.dropped" in (tmp_path / "log").read_text()


async def test_activities_go_one_by_one_where_that_is_set(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=1)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=20, accounts=2)
    await produce(kafka, name, hull.changes(60))
    settings = environment(kafka, planhat, name, tmp_path) | {"PLANHAT_ACTIVITIES": "single"}

    async with ServiceProcess(tmp_path / "log", **settings) as service:
        await until_committed(kafka, name, service)

    check(hull, planhat)
    requests = planhat.report()["counters"]["requests"]["activities"]
    assert requests == {"200": len(hull.events)}
