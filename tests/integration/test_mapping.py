"""Segments as data, rows of extracts, and rows that never clear: in Planhat, by real Kafka."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from planhat_client.sandbox import SandboxServer
from tests.consumer.tenant_fields import table
from tests.integration.hull import ACCOUNTS_SEGMENT, USERS_SEGMENT
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import contents, environment, produce, until_committed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

MAPPING: dict[str, Any] = {
    "tenant_id": "11111111-2222-3333-4444-555555555555",
    "contact_synchronized_segments": [USERS_SEGMENT["id"], "gone"],
    "contact_attributes_outbound": [
        *table(("external_id", "externalId"), ("segments", "tags"), ("title", "position")),
        {"hull_field_name": "phone", "service_field_name": "phone", "overwrite": "if_set"},
    ],
    "contact_custom_attributes_outbound": table(("account.segments", "Segments")),
    "account_synchronized_segments": [ACCOUNTS_SEGMENT["id"]],
    "account_attributes_outbound": table(("name", "name"), ("segments", "tags")),
    "send_null_values": True,
}
LISTS = {
    "segments": [USERS_SEGMENT, {"id": "s2", "name": "Trial"}],
    "accounts_segments": [ACCOUNTS_SEGMENT],
}
ACCOUNT = {"id": "a1", "external_id": "acme", "name": "Acme"}
OF_ACCOUNT: dict[str, Any] = {
    "channel": "account:update",
    "account": ACCOUNT,
    "account_segments": [ACCOUNTS_SEGMENT],
    "changes": {"is_new": True},
}
NEW: dict[str, Any] = {
    "user": {"id": "u1", "external_id": "u-1", "title": "Head", "phone": "123"},
    "account": ACCOUNT,
    "segments": [USERS_SEGMENT],
    "account_segments": [ACCOUNTS_SEGMENT],
    "changes": {"is_new": True},
}
ENTERED: dict[str, Any] = {
    "user": {"id": "u1", "external_id": "u-1", "title": None, "phone": None},
    "account": ACCOUNT,
    "user_segments": [USERS_SEGMENT, {"id": "s2"}],
    "account_segments": [ACCOUNTS_SEGMENT],
    "changes": {"is_new": False, "user_segments": {"entered": [{"id": "s2"}]}},
}
ROW: dict[str, Any] = {
    "id": "u2",
    "external_id": "u-2",
    "traits_title": "Cook",
    "segment_ids": ["s2"],
    "account.external_id": "acme",
}


def record(document: dict[str, Any]) -> tuple[bytes, bytes]:
    return b"u1", json.dumps(document).encode()


async def test_segments_rows_and_kept_values_reach_planhat(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=1)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    async with SandboxServer() as planhat:
        settings = environment(kafka, planhat, name, tmp_path)
        (tmp_path / "connector.yaml").write_text(json.dumps(MAPPING))
        async with ServiceProcess(tmp_path / "log", **settings) as service:
            await produce(kafka, name, [record(OF_ACCOUNT), record(NEW)])
            await until_committed(kafka, name, service)
            await produce(kafka, name, [record({**LISTS, "messages": [ENTERED, ROW]})])
            await until_committed(kafka, name, service)
        log = [json.loads(line) for line in service.log.read_text().splitlines()]
        found = contents(planhat)

    users = {one["externalId"]: one for one in found["endusers"]}
    active, customers = USERS_SEGMENT["name"], ACCOUNTS_SEGMENT["name"]
    assert found["companies"][0]["tags"] == [customers]
    assert users["u-1"]["tags"] == sorted([active, "Trial"])
    assert users["u-1"]["custom"] == {"Segments": [customers]}
    assert (users["u-1"].get("position"), users["u-1"]["phone"]) == (None, "123")
    assert (users["u-2"]["tags"], users["u-2"]["position"]) == (["Trial"], "Cook")
    assert await kafka.read(f"{name}-dead") == []
    told = [
        (one["setting"], one["segment"]) for one in log if one["event"] == "filter.segment_gone"
    ]
    assert told == [("contact_synchronized_segments", "gone")]
