"""Planhat's endpoints: which path and method ask for which work."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from aiohttp import web

from planhat_client.sandbox import work
from planhat_client.sandbox.activities import BULK, SINGLE, Names
from planhat_client.sandbox.http.door import has_left
from planhat_client.sandbox.models import MODELS, Model
from planhat_client.sandbox.work import Work, ready

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from planhat_client.sandbox.http.door import Door, Operation
    from planhat_client.sandbox.sandbox import Sandbox

    _Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(sandbox: Sandbox, door: Door) -> list[web.RouteDef]:
    """Give all routes of one sandbox, the analytics host's among them."""

    def lean(request: web.Request, _: bytes) -> Work:
        return ready(lambda: work.lean_companies(sandbox, request.query))

    def users(request: web.Request, _: bytes) -> Work:
        return ready(lambda: work.users(sandbox, request.query))

    return [
        *(route for model in MODELS.values() for route in _model_routes(sandbox, door, model)),
        web.get("/leancompanies", _asking(door, "leancompanies", lean)),
        web.get("/users", _asking(door, "users", users)),
        web.post("/analytics/bulk/{tenant}", _taking(sandbox, door, BULK, is_bulk=True)),
        web.post("/analytics/{tenant}", _taking(sandbox, door, SINGLE, is_bulk=False)),
    ]


def _model_routes(sandbox: Sandbox, door: Door, model: Model) -> list[web.RouteDef]:
    """The common pattern of all models."""

    def upsert(request: web.Request, body: bytes) -> Work:
        return work.bulk_work(sandbox, model, body, lambda: has_left(request))

    def read(request: web.Request, _: bytes) -> Work:
        return ready(lambda: work.read(sandbox, model, request.match_info["id"]))

    def delete(request: web.Request, _: bytes) -> Work:
        return ready(lambda: work.delete(sandbox, model, request.match_info["id"]))

    def rows(request: web.Request, _: bytes) -> Work:
        return ready(lambda: work.rows(sandbox, model, request.query))

    many, one = f"/{model.name}", f"/{model.name}/{{id}}"
    return [
        web.put(many, _asking(door, model.name, upsert)),
        web.get(many, _asking(door, model.name, rows)),
        web.get(one, _asking(door, model.name, read)),
        web.delete(one, _asking(door, model.name, delete)),
    ]


def _taking(sandbox: Sandbox, door: Door, names: Names, *, is_bulk: bool) -> _Handler:
    def take(request: web.Request, body: bytes) -> Work:
        is_known = sandbox.options.tenant in (None, request.match_info["tenant"])
        return work.event_work(sandbox, body if is_known else b"", names, is_bulk=is_bulk)

    return _asking(door, "activities", take, is_open=True)


def _asking(door: Door, resource: str, operate: Operation, *, is_open: bool = False) -> _Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await door.answer(request, resource, operate, is_open=is_open)

    return handle
