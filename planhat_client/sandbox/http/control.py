"""What tests and people ask of the sandbox itself, under /sandbox; not counted as requests."""

from __future__ import annotations

import time
from collections import deque
from functools import partial
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from planhat_client.sandbox.faults import Fault, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planhat_client.sandbox.sandbox import Sandbox

_LOG_ROWS: Final = 1_000
_SHOWN_ROWS: Final = 25
_LONGEST: Final = 300
_HEAD: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Sandbox Planhat</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
pre { font-size: 13px; white-space: pre-wrap; overflow-wrap: anywhere; }
</style></head><body><h1>Sandbox Planhat</h1>
<p>A local stand-in for Planhat's API. The same as JSON:
<a href="/sandbox/state?full=0">counters</a>, <a href="/sandbox/state">all</a>,
<a href="/sandbox/requests">requests</a>, <a href="/sandbox/writes">writes</a>.</p>
"""


def control_routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """All routes under /sandbox."""
    return [
        web.route(method, path, partial(handle, sandbox))
        for method, path, handle in (
            ("GET", "/sandbox", _page),
            ("GET", "/sandbox/state", _state),
            ("GET", "/sandbox/requests", _requests),
            ("GET", "/sandbox/writes", _writes),
            ("GET", "/sandbox/faults", _faults),
            ("POST", "/sandbox/faults", _switch),
            ("PUT", "/sandbox/faults", _switch),
            ("DELETE", "/sandbox/faults", _clear_faults),
            ("POST", "/sandbox/reset", _reset),
            ("PUT", "/sandbox/users", _seed_users),
            ("PUT", "/sandbox/customfields", _seed_fields),
            ("PUT", "/sandbox/records", _seed_records),
            ("PUT", "/sandbox/token", _rotate_token),
        )
    ]


async def _page(sandbox: Sandbox, _: web.Request) -> web.Response:
    text = _HEAD + _section("Counters", [sandbox.report()], orjson.OPT_INDENT_2)
    for name, documents in sandbox.contents().items():
        newest = documents if name in sandbox.state.records else reversed(documents)
        text += _section(name.capitalize(), newest)
    return web.Response(text=text, content_type="text/html")


async def _state(sandbox: Sandbox, request: web.Request) -> web.Response:
    is_full = request.query.get("full") != "0"
    return _json(sandbox.report() | (sandbox.contents() if is_full else {}))


async def _requests(sandbox: Sandbox, request: web.Request) -> web.Response:
    return _json(_last(sandbox.witness.requests, request))


async def _writes(sandbox: Sandbox, request: web.Request) -> web.Response:
    names = [name for name in ("resource", "id", "key") if name in request.query]
    wanted = [request.query[name] for name in names]
    writes = (write._asdict() for write in sandbox.witness.writes)
    return _json(_last((each for each in writes if [each[n] for n in names] == wanted), request))


async def _faults(sandbox: Sandbox, _: web.Request) -> web.Response:
    return _json(sandbox.switches())


async def _switch(sandbox: Sandbox, request: web.Request) -> web.Response:
    """Add faults and refusals; with PUT, in place of those that are on."""
    document = await _body(request)
    if not isinstance(document, dict) or set(document) - {"faults", "refusals"}:
        return _json('the body should be {"faults": [...], "refusals": [...]}', 400)
    try:
        faults = [Fault.from_json(each) for each in document.get("faults", [])]
        refusals = [Refusal.from_json(each) for each in document.get("refusals", [])]
    except ValueError as error:
        return _json(str(error), 400)
    if request.method == "PUT":
        await _clear_faults(sandbox, request)
    sandbox.faults.add(faults, time.monotonic())
    sandbox.refusals += refusals
    return await _faults(sandbox, request)


async def _clear_faults(sandbox: Sandbox, request: web.Request) -> web.Response:
    sandbox.faults.clear()
    sandbox.refusals.clear()
    return await _faults(sandbox, request)


async def _reset(sandbox: Sandbox, _: web.Request) -> web.Response:
    sandbox.reset()
    return _json({"reset": True})


async def _seed_users(sandbox: Sandbox, request: web.Request) -> web.Response:
    users = await _body(request)
    if not _are_rows(users):
        return _json("The body should be an array of users", 400)
    sandbox.seed_users(users)
    return _json(sandbox.state.users)


async def _seed_fields(sandbox: Sandbox, request: web.Request) -> web.Response:
    fields = await _body(request)
    if not _are_rows(fields):
        return _json("The body should be an array of custom fields", 400)
    sandbox.seed_fields(fields)
    return _json(sandbox.state.fields)


async def _seed_records(sandbox: Sandbox, request: web.Request) -> web.Response:
    records = await _body(request)
    if not isinstance(records, dict) or not all(map(_are_rows, records.values())):
        return _json('The body should be {"companies": [...], ...}', 400)
    try:
        sandbox.seed_records(records)
    except ValueError as error:
        return _json(str(error), 400)
    return _json({name: len(rows) for name, rows in records.items()})


def _are_rows(document: object) -> bool:
    return isinstance(document, list) and all(isinstance(row, dict) for row in document)


async def _rotate_token(sandbox: Sandbox, request: web.Request) -> web.Response:
    document = await _body(request)
    tokens = document.get("tokens") if isinstance(document, dict) else None
    if not isinstance(tokens, list) or not all(isinstance(each, str) for each in tokens):
        return _json('The body should be {"tokens": ["..."]}', 400)
    sandbox.tokens = frozenset(tokens)
    return _json({"tokens": len(tokens)})


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


def _section(title: str, documents: Iterable[Any], option: int = 0) -> str:
    shown = [orjson.dumps(each, option=option).decode() for each in islice(documents, _SHOWN_ROWS)]
    cut = "\n".join(each if option else each[:_LONGEST] for each in shown)
    return f"<h2>{title}</h2><pre>{escape(cut or 'None.')}</pre>"
