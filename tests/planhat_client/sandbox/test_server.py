"""The sandbox on real sockets: endpoints, token, quota, faults, and what it tells of itself."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
import pytest

from planhat_client.sandbox import (
    Fault,
    LatencyOptions,
    QuotaOptions,
    SandboxOptions,
    SandboxServer,
    serve,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from planhat_client.sandbox.faults import Kind

BEARER = {"Authorization": "Bearer sandbox-token"}
ACME = {"externalId": "acme", "name": "Acme"}


class Client:
    """Speaks to a sandbox as Planhat's clients do."""

    def __init__(self, server: SandboxServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self._session = session

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] = BEARER,
        seconds: float = 5,
    ) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else orjson.dumps(body) if body is not None else None
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with self._session.request(
            method, self.server.url + path, data=data, headers=headers, timeout=timeout
        ) as response:
            content = await response.read()
            is_json = response.content_type == "application/json"
            return response.status, orjson.loads(content) if is_json and content else content

    async def headers(self, path: str) -> dict[str, str]:
        async with self._session.get(self.server.url + path, headers=BEARER) as response:
            return dict(response.headers)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with connected(SandboxOptions()) as client:
        yield client


class connected:  # noqa: N801 - reads as a function
    """A server and a client for it, for a while."""

    def __init__(self, options: SandboxOptions) -> None:
        self._server = SandboxServer(options)

    async def __aenter__(self) -> Client:
        await self._server.__aenter__()
        self._session = aiohttp.ClientSession()
        return Client(self._server, self._session)

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self._server.__aexit__()


async def until_hit(server: SandboxServer) -> None:
    async with aiohttp.ClientSession() as session:
        while not server.faults.hits:
            async with session.get(f"{server.url}/sandbox/state?full=0"):
                pass


async def test_a_bulk_upsert_is_stored_and_listed(client: Client) -> None:
    status, answer = await client.ask("PUT", "/companies", [ACME])

    company_id = answer["insertsKeys"][0]["_id"]
    assert status == 200
    assert (await client.ask("GET", "/leancompanies"))[1] == [
        {"_id": company_id, "name": "Acme", "externalId": "acme", "sourceId": ""}
    ]
    assert (await client.ask("GET", "/leancompanies?externalId=other"))[1] == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"[{", "Invalid JSON", id="no JSON"),
        pytest.param({}, "The body should be an array", id="no array"),
        pytest.param([{}] * 5001, "At most 5000 items are allowed", id="too many"),
    ],
)
async def test_a_body_that_is_none_is_answered_400_with_a_text(
    client: Client, body: object, message: str
) -> None:
    assert await client.ask("PUT", "/endusers", body) == (400, message)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        pytest.param("Bearer sandbox-token", 200, id="bearer"),
        pytest.param("Basic c2FuZGJveC10b2tlbjo=", 200, id="basic with colon"),
        pytest.param("Basic c2FuZGJveC10b2tlbg==", 401, id="basic without colon"),
        pytest.param("Basic !", 401, id="no base64"),
        pytest.param("Bearer other", 401, id="other token"),
        pytest.param("Digest x", 401, id="other scheme"),
        pytest.param("", 401, id="nothing"),
    ],
)
async def test_a_token_is_wanted(client: Client, header: str, status: int) -> None:
    assert (await client.ask("GET", "/users", None, {"Authorization": header}))[0] == status


async def test_a_token_may_be_rotated(client: Client) -> None:
    await client.ask("PUT", "/sandbox/token", {"tokens": ["new"]})

    assert (await client.ask("GET", "/users"))[0] == 401
    assert (await client.ask("GET", "/users", None, {"Authorization": "Bearer new"}))[0] == 200
    assert (await client.ask("PUT", "/sandbox/token", {"token": "x"}))[0] == 400


async def test_one_record_is_read_and_deleted(client: Client) -> None:
    await client.ask("PUT", "/companies", [ACME])

    _, (listed,) = await client.ask("GET", "/companies")
    assert (await client.ask("GET", f"/companies/{listed['_id']}"))[1]["name"] == "Acme"
    assert (await client.ask("DELETE", "/companies/extid-acme"))[1]["deletedCount"] == 1
    assert (await client.ask("GET", "/companies/extid-acme"))[0] == 404


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/companies/srcid-x"), ("DELETE", "/companies/x")]
)
async def test_an_unknown_address_is_answered_404(client: Client, method: str, path: str) -> None:
    await client.ask("PUT", "/companies", [ACME])

    assert (await client.ask(method, path))[0] == 404


async def test_an_external_id_in_two_companies_is_no_address(client: Client) -> None:
    await client.ask("PUT", "/companies", [ACME, {"externalId": "b", "name": "B"}])
    endusers = [{"externalId": "u1", "companyId": f"extid-{name}"} for name in ("acme", "b")]
    await client.ask("PUT", "/endusers", endusers)

    assert (await client.ask("GET", "/endusers/extid-u1"))[0] == 400
    assert (await client.ask("DELETE", "/endusers/extid-u1"))[0] == 400


async def test_lists_have_pages_and_few_fields(client: Client) -> None:
    companies = [{"externalId": f"c{n}", "name": f"C{n}", "web": "w"} for n in range(5)]
    await client.ask("PUT", "/companies", companies)

    _, page = await client.ask("GET", "/companies?limit=2&offset=1")
    _, filtered = await client.ask("GET", "/companies?externalId=c1,c3")

    assert [row["name"] for row in page] == ["C1", "C2"]
    assert "web" not in page[0]
    assert [row["name"] for row in filtered] == ["C1", "C3"]


async def test_users_are_seeded(client: Client) -> None:
    await client.ask("PUT", "/sandbox/users", [{"_id": "u1", "email": "csm@x.io"}, {"email": "b"}])

    assert len((await client.ask("GET", "/users"))[1]) == 2
    assert (await client.ask("GET", "/users?email=csm@x.io"))[1][0]["_id"] == "u1"
    assert (await client.ask("PUT", "/sandbox/users", {}))[0] == 400


async def test_activities_need_neither_token_nor_quota() -> None:
    async with connected(SandboxOptions(quota=QuotaOptions(calls_per_window=2))) as client:
        await client.ask("PUT", "/companies", [ACME])
        await client.ask("PUT", "/endusers", [{"externalId": "u1", "companyId": "extid-acme"}])

        for path, event in (
            ("/analytics/t", {"externalId": "u1"}),
            ("/analytics/bulk/t", [{"id": "u1"}, {"id": "unknown"}]),
        ):
            assert await client.ask("POST", path, event, {}) == (200, {})

        counters = client.server.report()["counters"]
        assert (counters["stored"], counters["dropped"]) == (2, 1)


async def test_another_tenants_events_are_answered_200_and_dropped() -> None:
    async with connected(SandboxOptions(tenant="t")) as client:
        assert (await client.ask("POST", "/analytics/bulk/other", [{}]))[0] == 200

        assert client.server.report()["counters"]["dropped"] == 1


async def test_beyond_the_quota_the_answer_is_429() -> None:
    quota = QuotaOptions(calls_per_window=2, retry_after=True, headers="x-ratelimit")
    async with connected(SandboxOptions(quota=quota)) as client:
        statuses = [(await client.ask("GET", "/users"))[0] for _ in range(3)]
        headers = await client.headers("/users")

        assert statuses == [200, 200, 429]
        assert headers["X-RateLimit-Remaining"] == "0"
        assert 1 <= int(headers["Retry-After"]) <= 61
        assert client.server.report()["quota"]["max_calls_per_minute"] == 4


async def test_the_same_record_in_two_requests_at_once_is_refused() -> None:
    options = SandboxOptions(latency=LatencyOptions(0.05, 0.001, 0.001))
    async with connected(options) as client:
        first, second = await asyncio.gather(
            client.ask("PUT", "/companies", [ACME]), client.ask("PUT", "/companies", [ACME])
        )

        assert sorted([first[0], second[0]]) == [200, 400]
        counters = client.server.report()["counters"]
        assert (counters["overlaps"], counters["max_in_flight"]) == (1, 2)


@pytest.mark.parametrize("kind", ["reset", "reset_after_write"])
async def test_a_reset_leaves_the_client_without_an_answer(client: Client, kind: Kind) -> None:
    client.server.faults.add([Fault(kind, count=2)], 0)

    with pytest.raises(aiohttp.ClientConnectionError):
        await client.ask("PUT", "/companies", [ACME])

    is_written = len(client.server.state.records["companies"]) == 1
    assert is_written == (kind == "reset_after_write")


@pytest.mark.parametrize("applies", [True, False])
async def test_a_time_out_ends_when_the_client_leaves(client: Client, applies: object) -> None:
    client.server.faults.add([Fault("timeout", count=1, applies=bool(applies))], 0)

    with pytest.raises(TimeoutError):
        await client.ask("PUT", "/companies", [ACME], seconds=0.1)

    assert bool(len(client.server.state.records["companies"])) == applies
    assert (await client.ask("PUT", "/companies", [ACME]))[0] == 200


async def test_a_server_that_stops_waits_for_no_client() -> None:
    server = SandboxServer(SandboxOptions(faults=({"kind": "timeout"},)))
    async with server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"GET /users HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer sandbox-token\r\n\r\n"
        )
        async with asyncio.timeout(5):
            await until_hit(server)

    with suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    with suppress(ConnectionResetError):
        await writer.wait_closed()


async def test_a_trickling_answer_arrives_whole(client: Client) -> None:
    client.server.faults.add([Fault("trickle", delay_seconds=0.02)], 0)

    status, answer = await client.ask("PUT", "/companies", [ACME])

    assert (status, answer["created"]) == (200, 1)


async def test_a_slow_answer_arrives(client: Client) -> None:
    client.server.faults.add([Fault("slow", delay_seconds=0.01)], 0)

    assert (await client.ask("PUT", "/companies", [ACME]))[0] == 200


async def test_faults_are_switched_over_http(client: Client) -> None:
    await client.ask("POST", "/sandbox/faults", {"faults": [{"kind": "status", "status": 502}]})
    assert (await client.ask("GET", "/users"))[0] == 502

    await client.ask("PUT", "/sandbox/faults", {"refusals": [{"field": "name", "how": "request"}]})
    assert (await client.ask("PUT", "/companies", [ACME]))[0] == 500
    assert (await client.ask("GET", "/sandbox/faults"))[1]["faults"] == []

    await client.ask("DELETE", "/sandbox/faults")
    assert (await client.ask("PUT", "/companies", [ACME]))[0] == 200


async def test_a_wrong_fault_is_answered_with_what_is_wrong(client: Client) -> None:
    body = {"faults": [{"kind": "reset", "every": 2}]}

    status, message = await client.ask("POST", "/sandbox/faults", body)

    assert (status, message) == (400, "fault: Object contains unknown field `every`")
    assert (await client.ask("POST", "/sandbox/faults", b"x"))[0] == 400


async def test_the_state_tells_what_is_stored_and_what_was_done(client: Client) -> None:
    await client.ask("PUT", "/companies", [ACME])
    await client.ask("PUT", "/endusers", [{"externalId": "u1"}])

    _, state = await client.ask("GET", "/sandbox/state")
    _, counters = await client.ask("GET", "/sandbox/state?full=0")

    assert state["companies"][0]["name"] == "Acme"
    assert state["ignored"] == [{"resource": "endusers", "item": {"externalId": "u1"}}]
    assert "companies" not in counters
    assert counters["counts"]["companies"] == 1
    assert counters["counters"]["requests"] == {"companies": {"200": 1}, "endusers": {"200": 1}}


async def test_requests_and_writes_are_logged(client: Client) -> None:
    await client.ask("PUT", "/companies", [ACME, {"externalId": "b", "name": "B"}])
    await client.ask("GET", "/users?limit=1")

    _, requests = await client.ask("GET", "/sandbox/requests?limit=5")
    _, writes = await client.ask("GET", "/sandbox/writes?resource=companies&key=b")

    assert [(each["method"], each["path"], each["items"]) for each in requests] == [
        ("PUT", "/companies", 2),
        ("GET", "/users?limit=1", 0),
    ]
    assert [(each["sequence"], each["change"]) for each in writes] == [(2, "created")]


async def test_a_reset_forgets_all(client: Client) -> None:
    await client.ask("PUT", "/companies", [ACME])

    await client.ask("POST", "/sandbox/reset")

    _, state = await client.ask("GET", "/sandbox/state")
    assert (state["companies"], state["counters"]["requests_total"]) == ([], 0)


async def test_the_page_escapes_what_clients_sent(client: Client) -> None:
    await client.ask("PUT", "/companies", [{"name": "<script>alert(1)</script>", "web": "x" * 999}])
    await client.ask("PUT", "/endusers", [{"externalId": "u1"}])

    status, content = await client.ask("GET", "/sandbox")

    assert status == 200
    assert b"<script>" not in content
    assert b"&lt;script&gt;" in content


async def test_a_sandbox_is_served_until_it_is_stopped() -> None:
    stop = asyncio.Event()
    urls: list[str] = []

    def started(server: SandboxServer) -> None:
        urls.append(server.analytics_url)
        stop.set()

    await serve(SandboxOptions(), "127.0.0.1", 0, stop, started)

    assert urls[0].startswith("http://127.0.0.1:")


async def test_a_taken_port_is_told_at_the_start(client: Client) -> None:
    port = int(client.server.url.rpartition(":")[2])

    with pytest.raises(OSError, match="in use"):
        await serve(SandboxOptions(), "127.0.0.1", port, asyncio.Event())
