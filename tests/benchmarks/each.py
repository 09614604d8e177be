"""The service with a request for every change: nothing is merged, nothing is batched.

`python -m tests.benchmarks.each LANES`: `hull-planhat run`, but for its merging and with room for
LANES requests of endusers at once. For workloads of others that count records by requests.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace

from consumer import log
from consumer.app import Service
from consumer.cli.foreground import stop_on_signals
from consumer.cli.read import read_settings
from schemas.planhat import Resource


async def _serve(lanes: int) -> None:
    settings, connector = read_settings(os.environ)
    log.configure(settings.log.level)
    service = Service(settings, connector)
    lane = service.lanes[Resource.ENDUSERS]
    lane.policy = replace(lane.policy, merges=False, batch_size=1, concurrency=lanes)
    await service.run(stop_on_signals())


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
