"""A Planhat that repeats the whole request in its answers, on a socket."""

from __future__ import annotations

import html
import json
from base64 import b64encode
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

COMPANY: Final = {"_id": "65f1c0ffee65f1c0ffee65f1", "name": "Acme Ltd", "externalId": "acme"}


def _errors(head: str, body: str) -> str:
    """Tell it as the errors of a bulk upsert, beside the items."""
    try:
        items = json.loads(body) if body else []
    except ValueError:
        items = []
    entries = [{"message": f"{body} {head}", "item": item} for item in items or [{}]]
    return json.dumps({"created": 0, "updated": 0, "nonupdates": 0, "createdErrors": entries})


SHAPES: Final[dict[str, Callable[[str, str], str]]] = {
    "head first": lambda head, body: json.dumps({"message": f"{head} {body}"}),
    "body first": lambda head, body: json.dumps({"error": {"message": f"{body} {head}"}}),
    "errors": _errors,
    "text": lambda head, body: f"Refused: {head} {body}",
    "text of the body": lambda _head, body: f"Refused: {body}",
    "page": lambda head, body: f"<html><body><pre>{html.escape(head + body)}</pre></body></html>",
    "escaped": lambda head, body: json.dumps({"message": quote(f"{body[:60]} {head}", safe="")}),
    "JSON in JSON": lambda head, body: json.dumps({"message": json.dumps([body[:90], head])}),
    "base64": lambda head, body: json.dumps(
        {"error": b64encode(f"{head} {body}".encode()).decode()}
    ),
    "in capitals": lambda head, body: json.dumps({"msg": f"{body[:80]} {head}".upper()}),
    "cut": lambda head, body: json.dumps({"reason": f"...{head[-40:]} ...{body[20:95]}"}),
    "huge": lambda head, body: json.dumps({"detail": f"{body} {head} " * 3000}),
    "torn": lambda head, body: json.dumps({"message": f"{head} {body}"})[:-20],
    "controls": lambda head, body: json.dumps({"message": f"\x1b]0;{body[:60]}\x07\r\n{head}"}),
}
STATUSES: Final = (200, 206, 400, 401, 403, 404, 409, 422, 429, 500, 503)


class EchoingPlanhat:
    """Answers as told: by default as it should, else by repeating what it got."""

    def __init__(self) -> None:
        self.url = ""
        self.status: int | None = None
        self.shape = "head first"
        self.echoes_reads = False
        self.asked: Counter[tuple[str, int | None, str]] = Counter()

    def echo(self, status: int, shape: str, *, reads: bool = False) -> None:
        """Repeat each request from now on; reads too, if told."""
        self.status, self.shape, self.echoes_reads = status, shape, reads

    def behave(self) -> None:
        """Answer as Planhat does."""
        self.status, self.echoes_reads = None, False

    async def answer(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode("utf-8", "replace")
        self.asked[request.method, self.status, self.shape] += 1
        is_read = request.method == "GET"
        if self.status is None or (is_read and not self.echoes_reads):
            found = _read(request.path) if is_read else _written(body)
            return web.json_response(found)
        head = f"{request.method} {request.raw_path} {dict(request.headers)}"
        # What names the company makes us doubt it, and ask for a minute (docs/decisions/0017).
        text = SHAPES[self.shape](head.replace("compan", "firm"), body.replace("compan", "firm"))
        return web.Response(status=self.status, text=text, headers={"X-Echo": quote(head)})


def _read(path: str) -> list[dict[str, Any]]:
    return [COMPANY] if "companies" in path else []


def _written(body: str) -> dict[str, Any]:
    """Take all; the keys are repeated, as Planhat does it."""
    items = json.loads(body)
    keys = [{**item, "_id": f"{at:024x}"} for at, item in enumerate(items)]
    return {"created": len(items), "updated": 0, "nonupdates": 0, "insertsKeys": keys}


@asynccontextmanager
async def echoing() -> AsyncIterator[EchoingPlanhat]:
    planhat = EchoingPlanhat()
    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{tail:.*}", planhat.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    planhat.url = f"http://{host}:{port}"
    try:
        yield planhat
    finally:
        await runner.cleanup()
