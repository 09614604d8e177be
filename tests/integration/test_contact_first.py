"""An event never comes before its contact: real Kafka, the real service, a resource that fails."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from planhat_client.sandbox import Fault, SandboxServer
from tests.integration.hull import ACCOUNTS_SEGMENT, USERS_SEGMENT
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import FREE, contents, environment, produce, until_committed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

USERS = 200


def message(number: int, account: str, segments: list[Any], **members: object) -> bytes:
    return json.dumps(
        {
            "channel": "user:update",
            "user": {
                "id": f"user-{number}",
                "external_id": f"u-{number}",
                "email": f"u{number}@example.com",
            },
            "account": {"id": f"account-{account}", "external_id": account, "name": account},
            "segments": [USERS_SEGMENT],
            "account_segments": segments,
            **members,
        }
    ).encode()


def lives(number: int) -> list[tuple[bytes, bytes]]:
    """A user comes to a customer, and moves with an event to who is none."""
    event = {
        "event": "Signed in",
        "event_id": f"event-{number}",
        "created_at": "2026-11-01T10:00:00Z",
        "properties": {"id": f"event-{number}"},
    }
    moved = {"is_new": False, "account": {"id": ["account-in", "account-out"]}}
    return [
        (
            f"user-{number}".encode(),
            message(number, "in", [ACCOUNTS_SEGMENT], changes={"is_new": True}),
        ),
        (f"user-{number}".encode(), message(number, "out", [], changes=moved, events=[event])),
    ]


@pytest.mark.parametrize(
    "outage_seconds", [12.0, pytest.param(60.0, marks=pytest.mark.chaos, id="a minute")]
)
async def test_users_that_move_away_during_an_outage_keep_their_events(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path, outage_seconds: float
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=2)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    async with SandboxServer(FREE) as planhat:
        await produce(kafka, name, [record for number in range(USERS) for record in lives(number)])
        planhat.faults.add([Fault("status", resource="endusers", status=503)], time.monotonic())
        env = environment(kafka, planhat, name, tmp_path) | {"COMPANY_WAIT_SECONDS": "2"}

        async with ServiceProcess(tmp_path / "log", **env) as service:
            async with asyncio.timeout(60):
                while not planhat.faults.hits:  # noqa: ASYNC110 - another thing counts
                    await asyncio.sleep(0.1)
            await asyncio.sleep(outage_seconds)  # the outage itself
            planhat.faults.clear()
            await until_committed(kafka, name, service)

        found = contents(planhat)
        assert len(found["endusers"]) == USERS
        assert len({row["info"]["id"] for row in found["activities"]}) == USERS
        assert found["dropped"] == []
