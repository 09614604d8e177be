"""One record at a time: create, update, read, delete, and lists ("Planhat Models")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from planhat_client.sandbox.reply import NOT_FOUND, Reply, json_reply
from planhat_client.sandbox.shapes import Why
from planhat_client.sandbox.work import Ready, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from planhat_client.sandbox.bulk import Upsert
    from planhat_client.sandbox.faults import Switch
    from planhat_client.sandbox.models import Item, Model
    from planhat_client.sandbox.sandbox import Sandbox

_DEFAULT_ROWS: Final = 100
_FILTERS: Final = ("companyId", "email", "externalId", "sourceId", "status", "phase", "archived")


class SingleWork:
    """A create or update of one record; the answer is the whole record."""

    size = 1

    def __init__(self, sandbox: Sandbox, upsert: Upsert) -> None:
        """`upsert` has arrived, with one item."""
        self._sandbox = sandbox
        self._upsert = upsert

    def finish(self, hit: Switch | None) -> Reply:  # noqa: ARG002 - as the protocol wants
        """Apply it; a refusal is answered 400 with a text."""
        sandbox, upsert = self._sandbox, self._upsert
        resource = upsert.model.name
        if rule := sandbox.refusals.request(resource, upsert.items):
            return json_reply(rule.message, rule.status)
        refused = sandbox.refusals.items(resource, upsert.items)
        result = sandbox.upserts.apply(upsert, refused)
        if result.failures:
            return json_reply(result.failures[0].message, 400)
        records = result.created + result.updated
        record = records[0] if records else upsert.targets[0].record
        return json_reply(record or {})

    def release(self) -> None:
        """Let go of the record."""
        self._sandbox.upserts.release(self._upsert)


def create(sandbox: Sandbox, model: Model, body: bytes, has_left: Callable[[], bool]) -> Work:
    """Create a record; keys that another has are refused, an e-mail address may be taken twice."""
    item = _object(body)
    if item is None:
        return Ready(lambda: json_reply("The body should be an object", 400))
    upsert = sandbox.upserts.arrive(model, [item], has_left)
    if upsert.targets[0].record is not None:
        if any(item.get(key) for key in ("_id", "sourceId", "externalId")):
            upsert.failing.setdefault(0, Why("externalId duplicated"))
        upsert.targets[0].record = None
    return SingleWork(sandbox, upsert)


def update(
    sandbox: Sandbox, model: Model, address: str, body: bytes, has_left: Callable[[], bool]
) -> Work:
    """Update the record at an address: an `_id`, extid-... or srcid-...."""
    item = _object(body)
    if item is None:
        return Ready(lambda: json_reply("The body should be an object", 400))
    if "_id" in item:
        return Ready(lambda: json_reply("_id can not be updated", 400))
    found = sandbox.state.matcher.addressed(model, address)
    if len(found) != 1:
        return Ready(lambda: _no_single(found))
    addressed = item | {"_id": found[0]["_id"]}
    return SingleWork(sandbox, sandbox.upserts.arrive(model, [addressed], has_left))


def read(sandbox: Sandbox, model: Model, address: str) -> Reply:
    """Give one record as a whole."""
    found = sandbox.state.matcher.addressed(model, address)
    return json_reply(found[0]) if len(found) == 1 else _no_single(found)


def delete(sandbox: Sandbox, model: Model, address: str) -> Reply:
    """Delete one record."""
    found = sandbox.state.matcher.addressed(model, address)
    if len(found) != 1:
        return _no_single(found)
    sandbox.state.delete(model, found[0])
    return json_reply({"n": 1, "ok": 1, "deletedCount": 1})


def rows(sandbox: Sandbox, model: Model, query: Mapping[str, str]) -> Reply:
    """Give a page of records, with few of their fields unless `select` names others."""
    found = [each for each in sandbox.state.records[model.name] if _passes(each, query)]
    fields = tuple(query["select"].split(",")) if "select" in query else model.row_fields
    if "sort" in query:
        name = query["sort"].lstrip("-")
        found.sort(key=lambda each: str(each.get(name, "")), reverse=query["sort"][:1] == "-")
    wanted = {"_id", *fields}
    return _page(
        [{name: value for name, value in each.items() if name in wanted} for each in found],
        query,
        model.most_rows,
    )


def lean_companies(sandbox: Sandbox, query: Mapping[str, str]) -> Reply:
    """Give all companies in short; externalId and sourceId may be empty."""
    names = ("_id", "name", "externalId", "sourceId")
    companies = sandbox.state.records["companies"]
    return json_reply(
        [{name: each.get(name, "") for name in names} for each in companies if _passes(each, query)]
    )


def users(sandbox: Sandbox, query: Mapping[str, str]) -> Reply:
    """Give Planhat's users."""
    found = [each for each in sandbox.state.users if _passes(each, query)]
    return _page(found, query, 10_000)


def _page(found: Iterable[Item], query: Mapping[str, str], most: int) -> Reply:
    limit = min(_number(query, "limit", _DEFAULT_ROWS), most)
    offset = _number(query, "offset", 0)
    return json_reply(list(found)[offset : offset + limit])


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name, "")
    return int(value) if value.isdecimal() else default


def _passes(record: Item, query: Mapping[str, str]) -> bool:
    return all(
        str(record.get(name, "")) in query[name].split(",") for name in _FILTERS if name in query
    )


def _no_single(found: list[Item]) -> Reply:
    return json_reply("The id is not unique", 400) if found else NOT_FOUND


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        item = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return item if isinstance(item, dict) else None
