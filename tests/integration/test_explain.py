"""Records of a real topic explained by the real command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.integration.command import Command
from tests.integration.hull import Hull
from tests.integration.kafka_client import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.kafka_client import KafkaClient


async def test_records_are_found_by_offset_and_by_key(
    kafka: KafkaClient, topic: Callable[[str], str]
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=3)
    hull = Hull(users=20, accounts=2)
    records = hull.changes(60)
    await kafka.produce(name, [Entry(key, value, partition=2) for key, value in records])
    command = Command(KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers, KAFKA_TOPICS=name)

    by_offset = await command("explain", "--json", "--partition", "2", "--offset", "7")
    by_key = await command("explain", "--json", "--key", "user-7", "--count", "50")
    beyond = await command("explain", "--partition", "2", "--offset", "1000")
    nobody = await command("explain", "--key", "nobody")
    missing = await command("explain", "--topic", f"{name}-not", "--offset", "0")

    assert by_offset.err == ""
    (one,) = map(json.loads, by_offset.out.splitlines())
    assert (one["topic"], one["partition"], one["offset"]) == (name, 2, 7)
    assert one["messages"][0]["hull_id"] == records[7][0].decode()
    found = [json.loads(line) for line in by_key.out.splitlines()]
    assert [one["offset"] for one in found] == [
        at for at, (key, _) in enumerate(records) if key == b"user-7"
    ]
    assert {one["messages"][0]["hull_id"] for one in found} == {"user-7"}
    assert (beyond.code, beyond.err) == (
        1,
        "hull-planhat: no record at partition 2 from offset 1000 on\n",
    )
    assert (nobody.code, nobody.err) == (
        1,
        (
            "hull-planhat: no record with this key in the last 24 h, going by the timestamps that"
            " the records carry; --hours 87600 looks at all that is kept\n"
        ),
    )
    assert (missing.code, missing.err) == (1, f"hull-planhat: topic {name}-not does not exist\n")
