"""The console's page and its JSON, as routes for the server of the probes."""

from __future__ import annotations

import asyncio
import hmac
import time
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson
from aiohttp import web

from consumer.console.answer import answer
from consumer.console.state import state
from consumer.explain import explain
from consumer.log import cleaner
from consumer.personal import Shown
from consumer.steps import Run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from consumer.console.view import View
    from consumer.steps import Steps

    Handler = Callable[[web.Request], Awaitable[web.Response]]

_PAGE: Final = Path(__file__).parent / "page"
_FILES: Final = {
    "/": ("index.html", "text/html"),
    "/console.css": ("console.css", "text/css"),
    "/console.js": ("console.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_LONGEST_QUERY: Final = 300
_LARGEST_MESSAGE: Final = 512 * 1024
_TURN_SECONDS: Final = 0.002

Found = TypeVar("Found")


class Console:
    """Answers who asks; asks for a password first, if one is set."""

    def __init__(self, view: View) -> None:
        """The page's files are read here and now; nothing is looked at before somebody asks."""
        self._view = view
        keeps_personal = view.settings.log.pii
        clean = cleaner(keeps_emails=keeps_personal).text
        self._shown = Shown(clean, keeps_personal=keeps_personal, rules=view.rules)
        self._files = {
            path: (web_type, (_PAGE / name).read_text("utf-8"))
            for path, (name, web_type) in _FILES.items()
        }

    def routes(self) -> list[web.RouteDef]:
        """What is to be served."""
        return [
            *(web.get(path, self._guarded(self._file)) for path in self._files),
            web.get("/api/state", self._guarded(self._state)),
            web.get("/api/outcomes", self._guarded(self._outcomes)),
            web.post("/api/explain", self._guarded(self._explain)),
        ]

    async def _file(self, request: web.Request) -> web.Response:
        web_type, text = self._files[request.path]
        return web.Response(
            text=text, content_type=web_type, headers={"Content-Security-Policy": _POLICY}
        )

    async def _state(self, _request: web.Request) -> web.Response:
        return _json(self._shown.value(state(self._view, _now(), time.time())))

    async def _outcomes(self, request: web.Request) -> web.Response:
        query = request.query.get("query", "")[:_LONGEST_QUERY]
        return _json(await _in_turns(answer(self._view, query, self._shown, _now())))

    async def _explain(self, request: web.Request) -> web.Response:
        message = await request.read()
        if len(message) > _LARGEST_MESSAGE:
            text = f"The message is larger than {_LARGEST_MESSAGE // 1024} KiB"
            return _json({"error": text}, 413)
        found = explain(message, (), self._view.rules, self._view.known)
        return _json(self._shown.explanation(found.to_json()))

    def _guarded(self, handler: Handler) -> Handler:
        """Let in who knows name and password; everybody, if none is set."""
        http = self._view.settings.http
        username, password = http.username, http.password
        if not username or password is None:
            return handler

        async def guarded(request: web.Request) -> web.Response:
            if is_let_in(request.headers.get("Authorization", ""), username, password()):
                return await handler(request)
            ask = {"WWW-Authenticate": 'Basic realm="hull-planhat", charset="UTF-8"'}
            return web.Response(status=401, text="Name and password, please.\n", headers=ask)

        return guarded


def is_let_in(header: str, username: str, password: str) -> bool:
    """Check a header of basic authentication, in a time that tells nothing of the right answer."""
    kind, _, encoded = header.partition(" ")
    try:
        given = b64decode(encoded, validate=True) if kind.lower() == "basic" else b""
    except ValueError:
        given = b""
    return hmac.compare_digest(given, f"{username}:{password}".encode())


async def _in_turns(steps: Steps[Found]) -> Found:
    """Do the steps, and let the service go on in between: a question must not hold it up."""
    until = time.perf_counter() + _TURN_SECONDS
    run = Run(steps)
    for _ in run:
        if time.perf_counter() > until:
            await asyncio.sleep(0)
            until = time.perf_counter() + _TURN_SECONDS
    return run.found


def _json(found: Any, status: int = 200) -> web.Response:  # noqa: ANN401 - plain JSON of any shape
    return web.Response(body=orjson.dumps(found), status=status, content_type="application/json")


def _now() -> float:
    return asyncio.get_running_loop().time()
