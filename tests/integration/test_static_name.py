"""Two processes with one KAFKA_GROUP_INSTANCE_ID: the older gives way, and says why."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from tests.integration.hull import Hull
from tests.integration.rolling_restart import until_ready
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import check, environment, produce, until_committed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

FREE = SandboxOptions(quota=QuotaOptions(calls_per_window=100_000, calls_per_second=10_000))


async def test_of_two_processes_with_one_static_name_the_older_ends_and_says_why(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name, log = topic("events"), tmp_path / "older"
    await kafka.create_topic(name, partitions=4)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=100, accounts=10)
    async with SandboxServer(FREE) as planhat:
        settings = environment(kafka, planhat, name, tmp_path)
        settings["KAFKA_GROUP_INSTANCE_ID"] = "pod-0"
        async with ServiceProcess(log, **settings) as older:
            await until_ready(older)
            await produce(kafka, name, hull.changes(200))
            await until_committed(kafka, name, older)

            async with ServiceProcess(tmp_path / "younger", **settings) as younger:
                assert older.process is not None
                async with asyncio.timeout(60):
                    assert await older.process.wait() == 1
                await produce(kafka, name, hull.changes(200))
                await until_committed(kafka, name, younger)

                assert younger.is_running
        check(hull, planhat)
    said = log.read_text()
    assert '"member.displaced"' in said
    assert "another process has joined the group as pod-0" in said
    assert '"member.displaced"' not in (tmp_path / "younger").read_text()
