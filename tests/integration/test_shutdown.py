"""How the service ends: in order when asked once, at once when asked twice."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from planhat_client.sandbox import Fault, SandboxServer
from tests.integration.hull import Hull
from tests.integration.kafka_client import until
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import check, environment, produce, until_committed
from tests.integration.test_start import lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient


async def test_a_second_signal_ends_it_at_once_and_loses_nothing(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name, log = topic("events"), tmp_path / "log"
    await kafka.create_topic(name)
    await kafka.create_topic(f"{name}-dead")
    hull = Hull(users=20, accounts=2)
    await produce(kafka, name, hull.changes(40))

    async with SandboxServer() as planhat:
        planhat.faults.add([Fault("timeout", resource="endusers")], 0.0)
        settings = environment(kafka, planhat, name, tmp_path)

        async def is_waiting_for_planhat() -> bool:
            return planhat.faults.hits > 0

        async def is_stopping() -> bool:
            return bool(lines(log, "service.stopping"))

        async with ServiceProcess(log, **settings) as service:
            await until(is_waiting_for_planhat)
            assert service.process is not None
            service.process.send_signal(signal.SIGTERM)
            await until(is_stopping)
            assert await service.stop(signal.SIGTERM) == 128 + signal.SIGTERM

        planhat.faults.clear()
        async with ServiceProcess(tmp_path / "again", **settings) as service:
            await until_committed(kafka, name, service)

        check(hull, planhat)
    assert lines(log, "service.stopped") == []
