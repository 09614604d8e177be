"""The network fails in every way: nothing lost, nothing overtaken, the service stays."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.chaos.network import WEATHERS, Network, network
from tests.chaos.proxy import Proxy
from tests.chaos.sandbox_process import SandboxProcess
from tests.chaos.world import World
from tests.integration.hull import Hull
from tests.integration.kafka_cluster import KafkaCluster, free_ports

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.kafka_jars import Jars

SIZE = Network(each_seconds=15.0, rate=300)


async def test_delays_resets_truncation_and_silence(kafka_jars: Jars, tmp_path: Path) -> None:
    behind, before = free_ports(2)
    with KafkaCluster(kafka_jars, 1, (behind, before)) as cluster:
        async with (
            cluster.client() as kafka,
            SandboxProcess() as planhat,
            Proxy("127.0.0.1", behind, before) as to_kafka,
            Proxy("127.0.0.1", urlsplit(planhat.url).port or 0) as to_planhat,
        ):
            world = World(kafka, planhat, Hull(1_800, 200), "events", tmp_path)
            await world.create_topics(6)
            url = f"http://127.0.0.1:{to_planhat.port}"
            verdict = await network(
                world,
                [to_planhat, to_kafka],
                SIZE,
                KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{before}",
                PLANHAT_API_URL=url,
                PLANHAT_ANALYTICS_URL=url,
            )

    print(f"\nnetwork, {2 * len(WEATHERS)} weathers: {verdict}")  # noqa: T201 - a figure for the note
    verdict.check()
