"""What Planhat refuses costs itself: a body, a resource, or all; with real Kafka."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from planhat_client.sandbox import Fault, QuotaOptions, SandboxOptions, SandboxServer
from tests.integration.hull import CONNECTOR, Hull
from tests.integration.kafka_client import until
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import contents, environment, produce, until_committed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

FREE = SandboxOptions(quota=QuotaOptions(calls_per_window=100_000, calls_per_second=10_000))
LICENCES = """
account_licenses_attribute: licences
account_licenses_attributes_outbound:
  - {hull_field_name: id, service_field_name: externalId}
  - {hull_field_name: currency, service_field_name: _currency}
  - {hull_field_name: from, service_field_name: fromDate}
  - {hull_field_name: mrr, service_field_name: mrr}
"""


@pytest.fixture
async def planhat() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(FREE) as server:
        yield server


def forbid(planhat: SandboxServer, **members: object) -> None:
    fault = Fault.from_json({"kind": "forbidden", **members})
    planhat.faults.add([fault], 0.0)


async def asked(service: ServiceProcess, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{service.port}{path}") as response,
    ):
        return response.status, await response.text()


async def until_measured(service: ServiceProcess, line: str) -> str:
    """Wait until /metrics holds a line; gives all of it."""
    metrics = ""

    async def is_measured() -> bool:
        nonlocal metrics
        _, metrics = await asked(service, "/metrics")
        return line in metrics

    await until(is_measured)
    return metrics


def with_licences(hull: Hull, number: int, count: int) -> tuple[bytes, bytes]:
    key, value = hull.account(number)
    message: dict[str, Any] = json.loads(value)
    message["account"]["licences"] = [
        {"id": f"l-{number}-{at}", "currency": "EUR", "from": "2026-01-01", "mrr": 5}
        for at in range(count)
    ]
    message["changes"] = {"is_new": True}
    return key, json.dumps(message).encode()


def set_up(
    kafka: KafkaClient, planhat: SandboxServer, name: str, tmp: Path, *, with_licences: bool = False
) -> dict[str, str]:
    settings = environment(kafka, planhat, name, tmp)
    if with_licences:
        (tmp / "connector.yaml").write_text(CONNECTOR + LICENCES)
    return settings


def events(service: ServiceProcess, event: str) -> int:
    return service.log.read_text().count(f'"{event}"')


async def test_one_body_that_is_refused_among_a_thousand_costs_itself(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=1)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=1000, accounts=1)
    forbid(planhat, method="PUT", resource="endusers", contains='"u777@example.com"')
    users = [hull.user(number) for number in range(1000)]
    await produce(kafka, name, [hull.account(0), *users])

    settings = set_up(kafka, planhat, name, tmp_path)
    async with ServiceProcess(tmp_path / "log", **settings) as service:
        await until_committed(kafka, name, service)
        _, metrics = await asked(service, "/metrics")
        ready, _ = await asked(service, "/readyz")

    names = {row["externalId"] for row in contents(planhat)["endusers"]}
    assert names == {f"u-{number}" for number in range(1000)} - {"u-777"}
    (letter,) = await kafka.read(f"{name}-dead")
    assert letter.key == b"user-777"
    reason = dict(letter.headers)["dl.reason"].decode()
    assert reason.startswith("403 ")
    assert "a web application firewall may have refused" in reason
    assert 'dead_letters_total{reason="planhat 403"} 1.0' in metrics
    assert ready == 200
    assert events(service, "planhat.unauthorized") == 0


async def test_a_resource_that_is_refused_holds_its_own_lane_only_and_recovers(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=1)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=2000, accounts=20)
    forbid(planhat, method="PUT", resource="licenses")
    await produce(kafka, name, [with_licences(hull, number, 3) for number in range(20)])
    await produce(kafka, name, [hull.user(number) for number in range(2000)])

    settings = set_up(kafka, planhat, name, tmp_path, with_licences=True)
    async with ServiceProcess(tmp_path / "log", **settings) as service:

        async def is_named_and_all_others_are_there() -> bool:
            is_named = events(service, "planhat.resource_refused") > 0
            return is_named and len(contents(planhat)["endusers"]) == 2000

        await until(is_named_and_all_others_are_there)
        ready, why = await asked(service, "/readyz")
        metrics = await until_measured(service, 'resource_halted{resource="licenses"} 1.0')
        probes = [row for row in planhat.witness.requests if row["method"] == "GET"]
        planhat.faults.clear()
        await until_committed(kafka, name, service)
        await until_measured(service, 'resource_halted{resource="licenses"} 0.0')

    assert ready == 200
    assert "licenses held: 403" in why
    assert 'hull_planhat_halted{reason="unauthorized"} 0.0' in metrics
    assert len(contents(planhat)["licenses"]) == 60
    assert await kafka.read(f"{name}-dead") == []
    asked_for = {"/leancompanies", "/customfields?limit=2000&offset=0", "/companies?limit=1"}
    assert {row["path"] for row in probes} == asked_for


@pytest.mark.parametrize("kind", ["unauthorized", "forbidden"])
async def test_a_token_that_is_refused_everywhere_halts_the_service_until_it_is_good(
    kafka: KafkaClient,
    planhat: SandboxServer,
    topic: Callable[[str], str],
    tmp_path: Path,
    kind: str,
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=1)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=50, accounts=5)
    await produce(kafka, name, hull.changes(100))

    settings = set_up(kafka, planhat, name, tmp_path)
    async with ServiceProcess(tmp_path / "log", **settings) as service:
        await until_committed(kafka, name, service)
        planhat.faults.add([Fault.from_json({"kind": kind})], 0.0)
        await produce(kafka, name, hull.changes(100))

        async def is_halted() -> bool:
            status, why = await asked(service, "/readyz")
            return status == 503 and "halted: 40" in why

        await until(is_halted)
        before = len(list(planhat.witness.writes))
        await until_measured(service, 'hull_planhat_halted{reason="unauthorized"} 1.0')
        planhat.faults.clear()
        await until_committed(kafka, name, service)

    assert len(list(planhat.witness.writes)) > before
    assert await kafka.read(f"{name}-dead") == []
    versions = {
        row["externalId"]: row["custom"]["version"] for row in contents(planhat)["endusers"]
    }
    assert versions == {f"u-{at}": version for at, version in hull.user_versions.items()}
