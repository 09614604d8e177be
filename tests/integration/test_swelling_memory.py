"""Batches that swell, many at once and just below what is unpacked: memory stays."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from tests.chaos.world import memory_mib
from tests.integration.hull import Hull
from tests.integration.raw_batches import (
    NOW,
    RawRecord,
    batch,
    body,
    nullable,
    raw_writer,
    swelling,
    varint,
)
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import check, environment, until_committed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

FREE = SandboxOptions(quota=QuotaOptions(calls_per_window=100_000, calls_per_second=10_000))
MOST_MIB = 250.0
PARTITIONS = 3
BELOW = 31 << 20


@pytest.fixture
async def planhat() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(FREE) as server:
        yield server


def many_headers(count: int) -> bytes:
    """Make a batch of one record with so many headers of two bytes."""
    front = body(RawRecord(), 0, NOW).removesuffix(varint(0))
    headers = (nullable(b"") + nullable(None)) * count
    return batch([RawRecord(body=front + varint(count) + headers)], "zstd")


def hostile() -> list[bytes]:
    """What a partition gets: too large of all codecs, then just below the bound in many shapes."""
    events = json.dumps({"user": {f"trait_{at}": at for at in range(40_000)}}).encode()
    return [
        swelling(200 << 20, "zstd"),
        swelling(100 << 20, "lz4"),
        swelling(100 << 20, "gzip", count=50),
        *[swelling(BELOW, "zstd")] * 4,
        # Read in turns with those of other partitions, and so unpacked at every poll: few polls.
        swelling(BELOW, "lz4", count=8),
        swelling(BELOW, "gzip", count=20),
        swelling(4 << 20, "gzip", count=500),
        many_headers(10_000_000),
        batch([RawRecord(headers=((b"h", b""),) * 900)] * 500, "zstd"),
        batch([RawRecord(value=events)] * 3, "zstd"),
        batch([RawRecord(value=b"[" * BELOW)], "zstd"),
    ]


async def test_batches_that_swell_leave_the_memory_as_it_is(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=PARTITIONS)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=200, accounts=20)
    settings = environment(kafka, planhat, name, tmp_path) | {"REJECT_LIMIT": "1"}
    batches = hostile()
    async with raw_writer(kafka.bootstrap_servers) as writer:
        for number in range(PARTITIONS):
            await writer.write_all(name, number, batches)
        # All of a profile lies in one partition: the accounts of these users are sent again.
        good = [RawRecord(*change) for change in hull.changes(220)]
        await writer.write(name, 0, batch(good, "lz4"))

    began = time.monotonic()
    async with ServiceProcess(tmp_path / "log", **settings) as service:
        await until_committed(kafka, name, service)
        most = memory_mib(service, "VmHWM")

    print(  # noqa: T201 - a figure for the note
        f"\n{PARTITIONS * len(batches)} hostile batches: at most {most:.0f} MiB,"
        f" {time.monotonic() - began:.0f} s"
    )
    check(hull, planhat)
    assert most < MOST_MIB
