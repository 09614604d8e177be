"""Offsets that nobody ever delivers: compacted topics, and transactions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer

from tests.chaos.world import until_ready
from tests.integration.kafka_client import until

if TYPE_CHECKING:
    from tests.chaos.world import Verdict, World

COMPACTED = {
    "cleanup_policy": "compact",
    "segment_bytes": "1048576",
    "segment_ms": "1000",
    "min_cleanable_dirty_ratio": "0.01",
    "delete_retention_ms": "0",
}


async def compacted(world: World, records: int) -> tuple[Verdict, int]:
    """Read what compaction left; also give how many records it took away."""
    world.hull.with_events = False  # those of records that are compacted away would be missed
    await world.produce(records)

    async def has_gaps() -> bool:
        await world.produce(10)  # so that the last segment is closed, too
        left = len(await world.kafka.read(world.topic))
        return left < world.records * 0.8

    await until(has_gaps, 120)
    gone = world.records - len(await world.kafka.read(world.topic))
    async with world.service() as service:
        await until_ready(service)
        await world.until_done(lambda: [service], 120)
    return await world.verdict(), gone


async def transactional(world: World, transactions: int, each: int) -> Verdict:
    """Read committed transactions between aborted ones; the log ends with a marker."""
    producer = AIOKafkaProducer(
        bootstrap_servers=world.kafka.bootstrap_servers, transactional_id=f"tx-{world.topic}"
    )
    await producer.start()
    try:
        for number in range(transactions):
            await producer.begin_transaction()
            if number % 3 == 1:
                for at in range(each):
                    await producer.send(world.topic, b"{never read", key=b"%d" % at)
                await producer.flush()
                await producer.abort_transaction()
                continue
            changes = world.hull.changes(each)
            await asyncio.gather(
                *[await producer.send(world.topic, value, key=key) for key, value in changes]
            )
            world.records += each
            await producer.commit_transaction()
    finally:
        await producer.stop()
    async with world.service() as service:
        await until_ready(service)
        await world.until_done(lambda: [service], 120)
    return await world.verdict()
