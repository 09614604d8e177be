"""Extracts brought into a real topic, and from there to the sandbox."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING

import pytest

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from tests.integration.command import Command
from tests.integration.kafka_client import until
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import contents, environment, until_committed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

FREE = SandboxOptions(quota=QuotaOptions(calls_per_window=100_000, calls_per_second=10_000))


@pytest.fixture
async def planhat() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(FREE) as server:
        yield server


def users(count: int) -> str:
    rows = [
        {
            "id": f"user-{number}",
            "external_id": f"u-{number}",
            "email": f"u{number}@example.com",
            "traits_version": number,
            "account": {"id": "account-0", "external_id": "a-0", "name": "Acme"},
        }
        for number in range(count)
    ]
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def left_over(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir() if ".backfill" in one.name]


async def test_an_extract_reaches_planhat(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=3)
    await kafka.create_topic(f"{name}-dead")
    settings = environment(kafka, planhat, name, tmp_path)
    command = Command(**settings)
    (tmp_path / "accounts.csv").write_text("id,external_id,name\naccount-0,a-0,Acme\n,x,Bad\n")
    (tmp_path / "users.jsonl").write_text("{broken\n" + users(500))

    dry = await command("backfill", str(tmp_path / "users.jsonl"), "--of", "users", "--dry-run")
    bare = await command("backfill", str(tmp_path / "users.jsonl"))
    accounts = await command("backfill", str(tmp_path / "accounts.csv"), "--of", "accounts")
    done = await command(
        "backfill", str(tmp_path / "users.jsonl"), "--of", "users", "--rate", "10000"
    )
    async with ServiceProcess(tmp_path / "log", **settings) as service:
        await until_committed(kafka, name, service)

    assert (dry.code, dry.out) == (1, f"500 records would be written to {name}, 1 row bad\n")
    assert (bare.code, "say --of users or --of accounts" in bare.err) == (2, True)
    assert (accounts.code, accounts.err) == (1, "line 3: account without an id\n")
    assert (done.code, done.out) == (1, f"500 records written to {name}, 1 row bad\n")
    assert done.err.startswith("line 1: not JSON: ")
    written = await kafka.read(name)
    assert {one.key for one in written} == {b"account-0"} | {b"user-%d" % at for at in range(500)}
    found = contents(planhat)
    assert len(found["endusers"]) == 500
    assert [row["name"] for row in found["companies"]] == ["Acme"]
    assert left_over(tmp_path) == []


async def test_a_backfill_that_was_stopped_goes_on(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name)
    extract = tmp_path / "users.jsonl"
    extract.write_text(users(5000))
    command = Command(KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers, KAFKA_TOPICS=name)

    running = asyncio.create_task(
        command("backfill", str(extract), "--of", "users", "--rate", "500")
    )

    async def begun() -> bool:
        return (await kafka.end_offsets(name))[0] >= 1500  # more than it holds unacknowledged

    await until(begun)
    command.signal(signal.SIGINT)
    stopped = await running
    before = len(await kafka.read(name))
    rest = await command("backfill", str(extract), "--of", "users", "--rate", "50000")

    assert (stopped.code, before < 5000) == (130, True)
    assert rest.code == 0
    assert rest.err.startswith("hull-planhat: going on from line ")
    written = [one.key for one in await kafka.read(name)]
    assert set(written) == {b"user-%d" % at for at in range(5000)}
    assert len(written) <= 5000 + 1100
    assert left_over(tmp_path) == []


async def test_a_topic_that_is_missing_is_not_made(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("never")
    (tmp_path / "users.jsonl").write_text(users(1))
    command = Command(KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers, KAFKA_TOPICS=name)

    done = await command("backfill", str(tmp_path / "users.jsonl"), "--of", "users")

    assert (done.code, done.err) == (1, f"hull-planhat: topic {name} does not exist\n")
