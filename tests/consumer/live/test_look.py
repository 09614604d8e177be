"""Asking a sandbox: a few calls, each of them a read."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from consumer.live.look import Look
from consumer.live.questions import MOST_CALLS
from planhat_client.client import Endpoints
from planhat_client.limiter import Limiter
from planhat_client.raw import RawPlanhat
from planhat_client.sandbox import Fault, QuotaOptions, SandboxOptions, SandboxServer
from planhat_client.transport import Transport
from schemas.connector import ConnectorSettings
from schemas.dialect import Dialect
from tests.consumer.live import tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from planhat_client.protocol import Request, Response


def fast() -> Limiter:
    """A quota that nobody waits for."""
    return Limiter(100_000, 1000)


class Counting(Transport):
    """The real way out, which notes what goes."""

    def __init__(self) -> None:
        super().__init__(5.0, 1)
        self.methods: list[str] = []

    async def send(self, request: Request) -> Response:
        self.methods.append(request.method)
        return await super().send(request)


@asynccontextmanager
async def asking(server: SandboxServer) -> AsyncIterator[tuple[RawPlanhat, Counting]]:
    wire = Counting()
    endpoints = Endpoints(server.url, server.analytics_url, "tenant")
    api = RawPlanhat(wire, endpoints, lambda: "sandbox-token")
    try:
        yield api, wire
    finally:
        await api.close()


async def test_all_that_is_asked_is_a_read_and_stays_within_the_calls() -> None:
    async with SandboxServer() as server, asking(server) as (api, wire):
        found = await Look(api, fast(), 200.0, tenant.connector()).run()

    assert {*wire.methods} == {"GET"}
    assert len(wire.methods) <= MOST_CALLS - 2
    assert found[-1].code == "calls"
    assert found[-1].message == f"Planhat: {len(wire.methods) + 2} calls of the quota were used"


@pytest.mark.parametrize("resource", ["companies", "endusers", "licenses", "users"])
async def test_a_model_that_is_forbidden_is_named(resource: str) -> None:
    forbidden = {"kind": "forbidden", "resource": resource}
    async with (
        SandboxServer(SandboxOptions(faults=(forbidden,))) as server,
        asking(server) as (api, _),
    ):
        found = await Look(api, fast(), 200.0, tenant.connector()).run()

    (one,) = [one for one in found if one.code == "model-forbidden"]
    assert f"/{resource}: 403" in one.message


async def test_a_refusal_in_the_middle_ends_the_asking_with_a_line() -> None:
    async with SandboxServer() as server, asking(server) as (api, wire):
        throttled = Fault(kind="status", status=429, retry_after=0.01, resource="leancompanies")
        server.faults.add([throttled], 0.0)
        found = await Look(api, fast(), 200.0, tenant.connector()).run()

    assert wire.methods[-2:] == ["GET", "GET"]
    assert [one.code for one in found][-2:] == ["stopped", "calls"]


PLANTED = """
contact_attributes_outbound:
  - {hull_field_name: email, service_field_name: email}
  - {hull_field_name: external_id, service_field_name: externalId}
contact_custom_attributes_outbound:
  - {hull_field_name: a, service_field_name: Unknown thing}
  - {hull_field_name: b, service_field_name: plan}
  - {hull_field_name: c, service_field_name: Region}
  - {hull_field_name: d, service_field_name: Locked}
  - {hull_field_name: e, service_field_name: Formula}
  - {hull_field_name: f, service_field_name: Hidden}
  - {hull_field_name: seen_at, service_field_name: Visits}
  - {hull_field_name: g, service_field_name: Odd}
  - {hull_field_name: h, service_field_name: Advisor}
  - {hull_field_name: i, service_field_name: Notes}
  - {hull_field_name: j, service_field_name: Tier}
account_attributes_outbound:
  - {hull_field_name: name, service_field_name: name}
  - {hull_field_name: owner, service_field_name: owner}
account_licenses_attribute: licenses
"""
FIELDS = (
    tenant.field("Plan"),
    tenant.field("PLAN"),
    tenant.field("Region", "company"),
    tenant.field("Locked", isLocked=True),
    tenant.field("Formula", isFormula=True),
    tenant.field("Hidden", isHidden=True),
    tenant.field("Visits", kind="number"),
    tenant.field("Odd", kind="hologram"),
    tenant.field("Advisor", kind="team member"),
    tenant.field("Notes", kind="rich text"),
    tenant.field("Tier", kind="list", listValues=["gold"]),
    tenant.field("Wanted", isMandatory=True),
)
RECORDS: dict[str, tuple[dict[str, object], ...]] = {
    "companies": (
        {"_id": "c1", "name": "A", "externalId": "acme"},
        {"_id": "c2", "name": "B", "externalId": "acme"},
        {"_id": "c3", "name": "C"},
        {"_id": "c4", "name": "D", "externalId": "d"},
    ),
    "endusers": (
        tenant.contact(1, custom={"Visits": "many", "Tier": "lead", "Nowhere": 1}),
        tenant.contact(2, externalId="u-1"),
        tenant.contact(3, externalId=""),
        tenant.contact(4, externalId="hull-planhat-check-one"),
    ),
    "deals": ({"_id": "d1", "name": "Big"},),
}
FAULTS = (
    {"kind": "forbidden", "resource": "users"},
    {"kind": "status", "status": 404, "resource": "licenses"},
)
BAD = {
    *("model-forbidden", "licences-are-deals", "field-unknown", "field-other-case", "field-twins"),
    *("field-of-other-model", "field-locked", "field-formula", "field-hidden", "field-mandatory"),
    *("field-type", "field-type-unknown", "field-team-member"),
    *("companies-incomplete", "company-duplicates", "company-without-key", "sort-ignored"),
    *("row-without-key", "row-twins", "row-field-undeclared", "row-type", "row-list-value"),
    *("leftovers", "quota-smaller", "clock-skew"),
}


async def test_each_planted_fault_is_found_in_the_calls_that_are_promised() -> None:
    options = SandboxOptions(
        dialect=Dialect(leancompanies="capped", sort_updated="ignored"),
        page_rows={"companies": 3, "customfields": 5},
        quota=QuotaOptions(calls_per_window=100),
        clock_skew_seconds=3600.0,
        fields=FIELDS,
        records=RECORDS,
        faults=FAULTS,
    )
    async with SandboxServer(options) as server, asking(server) as (api, wire):
        connector = ConnectorSettings.from_text(PLANTED, "connector.yaml")
        found = await Look(api, fast(), 200.0, connector).run()

    assert {one.code for one in found if one.status != "ok"} == BAD
    assert len(BAD) > 20
    assert len(wire.methods) + 2 <= MOST_CALLS
