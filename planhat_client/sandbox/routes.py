"""Planhat's endpoints: which path and method ask for which work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from planhat_client.sandbox import single
from planhat_client.sandbox.activities import BULK, SINGLE, Names
from planhat_client.sandbox.door import has_left
from planhat_client.sandbox.models import MODELS, Model
from planhat_client.sandbox.work import Ready, Work, bulk_work, event_work

if TYPE_CHECKING:
    from planhat_client.sandbox.door import Door, Operation
    from planhat_client.sandbox.sandbox import Sandbox


class _Handler(Protocol):
    async def __call__(self, request: web.Request, /) -> web.StreamResponse: ...


def routes(sandbox: Sandbox, door: Door) -> list[web.RouteDef]:
    """Give all routes of one sandbox, the analytics host's among them."""
    found = []
    for model in MODELS.values():
        found += _ModelRoutes(sandbox, door, model).routes()
    return found + _other_routes(sandbox, door)


class _ModelRoutes:
    """The common pattern of all models."""

    def __init__(self, sandbox: Sandbox, door: Door, model: Model) -> None:
        self._sandbox = sandbox
        self._door = door
        self._model = model

    def routes(self) -> list[web.RouteDef]:
        many, one = f"/{self._model.name}", f"/{self._model.name}/{{id}}"
        return [
            web.put(many, self._through(self._upsert)),
            web.post(many, self._through(self._create)),
            web.get(many, self._through(self._rows)),
            web.put(one, self._through(self._update)),
            web.get(one, self._through(self._read)),
            web.delete(one, self._through(self._delete)),
        ]

    def _through(self, operate: Operation) -> _Handler:
        async def handle(request: web.Request, /) -> web.StreamResponse:
            return await self._door.model(request, self._model.name, operate)

        return handle

    def _upsert(self, request: web.Request, body: bytes) -> Work:
        return bulk_work(self._sandbox, self._model, body, lambda: has_left(request))

    def _create(self, request: web.Request, body: bytes) -> Work:
        return single.create(self._sandbox, self._model, body, lambda: has_left(request))

    def _update(self, request: web.Request, body: bytes) -> Work:
        address = request.match_info["id"]
        return single.update(self._sandbox, self._model, address, body, lambda: has_left(request))

    def _read(self, request: web.Request, _: bytes) -> Work:
        return Ready(lambda: single.read(self._sandbox, self._model, request.match_info["id"]))

    def _delete(self, request: web.Request, _: bytes) -> Work:
        return Ready(lambda: single.delete(self._sandbox, self._model, request.match_info["id"]))

    def _rows(self, request: web.Request, _: bytes) -> Work:
        return Ready(lambda: single.rows(self._sandbox, self._model, request.query))


def _other_routes(sandbox: Sandbox, door: Door) -> list[web.RouteDef]:
    async def lean(request: web.Request) -> web.StreamResponse:
        ready = Ready(lambda: single.lean_companies(sandbox, request.query))
        return await door.model(request, "leancompanies", lambda *_: ready)

    async def users(request: web.Request) -> web.StreamResponse:
        ready = Ready(lambda: single.users(sandbox, request.query))
        return await door.model(request, "users", lambda *_: ready)

    return [
        web.get("/leancompanies", lean),
        web.get("/users", users),
        web.post("/analytics/bulk/{tenant}", _taking(sandbox, door, BULK, is_bulk=True)),
        web.post("/analytics/{tenant}", _taking(sandbox, door, SINGLE, is_bulk=False)),
    ]


def _taking(sandbox: Sandbox, door: Door, names: Names, *, is_bulk: bool) -> _Handler:
    def work(request: web.Request, body: bytes) -> Work:
        is_known = sandbox.options.tenant in (None, request.match_info["tenant"])
        return event_work(sandbox, body if is_known else b"", names, is_bulk=is_bulk)

    async def handle(request: web.Request, /) -> web.StreamResponse:
        return await door.sink(request, "activities", work)

    return handle
