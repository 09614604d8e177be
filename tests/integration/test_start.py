"""What the service says and does until it can begin."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from tests.integration.kafka_client import until
from tests.integration.service_process import ServiceProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient


def lines(log: Path, event: str) -> list[dict[str, Any]]:
    """The finished lines of a log that tell of one event."""
    text = log.read_text()
    found = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
    return [line for line in found if line["event"] == event]


async def test_a_missing_topic_is_named_and_waited_for(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name, log = topic("late"), tmp_path / "log"

    async def has_tried_twice() -> bool:
        return len(lines(log, "kafka.unavailable")) > 1

    async def has_started() -> bool:
        return bool(lines(log, "service.started"))

    async with ServiceProcess(
        log, KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers, KAFKA_TOPICS=name
    ):
        await until(has_tried_twice)
        await kafka.create_topic(name)
        await until(has_started)

    assert {line["reason"] for line in lines(log, "kafka.unavailable")} == {
        f"topic {name} does not exist, or may not be seen (DESCRIBE)"
    }


async def test_who_waits_for_kafka_says_so_and_can_be_stopped(tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def has_tried_twice() -> bool:
        return len(lines(log, "kafka.unavailable")) > 1

    async with ServiceProcess(log, KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{free_port()}") as service:
        await until(has_tried_twice)
        async with asyncio.timeout(10):
            assert await service.stop() == 0

    assert lines(log, "service.started") == []
    assert len(lines(log, "service.stopped")) == 1
