"""The port of probes and console under hostile callers, over raw sockets."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import structlog
from aiohttp import web

from consumer import log
from consumer.watch.metrics import Metrics
from consumer.watch.port.connections import HEAD_SECONDS, MOST_UNSENT, Connections
from consumer.watch.port.ops import Ops
from consumer.watch.port.way import SECURITY, Way

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator


@pytest.fixture(name="out")
def _out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


class State:
    def healthy(self) -> tuple[bool, str]:
        return True, "turning"

    def ready(self) -> tuple[bool, str]:
        return True, "1 partition"


async def fail(_request: web.Request) -> web.Response:
    raise RuntimeError("a secret detail")


async def read(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.read())))


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Ops, Metrics]]:
    metrics = Metrics("1")
    ops = Ops(State(), metrics, [web.get("/fail", fail), web.post("/read", read)])
    await ops.start("127.0.0.1", 0)
    try:
        yield ops, metrics
    finally:
        await ops.stop()


async def ask(ops: Ops, raw: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", ops.port)
    writer.write(raw)
    async with asyncio.timeout(10):
        try:
            found = await reader.read()
        except ConnectionResetError:
            found = b""
    writer.close()
    return found


def refused(metrics: Metrics, why: str) -> float:
    start = f'hull_planhat_http_refused_total{{reason="{why}"}} '
    lines = metrics.text().decode().splitlines()
    return sum(float(line.removeprefix(start)) for line in lines if line.startswith(start))


LARGE = 1 << 20
POST = b"POST /read HTTP/1.1\r\nHost: a\r\n"
GET = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        pytest.param(GET % b"/healthz", 200, id="probe"),
        pytest.param(GET % b"/metrics", 200, id="metrics"),
        pytest.param(GET % b"/", 200, id="page"),
        pytest.param(b"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 200, id="HEAD"),
        pytest.param(b"GET /healthz HTTP/1.0\r\n\r\n", 200, id="HTTP/1.0"),
        pytest.param(GET % b"http://evil.example/healthz", 200, id="whole address"),
        pytest.param(GET % b"/nothing", 404, id="no such page"),
        pytest.param(GET % b"/../../etc/passwd", 404, id="way up"),
        pytest.param(GET % b"/%2e%2e/%2e%2e/etc/passwd", 404, id="hidden way up"),
        pytest.param(GET % b"/healthz/%00", 404, id="NUL"),
        pytest.param(GET % (b"/" + b"a" * 9000), 400, id="long address"),
        pytest.param(b"OPTIONS /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 405, id="OPTIONS"),
        pytest.param(b"TRACE /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 405, id="TRACE"),
        pytest.param(b"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, id="DELETE"),
        pytest.param(GET % b"/fail", 500, id="fault of ours"),
        pytest.param(GET[:-2] % b"/" + b"Expect: a wonder\r\n\r\n", 417, id="expectation"),
        pytest.param(GET[:-2] % b"/" + b"X: %s\r\n\r\n" % (b"a" * 9000), 400, id="long header"),
        pytest.param(GET[:-2] % b"/" + b"X: a\r\n" * 200 + b"\r\n", 400, id="many headers"),
        pytest.param(b"GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n", 400, id="HTTP/9.9"),
        pytest.param(b"nonsense\r\n\r\n", 400, id="nonsense"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00" + b"\x00" * 40, 400, id="TLS"),
        pytest.param(POST + b"Content-Length: -1\r\n\r\n", 400, id="negative length"),
        pytest.param(
            POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            id="two lengths",
        ),
    ],
)
async def test_every_answer_has_the_same_headers_and_says_nothing_of_who_made_it(
    raw: bytes, status: int
) -> None:
    async with served() as (ops, _):
        answer = await ask(ops, raw)

    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert int(lines[0].split(" ")[1]) == status
    assert headers.items() >= SECURITY.items()
    assert headers["Connection"] == "close"
    assert "Server" not in headers
    assert not any(word in answer.lower() for word in (b"aiohttp", b"traceback", b"a secret"))
    assert b"python" not in (b"" if b"/metrics" in raw else body.lower())


async def test_requests_behind_the_first_are_not_answered() -> None:
    async with served() as (ops, _):
        answer = await ask(ops, (GET % b"/healthz") * 20)

    assert answer.count(b"HTTP/1.1 ") == 1


async def test_a_body_without_a_route_is_not_waited_for() -> None:
    head = b"POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 4194304\r\n\r\n"
    async with served() as (ops, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", ops.port)
        writer.write(head)
        async with asyncio.timeout(1):
            line = await reader.readline()
        writer.close()

    assert line == b"HTTP/1.1 404 Not Found\r\n"


async def test_many_bad_requests_are_one_line_without_a_traceback(out: io.StringIO) -> None:
    log.configure(stream=out)
    async with served() as (ops, metrics):
        for _ in range(30):
            await ask(ops, b"\x16\x03\x01nonsense\r\n\r\n")
        count = refused(metrics, "not understood")

    found = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(one["event"], one["reason"], one["level"]) for one in found] == [
        ("http.refused", "not understood", "info")
    ]
    assert count == 30


async def test_a_failure_of_our_own_is_one_line_and_tells_the_caller_nothing(
    out: io.StringIO,
) -> None:
    log.configure(stream=out)
    async with served() as (ops, _):
        for _ in range(5):
            await ask(ops, GET % b"/fail")

    [one] = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (one["event"], one["exception"]["type"]) == ("http.failed", "RuntimeError")


async def test_a_head_without_an_end_is_ended_by_its_size() -> None:
    async with served() as (ops, metrics):
        answer = await ask(ops, b"GET / HTTP/1.1\r\n" + b"X-1: a\r\n" * 10_000)
        count = refused(metrics, "head too large") + refused(metrics, "not understood")

    assert b"200" not in answer
    assert count == 1


@pytest.mark.slow
@pytest.mark.parametrize("dripped", [b"", b"X: a\r\n"], ids=["silent", "dripping"])
async def test_who_does_not_ask_in_time_is_ended(dripped: bytes) -> None:
    loop = asyncio.get_running_loop()
    async with served() as (ops, _):
        begun = loop.time()
        reader, writer = await asyncio.open_connection("127.0.0.1", ops.port)

        async def drip() -> None:
            if dripped:
                writer.write(b"GET / HTTP/1.1\r\n")
            while dripped:
                writer.write(dripped)
                await asyncio.sleep(0.5)

        dripping = asyncio.create_task(drip())
        await _until_over(reader.read())
        took = loop.time() - begun
        dripping.cancel()
        writer.close()

    assert HEAD_SECONDS - 0.5 < took < HEAD_SECONDS + 2


async def test_the_oldest_silent_ones_make_room_and_probes_are_answered() -> None:
    made = []

    def protocol() -> asyncio.Protocol:
        made.append(Echo())
        return made[-1]

    reasons: list[str] = []
    connections = Connections(protocol, 4, reasons.append)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    connections.listen([listener])
    asking = await asyncio.open_connection("127.0.0.1", port)
    asking[1].write(b"first\r\n\r\n")
    await asking[0].readuntil(b"\r\n\r\n")
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
    newest = await asyncio.open_connection("127.0.0.1", port)
    newest[1].write(b"newest\r\n\r\n")

    answer = await newest[0].readline()
    ended = [await _until_over(reader.read()) for reader, _ in silent[:2]]
    asking[1].write(b"again\n")
    still = await asking[0].readline()
    connections.close()
    connections.abort()

    assert (answer, still) == (b"newest\r\n", b"again\n")
    assert ended == [b"", b""]
    assert reasons == ["too many connections"] * 2
    assert len(made) == 2
    for _, writer in (asking, newest, *silent):
        writer.close()


async def test_who_asks_in_a_burst_is_answered_though_others_hold_all_the_room() -> None:
    reasons: list[str] = []
    connections = Connections(Echo, 16, reasons.append)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    connections.listen([listener])
    holding = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
    for reader, writer in holding:
        writer.write(b"held\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
    asking = [socket.create_connection(("127.0.0.1", port)) for _ in range(6)]
    for one in asking:
        one.sendall(b"asked\r\n\r\n")
        one.setblocking(False)

    loop = asyncio.get_running_loop()
    answers = [await _until_over(loop.sock_recv(one, 100)) for one in asking]
    connections.close()
    connections.abort()

    assert answers == [b"asked\r\n\r\n"] * 6
    for _, writer in holding:
        writer.close()
    for one in asking:
        one.close()


class Large(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, Way)
        self._way = transport

    def data_received(self, _data: bytes) -> None:
        self._way.is_ours = True
        self._way.write(b"x" * LARGE)
        self._way.close()


async def test_answers_that_nobody_reads_take_bounded_memory_together() -> None:
    reasons: list[str] = []
    connections = Connections(Large, 400, reasons.append)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    connections.listen([listener])
    loop = asyncio.get_running_loop()
    deaf = []
    for _ in range(40):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        one.setblocking(False)
        await loop.sock_connect(one, ("127.0.0.1", port))
        one.send(b"large\r\n\r\n")
        deaf.append(one)

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"large\r\n\r\n")
    answer = await _until_over(reader.read())
    connections.close()
    connections.abort()

    assert len(answer) == LARGE
    assert len(reasons) >= len(deaf) - 2 * MOST_UNSENT // LARGE
    assert set(reasons) == {"too slow"}
    writer.close()
    for one in deaf:
        one.close()


@pytest.mark.slow
async def test_blank_lines_are_no_request() -> None:
    loop = asyncio.get_running_loop()
    async with served() as (ops, _):
        begun = loop.time()
        reader, writer = await asyncio.open_connection("127.0.0.1", ops.port)
        writer.write(b"\r\n\r\n")
        await _until_over(reader.read())
        took = loop.time() - begun
        writer.close()

    assert took < HEAD_SECONDS + 2


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, Way)
        transport.is_ours = True
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


async def _until_over(reading: Awaitable[bytes]) -> bytes:
    async with asyncio.timeout(20):
        try:
            return await reading
        except ConnectionResetError:
            return b""
