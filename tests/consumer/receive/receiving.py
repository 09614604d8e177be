"""The receiver's parts over real sockets, with a topic that is a list."""

from __future__ import annotations

import asyncio
import io
import json
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from consumer.outbox.letter import Letter
from consumer.receive.bodies import Bodies
from consumer.receive.extracts import Extracts
from consumer.receive.fetch import Fetch
from consumer.receive.flow import Sizes
from consumer.receive.posts import Posts
from consumer.settings.secret import TokenSource
from consumer.watch.metrics import Metrics
from consumer.watch.port.ops import Ops
from tests.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from consumer.receive.keys import Keys

TOKEN = "the-token"
MIB = 1 << 20


@dataclass
class Topic:
    """A topic that takes what it is given, or fails, or waits."""

    records: list[Letter] = field(default_factory=list)
    largest: int = 16 * MIB
    errors: list[Exception] = field(default_factory=list)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.is_open.set()

    async def write(self, letters: Sequence[Letter], _seconds: float) -> set[int]:
        await self.is_open.wait()
        if self.errors:
            raise self.errors.pop(0)
        large = {at for at, one in enumerate(letters) if len(one[1] or b"") > self.largest}
        self.records += [one for at, one in enumerate(letters) if at not in large]
        return large


@dataclass
class Answer:
    status: int
    text: str
    headers: dict[str, str]

    @property
    def document(self) -> Any:  # noqa: ANN401 - any JSON
        return json.loads(self.text)

    @property
    def flow(self) -> Any:  # noqa: ANN401 - any JSON
        return self.document["flow_control"]


@dataclass
class Receiving:
    topic: Topic
    posts: Posts
    metrics: Metrics
    port: int

    async def post(self, body: bytes, path: str = "/smart-notifier", **headers: str) -> Answer:
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"http://127.0.0.1:{self.port}{path}",
                data=io.BytesIO(body),
                headers={name.replace("_", "-"): value for name, value in headers.items()},
            ) as answer,
        ):
            return Answer(answer.status, await answer.text(), dict(answer.headers))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Look again and again: what is waited for happens behind sockets and threads."""
        async with asyncio.timeout(20):
            while not holds():  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.01)

    def counted(self, name: str) -> float:
        lines = self.metrics.text().decode().splitlines()
        start = f"hull_planhat_{name} "
        return sum(float(line.removeprefix(start)) for line in lines if line.startswith(start))


class State:
    def healthy(self) -> tuple[bool, str]:
        return True, ""

    def ready(self) -> tuple[bool, str]:
        return True, ""


@asynccontextmanager
async def receiving(
    keys: Keys | None = None,
    token: str = TOKEN,
    fetch: Fetch | None = None,
    largest: int = MIB,
    pending: int = 4 * MIB,
) -> AsyncIterator[Receiving]:
    topic, metrics = Topic(), Metrics()
    fetch = fetch or Fetch(())
    extracts = Extracts(fetch, topic.write, metrics)
    posts = Posts(
        topic.write,
        Bodies(largest, pending, lambda size: metrics.gauge("receive_pending_bytes", size)),
        Sizes(100, largest),
        keys,
        TokenSource(token) if token else None,
        extracts,
        metrics,
    )
    ops = Ops(State(), metrics, posts.routes())
    await ops.start("127.0.0.1", 0)
    try:
        yield Receiving(topic, posts, metrics, ops.port)
    finally:
        topic.is_open.set()
        await posts.stop(5)
        await extracts.stop()
        await ops.stop()
        await fetch.close()


@dataclass
class Host:
    """A host of Hull's, by HTTPS: path -> what it answers."""

    name: str
    trust: ssl.SSLContext
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    answers: dict[str, web.Response | list[bytes | Exception]] = field(default_factory=dict)

    def url(self, path: str) -> str:
        return f"https://{self.name}{path}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path, await request.text()))
        found = self.answers[request.path]
        if isinstance(found, web.Response):
            return web.Response(status=found.status, body=found.body, headers=dict(found.headers))
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in list(found):
            if isinstance(piece, Exception):
                found.remove(piece)
                assert request.transport is not None
                request.transport.abort()
                break
            await response.write(piece)
        return response


@asynccontextmanager
async def hosted(folder: Path) -> AsyncIterator[Host]:
    authority = Authority()
    authority.issue("host").write(folder)
    (folder / "ca.pem").write_bytes(authority.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    host = Host("", ssl.create_default_context(cafile=str(folder / "ca.pem")))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", host.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    host.name = f"localhost:{runner.addresses[0][1]}"
    try:
        yield host
    finally:
        await runner.cleanup()
