"""The service with a request for every change: nothing is merged, nothing is batched.

`python -m tests.benchmarks.each LANES`: `hull-planhat run`, but for its merging and with room for
LANES requests of endusers at once. For workloads of others that count records by requests.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from consumer import log
from consumer.app import Service
from consumer.cli.read import read_settings
from consumer.cli.run import collect_seldom, loop_factory
from consumer.cli.terminal import stop_on_signals
from schemas.planhat import Resource

if TYPE_CHECKING:
    from consumer.settings import Settings
    from schemas.connector import ConnectorSettings


async def _serve(settings: Settings, connector: ConnectorSettings, lanes: int) -> None:
    service = Service(settings, connector)
    lane = service.engine.lanes[Resource.ENDUSERS]
    lane.policy = replace(lane.policy, merges=False, batch_size=1, concurrency=lanes)
    await service.run(stop_on_signals())


def main(lanes: int) -> None:
    """Serve until told to stop, set up as `hull-planhat run` is."""
    settings, connector = read_settings(os.environ)
    log.configure(settings.log.level)
    collect_seldom()
    with asyncio.Runner(loop_factory=loop_factory(settings)) as runner:
        runner.run(_serve(settings, connector, lanes))


if __name__ == "__main__":
    main(int(sys.argv[1]))
