"""Make the topics that the service uses, where they are missing: for a Kafka to try it with.

python deploy/topics.py [BOOTSTRAP_SERVERS]
"""

from __future__ import annotations

import asyncio
import sys

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

PARTITIONS = {"hull.events": 12, "hull.planhat.dead-letters": 3, "hull.planhat.outcomes": 3}


async def make(bootstrap_servers: str) -> None:
    """Make them, each partition on one broker; docs/operations.md has more."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        there = await admin.list_topics()
        missing = [NewTopic(name, n, 1) for name, n in PARTITIONS.items() if name not in there]
        if missing:
            await admin.create_topics(missing)
    finally:
        await admin.close()


if __name__ == "__main__":
    asyncio.run(make((sys.argv[1:] or ["localhost:9092"])[0]))
