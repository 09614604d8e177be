"""Users that Hull merged, and older messages of the losers; real Kafka and the sandbox."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from planhat_client.sandbox.options import LatencyOptions
from tests.integration.hull import Hull
from tests.integration.kafka_client import Entry
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import contents, environment, produce, until_committed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

QUOTA = QuotaOptions(calls_per_window=100_000, calls_per_second=10_000)


def merge(hull: Hull, winner: int, loser: int) -> tuple[bytes, bytes]:
    """What the survivor's message says of it; nothing else changed."""
    key, value = hull.user(winner)
    message: dict[str, Any] = json.loads(value)
    message["changes"] = {"is_new": False, "user": {}}
    message["events"] = [
        {
            "event": "User merged",
            "event_id": f"user-{winner}:user-{loser}:merged",
            "created_at": "2026-11-01 10:00:00 UTC",
            "properties": {
                "user_id": f"user-{winner}",
                "merged_id": f"user-{loser}",
                "merged_external_id": f"u-{loser}",
                "merged_email": f"u{loser}@example.com",
            },
        }
    ]
    return key, json.dumps(message).encode()


def settings(
    kafka: KafkaClient, planhat: SandboxServer, name: str, tmp: Path, policy: str
) -> dict[str, str]:
    found = environment(kafka, planhat, name, tmp)
    connector = tmp / "connector.yaml"
    connector.write_text(f"{connector.read_text()}on_user_merged: {policy}\n")
    return found


def calls_of(planhat: SandboxServer) -> Counter[str]:
    """Requests so far, by resource."""
    found = planhat.report()["counters"]["requests"]
    return Counter({resource: sum(by_status.values()) for resource, by_status in found.items()})


async def begun(kafka: KafkaClient, name: str, partitions: int) -> None:
    await kafka.create_topic(name, partitions=partitions)
    await kafka.create_topic(f"{name}-dead", partitions=1)


@pytest.mark.parametrize("policy", ["archive", "delete"])
async def test_an_older_message_that_another_member_reads_later_brings_no_loser_back(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path, policy: str
) -> None:
    name = topic("events")
    await begun(kafka, name, 2)
    hull = Hull(users=4000, accounts=2)
    merges, others = range(1, 21), range(101, 4000)
    # The losers' last messages lie behind thousands of others in a partition of their own.
    lagging = [hull.account(0), hull.account(1), *[hull.user(number) for number in others]]
    lagging += [hull.user(100 * number) for number in merges if 100 * number < 4000]
    await kafka.produce(name, [Entry(*record, partition=1) for record in lagging])
    await kafka.produce(
        name, [Entry(*merge(hull, number, 100 * number), partition=0) for number in merges]
    )
    latency = LatencyOptions(fixed_seconds=0.5)
    async with SandboxServer(SandboxOptions(quota=QUOTA, latency=latency)) as planhat:
        options = settings(kafka, planhat, name, tmp_path, policy)
        options["PLANHAT_BATCH_SIZE"] = "200"
        first = ServiceProcess(tmp_path / "first", **options)
        second = ServiceProcess(tmp_path / "second", **options)
        async with first, second:
            await until_committed(kafka, name, first, second)
        rows = {row["externalId"]: row for row in contents(planhat)["endusers"]}

    logs = first.log.read_text() + second.log.read_text()
    assert "merge.hurried" not in logs
    losers = {f"u-{100 * number}" for number in merges}
    alive = {name for name, row in rows.items() if not row.get("archived")}
    assert losers.isdisjoint(alive)
    assert {f"u-{number}" for number in merges} <= alive
    assert len(alive) == 20 + len(others) - len(losers & {f"u-{number}" for number in others})
    assert await kafka.read(f"{name}-dead") == []


async def test_merges_in_turn_in_partitions_of_two_members_go_together(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await begun(kafka, name, 2)
    count = 300
    hull = Hull(users=2 * count, accounts=2)
    records = [hull.account(0), hull.account(1), *[hull.user(at) for at in range(2 * count)]]
    entries = [Entry(*record, partition=at % 2) for at, record in enumerate(records)]
    entries += [
        Entry(*merge(hull, number, count + number), partition=number % 2) for number in range(count)
    ]
    for at in range(0, len(entries), 20):  # so that each has its own time
        await kafka.produce(name, entries[at : at + 20])
    async with SandboxServer(SandboxOptions(quota=QUOTA)) as planhat:
        options = settings(kafka, planhat, name, tmp_path, "archive")
        first = ServiceProcess(tmp_path / "first", **options)
        second = ServiceProcess(tmp_path / "second", **options)
        async with asyncio.timeout(100), first, second:
            await until_committed(kafka, name, first, second)
        rows = {row["externalId"]: row.get("archived") for row in contents(planhat)["endusers"]}

    assert "merge.hurried" not in first.log.read_text() + second.log.read_text()
    assert rows == {f"u-{at}": True if at >= count else None for at in range(2 * count)}


async def test_a_backlog_of_five_thousand_merges_costs_at_most_four_calls_a_thousand(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await begun(kafka, name, 4)
    count = 5000
    hull = Hull(users=2 * count, accounts=50)
    async with SandboxServer(SandboxOptions(quota=QUOTA)) as planhat:
        options = settings(kafka, planhat, name, tmp_path, "archive")
        await produce(kafka, name, [hull.account(at) for at in range(50)])
        await produce(kafka, name, [hull.user(at) for at in range(2 * count)])
        async with ServiceProcess(tmp_path / "first", **options) as service:
            await until_committed(kafka, name, service)
        before = calls_of(planhat)
        await produce(kafka, name, [merge(hull, number, count + number) for number in range(count)])
        async with ServiceProcess(tmp_path / "second", **options) as service:
            await until_committed(kafka, name, service)
        after = calls_of(planhat)
        rows = {row["externalId"]: row.get("archived") for row in contents(planhat)["endusers"]}

    calls = after - before
    print(f"calls for {count} merges: {sum(calls.values())} {calls}")  # noqa: T201 - the figure
    assert rows == {f"u-{at}": True if at >= count else None for at in range(2 * count)}
    assert sum(calls.values()) <= 4 * count / 1000
