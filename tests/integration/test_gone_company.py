"""A company that is deleted in Planhat while the service runs; real Kafka and the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from tests.integration.hull import Hull
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import contents, environment, produce, until_committed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from planhat_client.sandbox.options import UnknownId
    from tests.integration.kafka_client import KafkaClient


@pytest.mark.parametrize("unknown_id", ["refused", "ignored"])
async def test_users_of_a_deleted_company_come_to_one_that_is_made_anew(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path, unknown_id: UnknownId
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=1)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    quota = QuotaOptions(calls_per_window=100_000, calls_per_second=10_000)
    async with SandboxServer(SandboxOptions(quota=quota, unknown_id=unknown_id)) as planhat:
        seed = Hull(users=40, accounts=2)
        await produce(kafka, name, [seed.account(0), seed.account(1)])
        settings = environment(kafka, planhat, name, tmp_path)
        async with ServiceProcess(tmp_path / "first", **settings) as service:
            await until_committed(kafka, name, service)
        async with ServiceProcess(tmp_path / "log", **settings) as service:
            await produce(kafka, name, [seed.user(1)])
            await until_committed(kafka, name, service)
            records = planhat.state.records["companies"]
            (gone,) = records.having("externalId", "a-0")
            planhat.state.delete(records.model, gone)

            await produce(kafka, name, [seed.user(number) for number in range(2, 40)])
            await until_committed(kafka, name, service)

        found = contents(planhat)
        companies = {row["externalId"]: row["_id"] for row in found["companies"]}
        assert set(companies) == {"a-0", "a-1"}
        assert companies["a-0"] != gone["_id"]
        owners = {row["externalId"]: row["companyId"] for row in found["endusers"]}
        assert owners == {f"u-{at}": companies[f"a-{at % 2}"] for at in range(1, 40)}
        assert await kafka.read(f"{name}-dead") == []
