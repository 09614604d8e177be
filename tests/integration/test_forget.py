"""Forgotten with real Kafka: found by a Hull id; what is left in the topics is told and buried."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from tests.integration.command import Command
from tests.integration.service_process import ServiceProcess
from tests.integration.test_dead_letters import REFUSED, user
from tests.integration.test_service import environment, until_committed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

FREE = SandboxOptions(quota=QuotaOptions(calls_per_window=100_000, calls_per_second=10_000))


@pytest.fixture
async def planhat() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(FREE) as server:
        yield server


def ids(planhat: SandboxServer) -> set[str]:
    return {row["externalId"] for row in planhat.state.records["endusers"]}


def events(receipt: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in receipt.read_text("utf-8").splitlines()]


class Stage:
    """Two users that were sent, of one a dead letter; then the command, as often as wanted."""

    def __init__(self, kafka: KafkaClient, planhat: SandboxServer, name: str, tmp: Path) -> None:
        self.kafka, self.planhat, self.name, self.tmp = kafka, planhat, name, tmp
        self.results, self.receipt = f"{name}-results", tmp / "receipt"
        self.settings = environment(kafka, planhat, name, tmp)
        self.settings["KAFKA_RESULTS_TOPIC"] = self.results
        self.said = ""

    async def prepare(self) -> None:
        await self.kafka.create_topic(self.name, partitions=2)
        await self.kafka.create_topic(f"{self.name}-dead")
        await self.kafka.create_topic(self.results, partitions=2, cleanup_policy="compact")
        self.planhat.refusals.append(REFUSED)
        await self.written((1, "u1@example.com"), (2, "u2@example.com"), (1, "bad@example.com"))
        await self.served()
        self.planhat.refusals.clear()
        assert ids(self.planhat) == {"u-1", "u-2"}

    async def written(self, *users: tuple[int, str]) -> None:
        entries = [user(number, at, email) for at, (number, email) in enumerate(users, 1)]
        await self.kafka.produce(self.name, entries)

    async def served(self) -> None:
        async with ServiceProcess(self.tmp / "log", **self.settings) as service:
            await until_committed(self.kafka, self.name, service)

    async def forget(self, *more: str) -> str:
        given = ("forget", "--hull-id", "user-1", "--yes", "--receipt", str(self.receipt))
        done = await Command(**self.settings)(*given, *more)
        assert (done.code, done.err) == (0, ""), done
        self.said += done.out
        return done.out


async def test_who_is_named_by_a_hull_id_is_forgotten_and_what_is_left_is_told(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    stage = Stage(kafka, planhat, topic("events"), tmp_path)
    await stage.prepare()
    await stage.written((1, "u1@example.com"), (2, "u2@example.com"))

    out = await stage.forget()

    assert ids(planhat) == {"u-2"}
    assert "1 letter of theirs: 0:0" in out
    assert f"results ({stage.results}): 1 profile of theirs; --tombstone writes" in out
    assert "2 messages not delivered yet, 1 of theirs" in out
    await stage.served()
    assert ids(planhat) == {"u-1", "u-2"}

    out = await stage.forget("--tombstone")

    assert ids(planhat) == {"u-2"}
    assert "all messages are delivered" in out
    assert "u1@example.com" not in stage.said + stage.receipt.read_text("utf-8")


async def test_a_tombstone_lies_behind_each_result_of_theirs_and_is_written_once(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    stage = Stage(kafka, planhat, topic("events"), tmp_path)
    await stage.prepare()

    first = await stage.forget("--tombstone")
    second = await stage.forget("--tombstone")

    assert "tombstones are written" in first
    assert f"results ({stage.results}): none of theirs" in second
    written = await kafka.read(stage.results)
    of_one = [one for one in written if one.key == b"user-1"]
    assert of_one[-1].value is None
    assert len({one.partition for one in of_one}) == 1
    assert all(one.value for one in written if one.key == b"user-2")
    assert [one["event"] for one in events(stage.receipt)].count("tombstone") == 1


async def test_a_hull_id_of_which_nothing_is_known_is_told(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name)
    settings = environment(kafka, planhat, name, tmp_path)

    done = await Command(**settings)("forget", "--hull-id", "nobody", "--dry-run")

    assert done.code == 1
    assert "neither a message of the last 168 h nor a result tells its contact" in done.out
    assert f"Kafka: topic {name}-dead does not exist; what is left in the topics" in done.out
