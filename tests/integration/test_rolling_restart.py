"""A roll-out loses nothing and overtakes nothing; the long form is in tests/chaos."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from tests.integration import rolling_restart
from tests.integration.hull import Hull
from tests.integration.test_service import check, environment, until_committed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

FREE = SandboxOptions(quota=QuotaOptions(calls_per_window=100_000, calls_per_second=10_000))


@pytest.mark.parametrize(
    ("records", "per_second"),
    [
        pytest.param(4000, 500, id="4,000"),
        pytest.param(
            100_000, 2500, id="100,000", marks=[pytest.mark.chaos, pytest.mark.timeout(900)]
        ),
    ],
)
async def test_a_rolling_restart_loses_nothing_and_overtakes_nothing(
    kafka: KafkaClient,
    topic: Callable[[str], str],
    tmp_path: Path,
    records: int,
    per_second: float,
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=rolling_restart.PARTITIONS)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=2000, accounts=200)

    async with SandboxServer(FREE) as planhat, AsyncExitStack() as stack:
        settings = environment(kafka, planhat, name, tmp_path)
        settings["KAFKA_SESSION_TIMEOUT_SECONDS"] = "45"
        members = rolling_restart.members(tmp_path, settings)
        for member in members:
            await stack.enter_async_context(member)
        for member in members:
            await rolling_restart.until_ready(member)
        stream = rolling_restart.Stream(kafka, name, hull, per_second)
        seen = await rolling_restart.roll_out(stream, members, planhat, records)
        await until_committed(kafka, name, *members)

        check(hull, planhat)
    print(f"\n{seen}")  # noqa: T201 - figures for the note
    assert seen.written >= records
