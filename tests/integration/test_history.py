"""The history of profiles in a real topic, told by the real command."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import msgspec

from schemas.outcome.digest import EmailDigest
from schemas.outcome.message import Change, Outcome
from tests.integration.command import Command
from tests.integration.kafka_client import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.kafka_client import KafkaClient

TENANT = "0bd7d9a4-4c7c-4e4d-9c0e-5f7a3a0f0c11"
NOW = int(time.time() * 1000)


def outcome(hull_id: str, offset: int, **facts: object) -> bytes:
    usual = {"ending": "delivered", "topic": "events", "partition": 1, "channel": "user:update"}
    one = Outcome(at=NOW + offset, hull_id=hull_id, offset=offset, **{**usual, **facts})  # type: ignore[arg-type]
    return msgspec.json.encode(one)


async def test_a_profile_is_found_by_each_of_its_names(
    kafka: KafkaClient, topic: Callable[[str], str]
) -> None:
    name = topic("outcomes")
    await kafka.create_topic(name, partitions=2)
    created = Change("endusers", "delivered", change="created", planhat_id="5f1b", status=200)
    digest = EmailDigest(TENANT).of("jane@acme.com")
    await kafka.produce(
        name,
        [
            Entry(None, b"no outcome\n\xff", partition=0),
            Entry(None, b"\n".join([outcome("u2", 1), outcome("u1", 2)]), partition=0),
            Entry(
                None,
                outcome("u1", 3, external_id="e1", email_digest=digest, changes=(created,)),
                partition=1,
            ),
            Entry(None, outcome("u1", 4, ending="skipped", reason="No segment."), partition=1),
        ],
    )
    command = Command(
        KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers,
        PLANHAT_TENANT_ID=TENANT,
    )

    for query in ("u1", "E1", "Jane@acme.com", "5F1b"):
        done = await command("history", query, "--topic", name, "--json", "--since", "1h")
        answer = json.loads(done.out)
        assert (done.code, done.err) == (0, "")
        assert [one["offset"] for one in answer["outcomes"]] == [4, 3, 2]
        assert [one["title"] for one in answer["profiles"]] == ["In Planhat"]
        assert "jane" not in done.out.lower()
    told = await command("history", "u1", "--topic", name, "--count", "2")
    nobody = await command("history", "nobody", "--topic", name)

    assert told.out.startswith("user u1: In Planhat, since ")
    assert "SKIPPED  No segment." in told.out
    assert "endusers created, Planhat's id 5f1b, answered 200" in told.out
    assert "2 of 3 messages" in told.out
    assert "hull-planhat explain --topic events --partition 1 --offset 4" in told.out
    assert (nobody.code, nobody.err) == (1, "")
    assert nobody.out.startswith("Nothing ended for nobody since ")


async def test_a_topic_that_is_missing_is_one_line(
    kafka: KafkaClient, topic: Callable[[str], str]
) -> None:
    name = topic("not-there")
    command = Command(KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers)

    missing = await command("history", "u1", "--topic", name)
    unset = await command("history", "u1")

    assert (missing.code, missing.err) == (1, f"hull-planhat: topic {name} does not exist\n")
    assert (unset.code, unset.out) == (2, "")
    assert "KAFKA_OUTCOMES_TOPIC: missing" in unset.err
