"""A Planhat that means harm: each answer costs its own request, and little memory."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planhat_client import Planhat, PlanhatError
from planhat_client.answers.error_text import NO_MESSAGE, error_text
from planhat_client.answers.verdict import Suspect, verdicts
from planhat_client.client import Endpoints
from planhat_client.errors import PlanhatUnavailable
from planhat_client.protocol import Delivered, Partial, Request, Response, Retry
from planhat_client.transport import Transport
from schemas.planhat import Resource
from tests.planhat_client.test_client import planhat
from tests.planhat_client.test_transport import reply, server, transport, writes
from tests.processor_time import on_this_machine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

TOKEN, TENANT = "phat_9fQ2xV7kLmN4pR8sT1uW3yZ5", "0f8fad5b-d9cb-469f-a165-70867728950e"
SHORT, LONG = b'[{"email":"a@b.example"}]', b"[" + b" " * 100_000 + b"]"
MIB = 1 << 20


@pytest.fixture(name="body", params=[SHORT, LONG], ids=["short", "long"])
def _body(request: pytest.FixtureRequest) -> bytes:
    """Short requests go another way than long ones."""
    found: bytes = request.param
    return found


@asynccontextmanager
async def asked(url: str, seconds: float = 10.0) -> AsyncIterator[Planhat]:
    client = Planhat(Transport(seconds, 4), Endpoints(url, url, TENANT), lambda: TOKEN)
    try:
        yield client
    finally:
        await client.close()


@cache
def bomb() -> bytes:
    """Some 260 KB that unpack to 256 MiB."""
    return gzip.compress(bytes(256 * MIB), 1)


@pytest.fixture(name="memory")
def _memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.usefixtures("memory")
async def test_a_small_answer_that_unpacks_to_a_huge_one_is_cut(body: bytes) -> None:
    packed = reply(bomb(), Content_Encoding="gzip")

    async with server(writes(packed)) as url, transport(largest=64 * MIB) as door:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        with pytest.raises(PlanhatUnavailable, match="the answer is larger than"):
            await door.send(Request("PUT", url, {}, body))

    assert tracemalloc.get_traced_memory()[1] - before < 8 * MIB


async def test_the_answer_to_a_write_may_be_a_few_times_what_was_sent(body: bytes) -> None:
    fits = b" " * (MIB + 4 * len(body))

    async with (
        server(writes(reply(fits))) as url,
        server(writes(reply(fits + b" "))) as too_large,
        transport(largest=64 * MIB) as door,
    ):
        response = await door.send(Request("PUT", url, {}, body))
        with pytest.raises(PlanhatUnavailable, match="the answer is larger than"):
            await door.send(Request("PUT", too_large, {}, body))
        read = await door.send(Request("GET", too_large, {}))

    assert (len(response.body), len(read.body)) == (len(fits), len(fits) + 1)


async def _for_ever(writer: asyncio.StreamWriter, head: bytes, chunk: bytes) -> None:
    writer.write(head)
    while not writer.is_closing():
        writer.write(chunk)
        await writer.drain()


@pytest.mark.parametrize(
    ("head", "chunk"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n" * 500, id="headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 4000, id="one header"),
        pytest.param(b"HTTP/1.1 200 ", b"x" * 4000, id="status line"),
        pytest.param(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, id="hints"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 500, id="body"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            b"X-Y: z\r\n" * 500,
            id="trailers",
        ),
    ],
)
@pytest.mark.usefixtures("memory")
async def test_what_never_ends_is_ended(head: bytes, chunk: bytes, body: bytes) -> None:
    async def handle(_request: bytes, writer: asyncio.StreamWriter) -> None:
        await _for_ever(writer, head, chunk)

    async with server(handle) as url, transport(seconds=1.0, largest=20_000) as door:
        before = tracemalloc.get_traced_memory()[0]
        with pytest.raises(PlanhatUnavailable):
            await door.send(Request("POST", url, {}, body))

    assert tracemalloc.get_traced_memory()[1] - before < 8 * MIB


async def test_an_answer_that_drips_ends_with_the_time(body: bytes) -> None:
    async def handle(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"1\r\n \r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with server(handle) as url, transport(seconds=0.3) as door:
        with pytest.raises(PlanhatUnavailable, match=r"^no answer in 0\.3 s$"):
            await door.send(Request("PUT", url, {}, body))


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
async def test_no_token_goes_where_an_answer_points(status: str) -> None:
    followed: list[bytes] = []

    async def elsewhere(request: bytes, writer: asyncio.StreamWriter) -> None:
        followed.append(request)
        writer.write(reply(b"[]"))

    async with server(elsewhere) as other:
        pointing = reply(b"", f"{status} Moved", Location=other, Refresh=f"0; url={other}")
        async with server(writes(pointing)) as url, asked(url) as client:
            answer = await client.upsert(Resource.ENDUSERS, [SHORT[1:-1]])
            with pytest.raises(PlanhatError):
                await client.companies()

    assert followed == []
    assert "is this the host of Planhat's API?" in repr(answer)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"\xff\xfe" * 3000, id="no UTF-8"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="deep objects"),
        pytest.param(b'{"created":' + b"9" * 100_000 + b"}", id="huge number"),
        pytest.param(b'{"created":1e999,"updated":-1e999}', id="endless number"),
        pytest.param(b'{"created":NaN}', id="no number"),
        pytest.param(b'{"insertsKeys":[{"_id":"' + b"x" * 500_000 + b'"}]}', id="huge id"),
        pytest.param(b'{"error":"' + b"\\u0000\\u001b[2J" * 1000 + b'"}', id="controls"),
        pytest.param(b'{"error":"\\ud800"}', id="half a letter"),
        pytest.param(b"[" + b"{}," * 300_000 + b"{}]", id="many values"),
        pytest.param(b"\x00", id="NUL"),
    ],
)
@pytest.mark.parametrize("status", [200, 206, 400, 401, 403, 404, 409, 422, 429, 500, 503])
async def test_an_answer_of_any_kind_is_an_answer(said: bytes, status: int) -> None:
    client, _ = planhat(Response(status, {}, said))

    answer = await client.upsert(Resource.ENDUSERS, [SHORT[1:-1]] * 3)
    tracked = await client.track([b"{}"] * 3)

    reasons = [getattr(one, "reason", "") for one in (answer, tracked)]
    assert all(one.isprintable() and len(one) < 300 for one in reasons)
    if isinstance(answer, Delivered | Partial):
        assert len(verdicts([orjson.loads(SHORT)[0]] * 3, answer)) == 3


def test_an_answer_of_too_many_values_is_not_read() -> None:
    client, _ = planhat(Response(200, {}, b"[" + b"{}," * 2_100_000 + b"{}]"))

    answer = asyncio.run(client.upsert(Resource.ENDUSERS, [b"{}"]))

    assert answer == Retry("200 with an unreadable body", 200)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("\x1b]0;owned\x07 no\x1b[31m", "400 \\x1b]0;owned\\x07 no\\x1b[31m"),
        ('one\r\n{"level":"error"}\n', '400 one {"level":"error"}'),
        ("\u202edlihc\u200f\u2066", "400 \\u202edlihc\\u200f\\u2066"),
        ("nul\x00 c1\x9b31m", "400 nul\\x00 c1\\x9b31m"),
        ("\\u001b[31m", "400 \\x1b[31m"),
    ],
)
async def test_no_sign_that_commands_a_terminal_is_in_a_reason(said: str, reason: str) -> None:
    client, _ = planhat(Response(400, {}, orjson.dumps({"message": said})))

    answer = await client.upsert(Resource.ENDUSERS, [b"{}"])

    assert getattr(answer, "reason", "") == reason


async def test_a_flood_of_errors_holds_nothing_up() -> None:
    items = [{"externalId": f"e-{at}", "name": f"Quentin {at:x}"} for at in range(2000)]
    entries = [{"item": item, "message": f"{item['name']} {'Xy-1 ' * 400}"} for item in items]
    client, _ = planhat(Response(206, {}, orjson.dumps({"createdErrors": entries})))

    started = time.process_time()
    answer = await client.upsert(Resource.ENDUSERS, [orjson.dumps(item) for item in items])
    assert isinstance(answer, Partial)
    found = verdicts(items, answer)

    assert time.process_time() - started < on_this_machine(1.0)
    assert all(isinstance(one, Suspect) and "Quentin" not in one.reason for one in found)


async def test_headers_that_come_twice_are_read_once() -> None:
    head = "HTTP/1.1 429 Too Many\r\nContent-Length: 2\r\n"
    twice = "Retry-After: 7\r\nRetry-After: 99999999\r\nX-RateLimit-Remaining: 0\r\n" * 2

    async with server(writes(f"{head}{twice}\r\n{{}}".encode())) as url, asked(url) as client:
        answer = await client.upsert(Resource.ENDUSERS, [b"{}"])

    assert isinstance(answer, Retry)
    assert answer.retry_after == 7


@given(st.binary(max_size=200), st.sampled_from([200, 206, 400, 401, 404, 429, 500]))
def test_no_answer_makes_a_write_raise(said: bytes, status: int) -> None:
    client, _ = planhat(Response(status, {}, said))

    answer = asyncio.run(client.upsert(Resource.ENDUSERS, [SHORT[1:-1]]))

    assert getattr(answer, "reason", "").isprintable()


def test_a_message_is_not_looked_for_in_a_million_values() -> None:
    entry: object = {}
    for _ in range(6):
        entry = [entry] * 10
    start = time.process_time()

    told = [error_text(entry) for _ in range(50)]

    assert set(told) == {NO_MESSAGE}
    assert time.process_time() - start < on_this_machine(0.5)
