"""A thousand users and accounts whose ids in Hull no record of Planhat's has; real Kafka."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from tests.integration.hull import Hull
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import check, contents, environment, produce, until_committed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from planhat_client.sandbox.options import UnknownId
    from tests.integration.kafka_client import KafkaClient

COUNT = 1000


def stale(kind: str, number: int) -> str:
    return f"6{kind}{number:022x}"


def with_ids(record: tuple[bytes, bytes], number: int) -> tuple[bytes, bytes]:
    """The same message, with ids that Planhat does not know."""
    key, value = record
    message: dict[str, Any] = json.loads(value)
    message["account"]["planhat/id"] = stale("c", number)
    if "user" in message:
        message["user"]["traits_planhat/id"] = stale("a", number)
    return key, json.dumps(message).encode()


@pytest.mark.parametrize("unknown_id", ["refused", "ignored", "created", "next_key"])
async def test_a_thousand_stale_ids_end_well_in_a_few_calls_and_hull_is_told(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path, unknown_id: UnknownId
) -> None:
    name, hull = topic("events"), Hull(users=COUNT, accounts=COUNT)
    await kafka.create_topic(name, partitions=1)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    await kafka.create_topic(f"{name}-results", partitions=1)
    quota = QuotaOptions(calls_per_window=100_000, calls_per_second=10_000)
    async with SandboxServer(SandboxOptions(quota=quota, unknown_id=unknown_id)) as planhat:
        settings = environment(kafka, planhat, name, tmp_path)
        settings["KAFKA_RESULTS_TOPIC"] = f"{name}-results"
        async with ServiceProcess(tmp_path / "log", **settings) as service:
            for of in (hull.account, hull.user):
                records = [with_ids(of(number), number) for number in range(COUNT)]
                await produce(kafka, name, records)
                await until_committed(kafka, name, service)
            assert await service.stop() == 0

        check(hull, planhat)
        calls = planhat.report()["counters"]["requests"]
        assert sum(calls["companies"].values()) <= COUNT / 50
        assert sum(calls["endusers"].values()) <= COUNT / 50
        found = contents(planhat)
        told = {
            json.loads(one.value)["hull_id"]: json.loads(one.value)
            for one in await kafka.read(f"{name}-results")
            if one.value is not None
        }
        for kind, letter, prefix, rows in (
            ("user", "a", "u-", found["endusers"]),
            ("account", "c", "a-", found["companies"]),
        ):
            for row in rows:
                number = int(row["externalId"].removeprefix(prefix))
                one, old = told[f"{kind}-{number}"], stale(letter, number)
                assert one["planhat_id"] == row["_id"]
                assert one.get("replaced") == (None if row["_id"] == old else old)
        assert await kafka.read(f"{name}-dead") == []
