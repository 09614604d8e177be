"""What tests and people ask of the sandbox itself, under /sandbox; not counted as requests."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from planhat_client.sandbox.faults import Fault
from planhat_client.sandbox.page import page
from planhat_client.sandbox.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planhat_client.sandbox.sandbox import Sandbox

_LOG_ROWS: Final = 1_000


class Control:
    """Handlers of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Look at this one, and change it."""
        self._sandbox = sandbox

    def routes(self) -> list[web.RouteDef]:
        """All routes under /sandbox."""
        return [
            web.get("/sandbox", self.page),
            web.get("/sandbox/state", self.state),
            web.get("/sandbox/requests", self.requests),
            web.get("/sandbox/writes", self.writes),
            web.get("/sandbox/faults", self.faults),
            web.post("/sandbox/faults", self.add_faults),
            web.put("/sandbox/faults", self.replace_faults),
            web.delete("/sandbox/faults", self.clear_faults),
            web.post("/sandbox/reset", self.reset),
            web.put("/sandbox/users", self.seed_users),
            web.put("/sandbox/token", self.rotate_token),
        ]

    async def page(self, _request: web.Request) -> web.Response:
        """Show the state to a person."""
        return web.Response(text=page(self._sandbox), content_type="text/html")

    async def state(self, request: web.Request) -> web.Response:
        """Give counters and, unless `full=0`, all that is stored."""
        report = self._sandbox.report()
        if request.query.get("full") != "0":
            report |= self._sandbox.contents()
        return _json(report)

    async def requests(self, request: web.Request) -> web.Response:
        """Give the last `limit` requests, the oldest of them first."""
        return _json(_last(self._sandbox.witness.requests, request))

    async def writes(self, request: web.Request) -> web.Response:
        """Give the last `limit` writes, if wanted only of one `resource`, `id` or `key`."""
        wanted = {name: request.query.get(name) for name in ("resource", "id", "key")}
        writes = (write._asdict() for write in self._sandbox.witness.writes)

        def is_wanted(write: dict[str, Any]) -> bool:
            return all(value in (None, write[name]) for name, value in wanted.items())

        return _json(_last(filter(is_wanted, writes), request))

    async def faults(self, _request: web.Request) -> web.Response:
        """Tell what is switched on."""
        sandbox = self._sandbox
        return _json({"faults": sandbox.faults.report(), "refusals": sandbox.refusals.report()})

    async def add_faults(self, request: web.Request) -> web.Response:
        """Switch on `faults` and `refusals`; 400 names what is wrong with them."""
        return await self._switch(request, is_replacing=False)

    async def replace_faults(self, request: web.Request) -> web.Response:
        """Switch all off, then these on."""
        return await self._switch(request, is_replacing=True)

    async def clear_faults(self, request: web.Request) -> web.Response:
        """Switch all off."""
        self._sandbox.faults.clear()
        self._sandbox.refusals.clear()
        return await self.faults(request)

    async def reset(self, _request: web.Request) -> web.Response:
        """Forget everything but the tokens."""
        self._sandbox.reset()
        return _json({"reset": True})

    async def seed_users(self, request: web.Request) -> web.Response:
        """Replace Planhat's users by those in the body."""
        users = await _body(request)
        if not isinstance(users, list) or not all(isinstance(user, dict) for user in users):
            return _json("The body should be an array of users", 400)
        self._sandbox.seed_users(users)
        return _json(self._sandbox.state.users)

    async def rotate_token(self, request: web.Request) -> web.Response:
        """Accept only `tokens` from now on; none at all: any is good."""
        document = await _body(request)
        tokens = document.get("tokens") if isinstance(document, dict) else None
        if not isinstance(tokens, list) or not all(isinstance(each, str) for each in tokens):
            return _json('The body should be {"tokens": ["..."]}', 400)
        self._sandbox.tokens = frozenset(tokens)
        return _json({"tokens": len(tokens)})

    async def _switch(self, request: web.Request, *, is_replacing: bool) -> web.Response:
        try:
            faults, refusals = _switches(await _body(request))
        except ValueError as error:
            return _json(str(error), 400)
        sandbox = self._sandbox
        if is_replacing:
            sandbox.faults.clear()
            sandbox.refusals.clear()
        sandbox.faults.add(faults, time.monotonic())
        sandbox.refusals.add(refusals)
        return await self.faults(request)


def _switches(document: object) -> tuple[list[Fault], list[Refusal]]:
    if not isinstance(document, dict) or set(document) - {"faults", "refusals"}:
        raise ValueError('the body should be {"faults": [...], "refusals": [...]}')
    return (
        [Fault.from_json(each) for each in document.get("faults", [])],
        [Refusal.from_json(each) for each in document.get("refusals", [])],
    )


async def _body(request: web.Request) -> Any:  # noqa: ANN401 - JSON
    try:
        return orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        return None


def _last(rows: Iterable[Any], request: web.Request) -> list[Any]:
    limit = request.query.get("limit", "")
    return list(deque(rows, maxlen=int(limit) if limit.isdecimal() else _LOG_ROWS))


def _json(document: Any, status: int = 200) -> web.Response:  # noqa: ANN401 - JSON
    return web.Response(body=orjson.dumps(document), status=status, content_type="application/json")
