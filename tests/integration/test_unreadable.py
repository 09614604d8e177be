"""What lies in the topic and can't be read costs itself: real Kafka, the real service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from tests.integration.command import Command
from tests.integration.hull import Hull
from tests.integration.kafka_client import Entry
from tests.integration.raw_batches import RawRecord, batch, raw_writer, swelling, write
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import check, environment, until_committed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.integration.kafka_client import Found, KafkaClient
    from tests.integration.raw_batches import Codec

FREE = SandboxOptions(quota=QuotaOptions(calls_per_window=100_000, calls_per_second=10_000))
NO_TEXT = ((b"\xff\xfe", b"1"),)
SWOLLEN = 64 << 20


@pytest.fixture
async def planhat() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(FREE) as server:
        yield server


def raw(changes: list[tuple[bytes, bytes]]) -> list[RawRecord]:
    return [RawRecord(key, value) for key, value in changes]


def told(letter: Found) -> dict[str, str]:
    return {name: value.decode() for name, value in letter.headers}


async def create(kafka: KafkaClient, name: str, partitions: int) -> None:
    await kafka.create_topic(name, partitions=partitions)
    await kafka.create_topic(f"{name}-dead", partitions=1)


@pytest.mark.parametrize("codec", ["none", "zstd"])
async def test_a_header_name_that_is_no_text_costs_its_record_alone_and_no_restart_tells_it_again(
    kafka: KafkaClient,
    planhat: SandboxServer,
    topic: Callable[[str], str],
    tmp_path: Path,
    codec: Codec,
) -> None:
    name = topic("events")
    await create(kafka, name, 2)
    hull = Hull(users=40, accounts=3)
    settings = environment(kafka, planhat, name, tmp_path)
    changes = hull.changes(30)
    bad = RawRecord(b"user-bad", b'{"user": {}}', (*NO_TEXT, (b"trace", b"t1")))
    mixed = [*raw(changes[:10]), bad, *raw(changes[10:])]

    async with raw_writer(kafka.bootstrap_servers) as writer:
        await writer.write(name, 0, batch(mixed, codec))
        async with ServiceProcess(tmp_path / "one", **settings) as one:
            await until_committed(kafka, name, one)
            await kafka.produce(name, [Entry(*hull.user(at), partition=1) for at in range(30, 35)])
            await until_committed(kafka, name, one)
        more = [bad, *raw([hull.user(at) for at in range(20)]), bad]
        await writer.write(name, 0, batch(more, codec))
    async with ServiceProcess(tmp_path / "two", **settings) as two:
        await until_committed(kafka, name, two)

    check(hull, planhat)
    letters = await kafka.read(f"{name}-dead")
    assert [told(one)["dl.offset"] for one in letters] == ["10", "31", "52"]
    assert {told(one)["dl.reason"] for one in letters} == {
        "unreadable record: the name of a header is not UTF-8"
    }
    assert {(one.key, one.value) for one in letters} == {(bad.key, bad.value)}
    assert told(letters[0])["\\xff\\xfe"] == "1"
    assert told(letters[0])["trace"] == "t1"


@pytest.mark.parametrize("codec", ["gzip", "snappy", "xerial", "lz4", "zstd"])
async def test_a_batch_that_swells_is_stepped_over_with_a_letter_that_names_its_offsets(
    kafka: KafkaClient,
    planhat: SandboxServer,
    topic: Callable[[str], str],
    tmp_path: Path,
    codec: Codec,
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=1, max_message_bytes="8388608")
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=20, accounts=2)
    settings = environment(kafka, planhat, name, tmp_path)
    async with raw_writer(kafka.bootstrap_servers) as writer:
        await writer.write(name, 0, batch(raw(hull.changes(10))))
        await writer.write(name, 0, swelling(SWOLLEN, codec, count=4))
        await writer.write(name, 0, batch(raw(hull.changes(10))))

    async with ServiceProcess(tmp_path / "log", **settings) as service:
        await until_committed(kafka, name, service)

    check(hull, planhat)
    (letter,) = await kafka.read(f"{name}-dead")
    assert told(letter)["dl.reason"].startswith(
        "unreadable batch, offsets 10 to 13: at most 33554432 bytes are unpacked, it holds "
    )
    assert (letter.value, told(letter)["dl.value"]) == (None, "unreadable")
    shown = await Command(**settings)("dead-letters", "show", "0:0")
    assert f"could not be read at {name}, partition 0, offset 10" in shown.out
    replayed = await Command(**settings)("dead-letters", "replay", "--all")
    assert replayed.code == 1
    assert "0:0  left: its value could not be read" in replayed.out


async def test_more_may_be_unpacked_if_the_settings_say_so(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await create(kafka, name, 1)
    settings = environment(kafka, planhat, name, tmp_path)
    await write(kafka.bootstrap_servers, name, 0, swelling(SWOLLEN, "zstd", count=4))

    async with ServiceProcess(
        tmp_path / "log", **settings, KAFKA_MAX_UNPACKED_BYTES="80MiB"
    ) as service:
        await until_committed(kafka, name, service)

    letters = await kafka.read(f"{name}-dead")
    assert [told(one)["dl.offset"] for one in letters] == ["0", "1", "2", "3"]
    assert {told(one)["dl.reason"].split(":")[0] for one in letters} == {"not JSON"}


async def test_commands_pass_over_what_cannot_be_read_and_tell_it(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await create(kafka, name, 1)
    hull = Hull(users=3, accounts=1)
    settings = environment(kafka, planhat, name, tmp_path)
    good = hull.user(1)
    records = [RawRecord(good[0], good[1], NO_TEXT), RawRecord(*good)]
    await write(kafka.bootstrap_servers, name, 0, batch(records, "lz4"))
    await write(kafka.bootstrap_servers, f"{name}-dead", 0, batch([RawRecord(headers=NO_TEXT)]))

    explained = await Command(**settings)("explain", "--offset", "0")
    listed = await Command(**settings)("dead-letters", "list")

    assert explained.code == 0
    assert good[0].decode() in explained.out
    assert (
        f"hull-planhat: passed over offset 0 of {name}, partition 0: unreadable record: the name"
        " of a header is not UTF-8"
    ) in explained.err
    assert (listed.code, listed.out) == (0, "no dead letters\n")
    assert f"passed over offset 0 of {name}-dead, partition 0" in listed.err
