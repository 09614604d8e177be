"""What the writer of dead letters tells of each record is what a real Kafka then has."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from consumer.kafka.producer import KafkaSink
from consumer.settings.kafka import KafkaSettings
from planhat_client.sandbox import SandboxServer
from tests.integration.kafka_client import Entry, until
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import FREE, environment, until_committed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from consumer.outbox.letter import Letter
    from tests.integration.kafka_client import KafkaClient

MOST = 100_000
"""What the topics below take in one batch."""


@pytest.fixture
async def dead(kafka: KafkaClient, topic: Callable[[str], str]) -> str:
    """A dead-letter topic of two partitions with a limit."""
    name = topic("dead")
    await kafka.create_topic(name, 2, max_message_bytes=str(MOST))
    return name


@pytest.fixture
async def sink(kafka: KafkaClient, dead: str) -> AsyncIterator[KafkaSink]:
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers)
    found = KafkaSink(settings, dead)
    yield found
    await found.close()


def letter(number: int, size: int = 2000) -> Letter:
    """A letter that can't be compressed."""
    value = random.Random(number).randbytes(size)
    return f"user-{number % 20}".encode(), value, (("dl.offset", b"%d" % number),)


async def test_all_that_are_handed_over_at_once_are_there_in_the_order_of_their_keys(
    kafka: KafkaClient, dead: str, sink: KafkaSink
) -> None:
    letters = [letter(number) for number in range(500)]

    outcomes = await sink.write_each(letters)

    assert set(outcomes) == {None}
    found = await kafka.read(dead)
    assert len(found) == 500
    for name in {key for key, _, _ in letters}:
        written = [(one.key, one.value, one.headers) for one in found if one.key == name]
        assert written == [one for one in letters if one[0] == name]


async def test_one_too_large_for_the_topic_is_told_and_no_record_is_told_wrongly(
    kafka: KafkaClient, dead: str, sink: KafkaSink
) -> None:
    letters = [letter(n, 2 * MOST if n == 60 else 2000) for n in range(200)]

    outcomes = await sink.write_each(letters)

    there = sorted(one.value or b"" for one in await kafka.read(dead))
    told = [one[1] or b"" for one, error in zip(letters, outcomes, strict=True) if error is None]
    assert outcomes[60] is not None
    assert there == sorted(told)

    again = [one for one, error in zip(letters, outcomes, strict=True) if error is not None]
    again = [one for one in again if one is not letters[60]]
    assert set(await sink.write_each(again)) <= {None}
    assert len(await kafka.read(dead)) == 199


async def test_one_too_large_for_any_topic_fails_alone(sink: KafkaSink) -> None:
    letters = [letter(1), letter(2, 17 << 20), letter(3)]

    outcomes = await sink.write_each(letters)

    assert [error is None for error in outcomes] == [True, False, True]


async def test_a_flood_of_bad_records_and_one_too_large(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    """The service writes each of the others once, and the large one without its value."""
    name = topic("events")
    await kafka.create_topic(name, 1)
    await kafka.create_topic(f"{name}-dead", 2, max_message_bytes=str(MOST))
    torn = [Entry(f"user-{n % 50}".encode(), b'{"torn": %d' % n) for n in range(3000)]
    large = Entry(b"user-7", letter(7, 2 * MOST)[1])
    await kafka.produce(name, [*torn[:1000], large, *torn[1000:]])

    async with SandboxServer(FREE) as planhat:
        settings = environment(kafka, planhat, name, tmp_path) | {"REJECT_LIMIT": "1"}
        async with ServiceProcess(tmp_path / "log", **settings) as service:
            await until_committed(kafka, name, service)

    found = sorted(one.value or b"" for one in await kafka.read(f"{name}-dead"))
    assert found == sorted([b"", *(one.value or b"" for one in torn)])
    log = (tmp_path / "log").read_text()
    assert log.count('"event":"record.rejected"') == len(torn) + 1
    assert log.count('"event":"dead_letter.value_omitted"') == 1


async def test_what_is_rejected_last_is_written_before_the_service_leaves(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, 1)
    await kafka.create_topic(f"{name}-dead", 1)
    async with SandboxServer(FREE) as planhat:
        settings = environment(kafka, planhat, name, tmp_path) | {"REJECT_LIMIT": "1"}
        async with ServiceProcess(tmp_path / "log", **settings) as service:
            await kafka.produce(name, [Entry(b"u", b"torn")])
            await until_committed(kafka, name, service)
            await kafka.produce(name, [Entry(b"u", b"torn %d" % n) for n in range(400)])

            async def told() -> bool:
                return (tmp_path / "log").read_text().count('"event":"record.rejected"') == 401

            await until(told)

    committed, _ = (await kafka.committed(f"group-of-{name}", name))[0]
    assert (committed, len(await kafka.read(f"{name}-dead"))) == (401, 401)


async def test_partitions_that_move_in_a_flood_of_bad_records_lose_none(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, 4)
    await kafka.create_topic(f"{name}-dead", 1)
    torn = [Entry(f"user-{n % 500}".encode(), b'{"torn": %d' % n) for n in range(20_000)]
    await kafka.produce(name, torn[:10_000])

    async def begun() -> bool:
        return sum((await kafka.end_offsets(f"{name}-dead")).values()) >= 1000

    async def joined() -> bool:
        return '"event":"partitions.assigned"' in (tmp_path / "log-2").read_text()

    async with SandboxServer(FREE) as planhat:
        settings = environment(kafka, planhat, name, tmp_path) | {"REJECT_LIMIT": "1"}
        async with ServiceProcess(tmp_path / "log-1", **settings) as first:
            await until(begun)
            async with ServiceProcess(tmp_path / "log-2", **settings) as second:
                await kafka.produce(name, torn[10_000:])
                await until(joined)
                await until_committed(kafka, name, first, second)

    found = {one.value for one in await kafka.read(f"{name}-dead")}
    assert found == {one.value for one in torn}


async def test_a_letter_with_neither_key_nor_value_is_written(
    kafka: KafkaClient, dead: str, sink: KafkaSink
) -> None:
    outcomes = await sink.write_each([(None, None, (("dl.offset", b"1"),))])

    assert outcomes == [None]
    assert [(one.value, one.headers) for one in await kafka.read(dead)] == [
        (None, (("dl.offset", b"1"),))
    ]
