"""Asking a sandbox: a few calls, each of them a read."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from consumer.live.look import Look
from consumer.live.questions import MOST_CALLS
from consumer.settings.planhat import PlanhatSettings
from planhat_client.client import Endpoints
from planhat_client.raw import RawPlanhat
from planhat_client.sandbox import Fault, SandboxOptions, SandboxServer
from planhat_client.transport import Transport
from tests.consumer.live import tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from planhat_client.protocol import Request, Response

FAST = PlanhatSettings.model_validate({"requests_per_minute": 100_000, "burst": 1000})


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
        found = await Look(api, FAST, tenant.connector()).run()

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
        found = await Look(api, FAST, tenant.connector()).run()

    (one,) = [one for one in found if one.code == "model-forbidden"]
    assert f"/{resource}: 403" in one.message


async def test_a_refusal_in_the_middle_ends_the_asking_with_a_line() -> None:
    async with SandboxServer() as server, asking(server) as (api, wire):
        throttled = Fault(kind="status", status=429, retry_after=0.01, resource="leancompanies")
        server.faults.add([throttled], 0.0)
        found = await Look(api, FAST, tenant.connector()).run()

    assert wire.methods[-2:] == ["GET", "GET"]
    assert [one.code for one in found][-2:] == ["stopped", "calls"]
