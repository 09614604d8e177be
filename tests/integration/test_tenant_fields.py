"""A mapping with ten faults: what Planhat holds with and without the tenant's fields.

Real Kafka, and the sandbox as a tenant that stores wrongly what Planhat stores wrongly.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from tests.consumer.tenant_fields import table
from tests.integration.hull import ACCOUNTS_SEGMENT, USERS_SEGMENT
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import contents, environment, produce, until_committed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

FIELDS = (
    {"parent": "enduser", "name": "Plan", "type": "text"},
    {"parent": "enduser", "name": "Tier", "type": "text"},
    {"parent": "enduser", "name": "Score", "type": "number", "isLocked": True},
    {"parent": "enduser", "name": "Seats", "type": "number"},
    {"parent": "enduser", "name": "Level", "type": "list", "listValues": ["Gold", "Silver"]},
    {"parent": "enduser", "name": "Notes", "type": "rich text"},
    {"parent": "enduser", "name": "CSM", "type": "team member"},
    {"parent": "company", "name": "Region", "type": "text", "isMandatory": True},
    {"parent": "company", "name": "Size", "type": "number"},
)
USERS = ({"_id": "5b00000000000000000000aa", "email": "ada@planhat.example"},)
COMPANIES = tuple({"_id": f"c{at}", "externalId": "a-0", "name": "Acme"} for at in (1, 2))
OPTIONS = SandboxOptions(
    quota=QuotaOptions(calls_per_window=100_000, calls_per_second=10_000),
    users=USERS,
    fields=FIELDS,
    records={"companies": COMPANIES},
    faults=({"kind": "forbidden", "resource": "licenses", "method": "PUT"},),
)
MAPPING: dict[str, Any] = {
    "tenant_id": "11111111-2222-3333-4444-555555555555",
    "contact_synchronized_segments": [USERS_SEGMENT["id"]],
    "contact_attributes_outbound": table(("external_id", "externalId")),
    "contact_custom_attributes_outbound": table(
        ("plan", "Plann"),
        ("tier", "Tier"),
        ("tier_in_words", "tier"),
        ("score", "Score"),
        ("seats", "Seats"),
        ("level", "Level"),
        ("notes", "Notes"),
        ("csm", "CSM"),
    ),
    "account_synchronized_segments": [ACCOUNTS_SEGMENT["id"]],
    "account_attributes_outbound": table(("name", "name")),
    "account_custom_attributes_outbound": table(("size", "Size")),
    "account_licenses_attribute": "licences",
    "account_licenses_attributes_outbound": table(
        ("id", "externalId"), ("currency", "_currency"), ("from", "fromDate"), ("mrr", "mrr")
    ),
    "unknown_list_values": "skip",
}
LICENCE = {"id": "l-1", "currency": "EUR", "from": "2026-01-01", "mrr": 5}
TRAITS: dict[str, dict[str, Any]] = {
    "unknown": {"plan": "pro"},
    "twins": {"tier": "1", "tier_in_words": "one"},
    "locked": {"score": 7},
    "wrong type": {"seats": "many"},
    "a number in words": {"seats": "12"},
    "bad list value": {"level": "Platinum"},
    "list value in small letters": {"level": "gold"},
    "rich text": {"notes": "first\nsecond & third"},
    "team member": {"csm": "Ada@planhat.example"},
    "nobody's member": {"csm": "eve@planhat.example"},
}
"""A user each; the other faults are of companies: mandatory, twice there, licences refused."""


def user(name: str) -> tuple[bytes, bytes]:
    message = {
        "channel": "user:update",
        "user": {"id": f"id of {name}", "external_id": name, **TRAITS[name]},
        "account": {"id": "account-0", "external_id": "a-0", "name": "Acme"},
        "segments": [USERS_SEGMENT],
        "changes": {"is_new": True},
    }
    return name.encode(), json.dumps(message).encode()


def account(number: int, **traits: Any) -> tuple[bytes, bytes]:  # noqa: ANN401 - any JSON
    name = f"a-{number}"
    message = {
        "channel": "account:update",
        "account": {"id": f"account-{number}", "external_id": name, "name": "Acme", **traits},
        "account_segments": [ACCOUNTS_SEGMENT],
        "changes": {"is_new": True},
    }
    return name.encode(), json.dumps(message).encode()


def lines(service: ServiceProcess) -> list[dict[str, Any]]:
    return [json.loads(line) for line in service.log.read_text().splitlines()]


async def until_logged(service: ServiceProcess, event: str) -> None:
    async with asyncio.timeout(60):
        while not any(line["event"] == event for line in lines(service)):  # noqa: ASYNC110 - another process logs
            await asyncio.sleep(0.2)


AS_GUESSED = {
    "unknown": {"Plann": "pro"},
    "locked": {},
    "wrong type": {"Seats": "many"},
    "a number in words": {"Seats": "12"},
    "bad list value": {"Level": "Platinum"},
    "list value in small letters": {"Level": "gold"},
    "rich text": {"Notes": "firstsecond & third"},
    "team member": {"CSM": "Ada@planhat.example"},
    "nobody's member": {"CSM": "eve@planhat.example"},
}
AS_THE_TENANT_WANTS = {
    "unknown": {},
    "twins": {"Tier": "1"},
    "locked": {},
    "wrong type": {},
    "a number in words": {"Seats": 12},
    "bad list value": {},
    "list value in small letters": {"Level": "Gold"},
    "rich text": {"Notes": "<p>first<br>second &amp; third</p>"},
    "team member": {"CSM": "5b00000000000000000000aa"},
    "nobody's member": {},
}


@dataclass
class Told:
    """What came of it."""

    contents: dict[str, Any]
    witnessed: dict[str, Any]
    log: list[dict[str, Any]]
    dead: set[str]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.log if line["event"] == event]


async def told(kafka: KafkaClient, name: str, tmp: Path, use: str) -> Told:
    await kafka.create_topic(name, partitions=1)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    async with SandboxServer(OPTIONS) as planhat:
        settings = environment(kafka, planhat, name, tmp) | {"PLANHAT_CUSTOM_FIELDS": use}
        (tmp / "connector.yaml").write_text(json.dumps(MAPPING))
        await produce(kafka, name, [*map(user, TRAITS), account(0, size="9"), account(9)])
        async with ServiceProcess(tmp / "log", **settings) as service:
            await until_committed(kafka, name, service)
            await produce(kafka, name, [account(0, licences=[LICENCE])])
            await until_logged(service, "planhat.resource_refused")
        letters = await kafka.read(f"{name}-dead")
        dead = {letter.key.decode() for letter in letters if letter.key}
        return Told(contents(planhat), planhat.report()["counters"]["fields"], lines(service), dead)


async def test_without_the_tenant_s_fields_values_are_lost_in_silence(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    found = await told(kafka, topic("events"), tmp_path, "off")

    users = {one["externalId"]: one.get("custom", {}) for one in found.contents["endusers"]}
    assert users == AS_GUESSED
    assert found.dead == {"twins", "a-9"}
    assert found.of("field.fault") == found.of("field.left_out") == []


async def test_with_them_values_are_as_the_tenant_wants_them_and_the_rest_is_told(
    kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    found = await told(kafka, topic("events"), tmp_path, "skip")

    users = {one["externalId"]: one.get("custom", {}) for one in found.contents["endusers"]}
    assert users == AS_THE_TENANT_WANTS
    assert found.witnessed == {}
    assert {(line["field"], line["fault"]) for line in found.of("field.fault")} == {
        ("Plann", "missing"),
        ("tier", "missing"),
        ("Score", "locked"),
        ("Region", "mandatory"),
    }
    assert {line["field"]: line["reason"] for line in found.of("field.left_out")} == {
        "Seats": "no number that can be written",
        "Level": "no value that the list offers",
        "CSM": "nobody of Planhat's users",
    }
    assert found.dead == {"a-9"}
    assert found.contents["licenses"] == []
    assert len({one["companyId"] for one in found.contents["endusers"]}) == 1
    assert found.of("directory.ambiguous")[0]["external_ids"] == ["a-0"]
