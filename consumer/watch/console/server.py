"""The console's page and its JSON, as routes for the server of the probes."""

from __future__ import annotations

import asyncio
import hmac
import socket
import time
from base64 import b64decode
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import orjson
from aiohttp import web

from consumer.clock import loop_time
from consumer.log import cleaner
from consumer.watch.console.answer import answer
from consumer.watch.console.callers import Caller, Tries, refusal
from consumer.watch.console.door import EXPLAIN, QUESTIONS
from consumer.watch.console.explaining import LARGEST_MESSAGE, TooMuch, explained
from consumer.watch.console.state import state
from consumer.watch.personal import Shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from consumer.watch.console.view import View
    from consumer.watch.outcomes.outcomes import Steps

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
_BODY_SECONDS: Final = 10.0
_TURN_SECONDS: Final = 0.002
_TOO_LARGE: Final = f"The message is larger than {LARGEST_MESSAGE // 1024} KiB"
_TOO_OFTEN: Final = "Too many wrong passwords: wait ten seconds"
_MOST_BODIES: Final = 8
MOST_WAITING: Final = 8
_LONGEST_WAIT: Final = 5.0
_KINDS: Final = {408: "too slow", 413: "too large", 415: "not JSON"}

Found = TypeVar("Found")


class Console:
    """Answers who asks; asks for a password first, if one is set."""

    def __init__(self, view: View, note: Callable[[str], None]) -> None:
        """Read the page's files, and nothing else yet; `note` is told why a request was refused."""
        self._view = view
        self._note = note
        own, given = socket.gethostname().lower(), view.settings.http.allowed_hosts
        # A pod of a set is `hull-planhat-0.hull-planhat.crm.svc`: itself, and its Service.
        self._names = {own, *given, *(f"{own}.{name}" for name in given)}
        self._looks, self._explains = _Turns(), _Turns()
        self._bodies = asyncio.Semaphore(_MOST_BODIES)
        self._tries = Tries()
        keeps_personal = view.settings.log.pii
        clean = cleaner(keeps_emails=keeps_personal).text
        self._shown = Shown(clean, keeps_personal=keeps_personal, rules=view.rules)
        self._files = {
            path: (web_type, (_PAGE / name).read_text("utf-8"))
            for path, (name, web_type) in _FILES.items()
        }

    def handlers(self) -> dict[str, Handler]:
        """What answers at each path."""
        state_path, outcomes_path = QUESTIONS
        return {
            **{path: self._guarded(self._file, is_page=True) for path in self._files},
            state_path: self._guarded(self._state),
            outcomes_path: self._guarded(self._outcomes),
            EXPLAIN: self._guarded(self._explain),
        }

    async def _file(self, request: web.Request) -> web.Response:
        web_type, text = self._files[request.path]
        return web.Response(
            text=text, content_type=web_type, headers={"Content-Security-Policy": _POLICY}
        )

    async def _state(self, _request: web.Request) -> web.Response:
        async with self._looks.next():
            return _json(self._shown.value(state(self._view, loop_time(), time.time())))

    async def _outcomes(self, request: web.Request) -> web.Response:
        query = request.query.get("query", "")[:_LONGEST_QUERY]
        async with self._looks.next():
            return _json(await _in_turns(answer(self._view, query, self._shown, loop_time())))

    async def _explain(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json" or "Content-Encoding" in request.headers:
            raise _Refused(415, "Send the message as application/json")
        message = await _body(request, self._bodies)
        async with self._explains.next():
            try:
                # It takes up to a second: beside the loop, with which it shares the processor.
                found = await asyncio.to_thread(explained, message, self._view, self._shown)
            except TooMuch as error:
                raise _Refused(413, str(error)) from None
        return web.Response(body=found, content_type="application/json")

    def _guarded(self, handler: Handler, *, is_page: bool = False) -> Handler:
        """Let in who comes by a name of ours, and knows name and password if they are set."""

        async def guarded(request: web.Request) -> web.Response:
            try:
                self._check_caller(request, is_page=is_page)
                self._check_password(request)
                return await handler(request)
            except _Refused as refused:
                self._note(refused.kind)
                return refused.answer()

        return guarded

    def _check_caller(self, request: web.Request, *, is_page: bool) -> None:
        headers = request.headers
        hosts = set(headers.getall("Host", ()))
        if request.rel_url.absolute:  # the host that the request line names must be the same
            hosts.add(request.rel_url.authority)
        caller = Caller(
            hosts.pop() if len(hosts) == 1 else "",
            ",".join(headers.getall("Origin", ())),
            headers.get("Sec-Fetch-Site", ""),
            headers.get("Sec-Fetch-Mode", ""),
        )
        why = refusal(caller, self._names, is_page=is_page)
        if why is not None:
            raise _Refused(403, why, "foreign")

    def _check_password(self, request: web.Request) -> None:
        http = self._view.settings.http
        username, password = http.username, http.password
        if not username or password is None:
            return
        given = request.headers.get("Authorization")
        now, address = loop_time(), request.remote or ""
        if given is not None:
            if not self._tries.may_try(address, now):
                raise _Refused(429, _TOO_OFTEN, "too many passwords", headers={"Retry-After": "10"})
            if is_let_in(given, username, password()):
                return
            self._tries.note_wrong(address, now)
        ask = {"WWW-Authenticate": 'Basic realm="hull-planhat", charset="UTF-8"'}
        kind = "no password" if given is None else "wrong password"
        raise _Refused(401, "Name and password required", kind, headers=ask)


class _Refused(Exception):
    """A request is not answered, and why."""

    def __init__(
        self, status: int, text: str, kind: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.kind = kind or _KINDS.get(status, "busy")
        self._status = status
        self._text = text
        self._headers = headers

    def answer(self) -> web.Response:
        return _json({"error": self._text}, self._status, self._headers)


class _Turns:
    """Lets those that ask in, one after the other; a few wait for a moment."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = asyncio.Semaphore(MOST_WAITING)

    @asynccontextmanager
    async def next(self) -> AsyncIterator[None]:
        if self._waiting.locked():
            raise _busy()
        async with self._waiting:
            try:
                async with asyncio.timeout(_LONGEST_WAIT):
                    await self._turn.acquire()
            except TimeoutError:
                raise _busy() from None
        try:
            yield
        finally:
            self._turn.release()


def _busy() -> _Refused:
    return _Refused(503, "Others are asking: try again in a moment", headers={"Retry-After": "1"})


async def _body(request: web.Request, reading: asyncio.Semaphore) -> bytes:
    """Read a body whole: of a bounded size, a few at once, in a bounded time."""
    if (request.content_length or 0) > LARGEST_MESSAGE:
        raise _Refused(413, _TOO_LARGE)
    if reading.locked():
        raise _busy()
    found = bytearray()
    try:
        async with reading, asyncio.timeout(_BODY_SECONDS):
            async for piece in request.content.iter_any():
                found += piece
                if len(found) > LARGEST_MESSAGE:
                    raise _Refused(413, _TOO_LARGE)
    except TimeoutError:
        raise _Refused(408, f"The message took longer than {_BODY_SECONDS:g} s") from None
    return bytes(found)


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
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return cast("Found", done.value)
        if time.perf_counter() > until:
            await asyncio.sleep(0)
            until = time.perf_counter() + _TURN_SECONDS


def _json(
    found: Any,  # noqa: ANN401 - plain JSON of any shape
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> web.Response:
    return web.Response(
        body=orjson.dumps(found), status=status, headers=headers, content_type="application/json"
    )
