import asyncio
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from consumer.settings import Settings
from consumer.watch.metrics import Metrics
from consumer.watch.port.ops import Ops, PortTaken, listening, listening_at


class FakeState:
    def __init__(self) -> None:
        self.health = (True, "turning")
        self.readiness = (False, "no partitions assigned")

    def healthy(self) -> tuple[bool, str]:
        return self.health

    def ready(self) -> tuple[bool, str]:
        return self.readiness


@pytest.fixture(name="state")
def _state() -> FakeState:
    return FakeState()


@pytest.fixture(name="ops")
async def _ops(state: FakeState) -> AsyncIterator[Ops]:
    ops = Ops(state, Metrics("1"))
    await ops.start("127.0.0.1", 0)
    yield ops
    await ops.stop()


async def get(ops: Ops, path: str) -> tuple[int, str, str]:
    url = f"http://127.0.0.1:{ops.port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, response.headers["Content-Type"], await response.text()


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/healthz", 200, '{"ok": true, "reason": "turning"}'),
        ("/readyz", 503, '{"ok": false, "reason": "no partitions assigned"}'),
    ],
)
async def test_a_probe_is_answered_with_the_reason(
    ops: Ops, path: str, status: int, body: str
) -> None:
    assert await get(ops, path) == (status, "application/json; charset=utf-8", body)


async def test_metrics_are_in_the_form_of_prometheus(ops: Ops) -> None:
    status, kind, body = await get(ops, "/metrics")

    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert "hull_planhat_build_info" in body


async def test_the_page_names_the_others(ops: Ops) -> None:
    status, _, body = await get(ops, "/")

    assert status == 200
    assert all(name in body for name in ("healthz", "readyz", "metrics"))


async def test_added_routes_are_served_and_go_before_our_own(state: FakeState) -> None:
    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="console")

    ops = Ops(state, Metrics("1"), [web.get("/", hello), web.get("/more", hello)])
    await ops.start("127.0.0.1", 0)
    answers = [(await get(ops, path))[2] for path in ("/", "/more")]
    await ops.stop()

    assert answers == ["console", "console"]


async def is_answered(address: str, port: int) -> bool:
    """Ask as a probe of Kubernetes would, at an address of the pod."""
    host = f"[{address}]" if ":" in address else address
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"http://{host}:{port}/healthz") as response:
                return response.status == 200
        except aiohttp.ClientConnectorError:
            return False


@pytest.mark.parametrize(
    ("environ", "answered"),
    [
        pytest.param({}, {"127.0.0.1": True, "::1": True}, id="unset: both families"),
        pytest.param({"HTTP_HOST": ""}, {"127.0.0.1": True, "::1": True}, id="empty: both"),
        pytest.param({"HTTP_HOST": "0.0.0.0"}, {"127.0.0.1": True, "::1": False}, id="IPv4"),  # noqa: S104 - what people set
        pytest.param({"HTTP_HOST": "::"}, {"127.0.0.1": False, "::1": True}, id="IPv6"),
        pytest.param({"HTTP_HOST": "::1"}, {"127.0.0.1": False, "::1": True}, id="one address"),
    ],
)
async def test_probes_of_the_families_that_the_host_names_are_answered(
    state: FakeState, environ: dict[str, str], answered: dict[str, bool]
) -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    ops = Ops(state, Metrics("1"))
    await ops.start(Settings.read(environ).http.host, 0)

    found = {address: await is_answered(address, ops.port) for address in answered}
    await ops.stop()

    assert found == answered


def test_a_family_that_the_machine_has_not_is_left_out() -> None:
    # No Linux of today speaks IrDA: the kernel refuses it as it would IPv6 where that is off.
    with listening(0, [socket.AddressFamily(23), socket.AF_INET]) as found:
        address = found.getsockname()

    assert (found.family, address[0]) == (socket.AF_INET, "0.0.0.0")  # noqa: S104 - what is meant


def test_an_address_that_a_host_has_twice_or_not_at_all_is_opened_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    here = (socket.AF_INET, ("127.0.0.1", port))
    # Nobody has an address of the pages of manuals, and no Linux of today speaks IrDA.
    nowhere = (socket.AF_INET6, ("2001:db8::1", port)), (socket.AddressFamily(23), ("", port))

    found = listening_at([nowhere[0], here, here, nowhere[1]])

    assert [one.getsockname() for one in found] == [("127.0.0.1", port)]
    for one in found:
        one.close()
    with pytest.raises(OSError, match="annot assign requested address"):
        listening_at([nowhere[0]])


async def test_metrics_that_are_asked_for_in_a_flood_are_made_once() -> None:
    metrics = Metrics("1")
    ops = Ops(FakeState(), metrics)
    await ops.start("127.0.0.1", 0)
    before = (await get(ops, "/metrics"))[2]
    metrics.count("http_refused", "foreign")

    at_once = (await get(ops, "/metrics"))[2]
    async with asyncio.timeout(5):
        soon = before
        while soon == before:
            soon = (await get(ops, "/metrics"))[2]
    await ops.stop()

    assert at_once == before
    assert "http_refused_total" in soon


@pytest.mark.parametrize("taken_at", ["127.0.0.1", "::1"])
async def test_a_port_in_use_in_one_family_is_not_taken_in_the_other(
    state: FakeState, taken_at: str
) -> None:
    family = socket.AF_INET6 if ":" in taken_at else socket.AF_INET
    with socket.create_server((taken_at, 0), family=family) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PortTaken, match=rf"^HTTP_PORT: {port}: already in use; free it"):
            await Ops(state, Metrics("1")).start(None, port)


async def test_a_port_in_use_is_told_in_one_line(ops: Ops, state: FakeState) -> None:
    with pytest.raises(PortTaken, match=rf"^HTTP_PORT: {ops.port}: already in use on 127.0.0.1"):
        await Ops(state, Metrics("1")).start("127.0.0.1", ops.port)


async def test_an_address_that_is_not_ours_is_told_in_one_line(state: FakeState) -> None:
    with pytest.raises(PortTaken, match=r"^HTTP_HOST: '203.0.113.5': cannot listen there"):
        await Ops(state, Metrics("1")).start("203.0.113.5", 0)


async def test_a_name_that_no_host_can_have_is_told_in_one_line(state: FakeState) -> None:
    with pytest.raises(PortTaken, match=r"^HTTP_HOST: 'a{80}': cannot listen there: .*too long"):
        await Ops(state, Metrics("1")).start("a" * 80, 0)


async def test_it_closes_in_time_though_a_client_does_not(state: FakeState) -> None:
    started = asyncio.Event()

    async def endless(_request: web.Request) -> web.Response:
        started.set()
        await asyncio.Event().wait()
        return web.Response()

    ops = Ops(state, Metrics("1"), [web.get("/endless", endless)])
    await ops.start("127.0.0.1", 0)
    _, writer = await asyncio.open_connection("127.0.0.1", ops.port)
    writer.write(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
    await started.wait()

    async with asyncio.timeout(5):
        await ops.stop()

    writer.close()
    assert ops.port == 0
