"""The door to the network, against servers that behave and servers that do not."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from planhat_client.errors import PlanhatUnavailable
from planhat_client.protocol import Request
from planhat_client.transport import Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

SECRET = "tenant-1234"
LONG = b"[" + b" " * 100_000 + b"]"


@pytest.fixture(params=[b"[]", LONG], ids=["short", "long"])
def body(request: pytest.FixtureRequest) -> bytes:
    """A long request may still be on its way when the answer comes; nobody should notice."""
    found: bytes = request.param
    return found


@asynccontextmanager
async def server(
    handle: Callable[[bytes, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """A server of raw bytes: `handle` gets a request as it came, and writes what it likes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await _head(reader):
                length = _length(head)
                await handle(head + await reader.readexactly(length), writer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}/{SECRET}"
    finally:
        listening.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def reply(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def transport(
    seconds: float = 5.0, connections: int = 4, largest: int = 1 << 20
) -> AsyncIterator[Transport]:
    door = Transport(seconds, connections, largest)
    try:
        yield door
    finally:
        await door.close()


def writes(*chunks: bytes) -> Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]:
    async def handle(_request: bytes, writer: asyncio.StreamWriter) -> None:
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()

    return handle


async def test_a_request_arrives_as_it_was_built_and_the_answer_as_it_was_sent(body: bytes) -> None:
    seen: list[bytes] = []

    async def handle(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        writer.write(reply(b'{"a":1}', "206 Partial Content", X_Rate_Limit_Limit="200"))

    async with server(handle) as url, transport() as door:
        response = await door.send(
            Request("PUT", f"{url}/endusers", {"Authorization": "Bearer t"}, body)
        )

    assert (response.status, response.body) == (206, b'{"a":1}')
    assert response.headers["x-rate-limit-limit"] == "200"
    assert seen[0].startswith(f"PUT /{SECRET}/endusers HTTP/1.1\r\n".encode())
    assert b"Authorization: Bearer t\r\n" in seen[0]
    assert seen[0].endswith(b"\r\n\r\n" + body)


async def test_a_redirect_is_not_followed(body: bytes) -> None:
    count = 0

    async def handle(_request: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        writer.write(reply(b"", "302 Found", Location="/elsewhere"))

    async with server(handle) as url, transport() as door:
        response = await door.send(Request("PUT", url, {}, body))

    assert (response.status, count) == (302, 1)


async def test_a_compressed_answer_is_unpacked(body: bytes) -> None:
    packed = zlib.compress(b'{"created":1}')

    async with (
        server(writes(reply(packed, Content_Encoding="deflate"))) as url,
        transport() as door,
    ):
        response = await door.send(Request("PUT", url, {}, body))

    assert response.body == b'{"created":1}'


async def test_a_long_answer_in_pieces_is_put_together(body: bytes) -> None:
    chunk = b"x" * 50_000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n"

    async with server(writes(head, *[chunk] * 10)) as url, transport() as door:
        response = await door.send(Request("PUT", url, {}, body))

    assert len(response.body) == 500_000


async def test_cookies_are_not_kept(body: bytes) -> None:
    seen: list[bytes] = []

    async def handle(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        writer.write(reply(Set_Cookie="a=b"))

    async with server(handle) as url, transport() as door:
        await door.send(Request("PUT", url.replace("127.0.0.1", "localhost"), {}, body))
        await door.send(Request("PUT", url.replace("127.0.0.1", "localhost"), {}, body))

    assert b"cookie" not in seen[1].lower()


GARBAGE = b"\x00\x01 this is not HTTP\r\n\r\n"
TORN = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
BAD_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n"
BAD_GZIP = reply(b"no gzip at all", Content_Encoding="gzip")
LONG_HEADER = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(GARBAGE, id="garbage"),
        pytest.param(TORN, id="torn body"),
        pytest.param(TORN[:12], id="torn head"),
        pytest.param(BAD_CHUNK, id="bad chunk"),
        pytest.param(BAD_GZIP, id="bad compression"),
        pytest.param(LONG_HEADER, id="endless header"),
    ],
)
async def test_an_answer_that_is_none_means_to_try_again(sent: bytes, body: bytes) -> None:
    async def handle(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()
        writer.close()

    async with server(handle) as url, transport() as door:
        with pytest.raises(PlanhatUnavailable, match=r"^network: ") as caught:
            await door.send(Request("POST", url, {}, body))

    assert SECRET not in str(caught.value)


async def test_a_connection_that_is_reset_means_to_try_again(body: bytes) -> None:
    async def handle(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with server(handle) as url, transport() as door:
        with pytest.raises(PlanhatUnavailable, match=r"^network: "):
            await door.send(Request("POST", url, {}, body))


async def test_nobody_listening_means_to_try_again(body: bytes) -> None:
    async with server(writes(b"")) as url:
        pass

    async with transport() as door:
        with pytest.raises(PlanhatUnavailable, match=r"^network: ") as caught:
            await door.send(Request("PUT", url, {}, body))

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("sent", [b"", TORN], ids=["silent", "stuck in the body"])
async def test_a_server_that_takes_too_long_means_to_try_again(sent: bytes, body: bytes) -> None:
    async with server(writes(sent)) as url, transport(seconds=0.1) as door:
        with pytest.raises(PlanhatUnavailable, match=r"^no answer in 0\.1 s$"):
            await door.send(Request("PUT", url, {}, body))


async def test_an_answer_without_end_is_cut(body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def handle(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()

    async with server(handle) as url, transport(largest=100_000) as door:
        with pytest.raises(PlanhatUnavailable, match="larger than 100000 bytes"):
            await door.send(Request("PUT", url, {}, body))


async def test_an_answer_that_is_too_large_in_one_piece_is_refused() -> None:
    async with server(writes(reply(b"x" * 101))) as url, transport(largest=100) as door:
        with pytest.raises(PlanhatUnavailable, match="larger than 100 bytes"):
            await door.send(Request("GET", url, {}))


async def test_an_answer_as_large_as_is_allowed_is_read() -> None:
    async with server(writes(reply(b"x" * 100))) as url, transport(largest=100) as door:
        answer = await door.send(Request("GET", url, {}))

    assert len(answer.body) == 100


@pytest.mark.parametrize("url", ["no url", "ftp://x/", "http://", "http://[::/"])
async def test_an_address_that_is_none_is_told_without_repeating_it(url: str, body: bytes) -> None:
    async with transport() as door:
        with pytest.raises(PlanhatUnavailable) as caught:
            await door.send(Request("PUT", url, {}, body))

    assert url not in str(caught.value)


async def test_a_token_that_fits_in_no_header_is_told_without_repeating_it(body: bytes) -> None:
    async with server(writes(reply())) as url, transport() as door:
        with pytest.raises(PlanhatUnavailable, match="check the token") as caught:
            await door.send(Request("PUT", url, {"Authorization": "Bearer secret\r\nX: y"}, body))

    assert "secret" not in str(caught.value)


async def test_no_more_connections_are_opened_than_allowed(body: bytes) -> None:
    together, most, both = 0, 0, asyncio.Event()

    async def handle(_request: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal together, most
        together += 1
        most = max(most, together)
        if together == 2:
            both.set()
        await both.wait()
        together -= 1
        writer.write(reply())

    async with server(handle) as url, transport(connections=2) as door, asyncio.TaskGroup() as all_:
        for _ in range(6):
            all_.create_task(door.send(Request("PUT", url, {}, body)))

    assert most == 2


async def test_a_cancelled_request_is_cancelled(body: bytes) -> None:
    arrived = asyncio.Event()

    async def handle(_request: bytes, _writer: asyncio.StreamWriter) -> None:
        arrived.set()

    async with server(handle) as url, transport() as door:
        sending = asyncio.create_task(door.send(Request("PUT", url, {}, body)))
        await arrived.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending


async def test_a_door_that_was_never_used_can_be_closed() -> None:
    await Transport(1.0, 1).close()


async def test_a_read_has_no_body() -> None:
    seen: list[bytes] = []

    async def handle(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        writer.write(reply(b"[]"))

    async with server(handle) as url, transport() as door:
        response = await door.send(Request("GET", f"{url}/users?limit=1", {}))

    assert response.body == b"[]"
    assert seen[0].startswith(f"GET /{SECRET}/users?limit=1 HTTP/1.1\r\n".encode())


async def test_requests_follow_each_other_on_one_connection(body: bytes) -> None:
    connections: set[asyncio.StreamWriter] = set()

    async def handle(_request: bytes, writer: asyncio.StreamWriter) -> None:
        connections.add(writer)
        writer.write(reply())

    async with server(handle) as url, transport() as door:
        for _ in range(3):
            await door.send(Request("PUT", url, {}, body))

    assert len(connections) == 1


async def test_a_request_goes_with_the_headers_of_its_own(body: bytes) -> None:
    seen: list[bytes] = []

    async def handle(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        writer.write(reply())

    async with server(handle) as url, transport() as door:
        for number in range(40):
            await door.send(Request("PUT", url, {"Authorization": f"Bearer t{number}."}, body))

    assert [b"Bearer t%d.\r\n" % number in request for number, request in enumerate(seen)] == (
        [True] * 40
    )


@pytest.mark.parametrize(("method", "sent"), [("PUT", 3), ("POST", 2)])
async def test_what_meets_a_closed_connection_is_sent_again_if_that_does_no_harm(
    method: str, sent: int, body: bytes
) -> None:
    seen = 0

    async def handle(_request: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen += 1
        if seen == 2:  # on the connection of the first
            writer.close()
        else:
            writer.write(reply())

    async with server(handle) as url, transport() as door:
        await door.send(Request(method, url, {}, body))
        with suppress(PlanhatUnavailable):
            await door.send(Request(method, url, {}, body))

    assert seen == sent


async def test_a_late_answer_is_nobody_elses(body: bytes) -> None:
    late: list[asyncio.StreamWriter] = []
    arrived = asyncio.Event()

    async def handle(_request: bytes, writer: asyncio.StreamWriter) -> None:
        if late:
            late[0].write(reply(b"late"))
            writer.write(reply(b"mine"))
        else:
            late.append(writer)
            arrived.set()

    async with server(handle) as url, transport() as door:
        poison = asyncio.create_task(door.send(Request("POST", url, {}, body)))
        await arrived.wait()
        poison.cancel()
        with suppress(asyncio.CancelledError):
            await poison
        response = await door.send(Request("POST", url, {}, body))

    assert response.body == b"mine"


async def test_what_a_server_says_in_between_is_passed_over(body: bytes) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"

    async with server(writes(hints + reply(b"[1]"))) as url, transport() as door:
        response = await door.send(Request("PUT", url, {}, body))

    assert (response.status, response.body) == (200, b"[1]")


async def test_an_answer_may_end_with_its_connection(body: bytes) -> None:
    async def handle(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n[1]")
        writer.close()

    async with server(handle) as url, transport() as door:
        response = await door.send(Request("PUT", url, {}, body))

    assert response.body == b"[1]"
