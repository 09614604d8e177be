"""What reads are answered: single records, pages of them, users, custom fields. Pure.

Sources: "List" parameters of each model; page maxima as clients that live off lists know them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from planhat_client.sandbox.answers import Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from planhat_client.sandbox.models import Item, Model
    from planhat_client.sandbox.sandbox import Sandbox

_DEFAULT_ROWS: Final = 100
_MOST_USERS: Final = 10_000
_MOST_FIELDS: Final = 2_000
_FILTERS: Final = ("companyId", "email", "externalId", "sourceId", "status", "phase", "archived")
_NOTHING: Final[dict[str, Any]] = {"null": None, "empty_object": {}, "empty_list": []}


def read(sandbox: Sandbox, model: Model, asked: Mapping[str, str]) -> Reply:
    """Give one record as a whole."""
    found = sandbox.state.matcher.addressed(model, asked["id"])
    if not found and (lingering := sandbox.state.lingers(asked["id"])):
        return json_reply(lingering)
    if len(found) != 1:
        return _no_single(sandbox, found)
    return json_reply(sandbox.state.records[model.name].dated(found[0]))


def delete(sandbox: Sandbox, model: Model, asked: Mapping[str, str]) -> Reply:
    """Delete one record."""
    found = sandbox.state.matcher.addressed(model, asked["id"])
    if len(found) != 1:
        return _no_single(sandbox, found)
    sandbox.state.delete(model, found[0])
    return json_reply({"n": 1, "ok": 1, "deletedCount": 1})


def rows(sandbox: Sandbox, model: Model, asked: Mapping[str, str]) -> Reply:
    """Give a page of records, with few of their fields unless `select` names some.

    Filters by date are no filters: Planhat ignores them in silence.
    """
    records = sandbox.state.records[model.name]
    found: Iterable[Item] = (each for each in records if _is_listed(sandbox, each, asked))
    sort = asked.get("sort", "")
    name = sort.removeprefix("-")
    if name and (name != "updatedAt" or sandbox.dialect.sort_updated == "honoured"):
        dated = map(records.dated, found)
        found = sorted(dated, key=lambda each: _rank(each.get(name)), reverse=sort.startswith("-"))
    page = _page(list(found), asked, _most(sandbox, model.name, model.most_rows))
    names = asked["select"].split(",") if asked.get("select") else model.row_fields
    return json_reply(
        [
            {name: value for name, value in records.dated(each).items() if name in ("_id", *names)}
            for each in page
        ]
    )


def lean_companies(sandbox: Sandbox, model: Model, asked: Mapping[str, str]) -> Reply:
    """Give all companies in short; externalId and sourceId may be empty."""
    names = ("_id", "name", "externalId", "sourceId")
    found = [each for each in sandbox.state.records[model.name] if _passes(each, asked)]
    is_capped = sandbox.dialect.leancompanies == "capped"
    most = _most(sandbox, model.name, model.most_rows) if is_capped else len(found)
    return json_reply([{name: each.get(name, "") for name in names} for each in found[:most]])


def users(sandbox: Sandbox, _: Model, asked: Mapping[str, str]) -> Reply:
    """Give Planhat's users."""
    found = [each for each in sandbox.state.users if _passes(each, asked)]
    return json_reply(_page(found, asked, _most(sandbox, "users", _MOST_USERS)))


def custom_fields(sandbox: Sandbox, _: Model, asked: Mapping[str, str]) -> Reply:
    """Give the tenant's custom fields."""
    most = _most(sandbox, "customfields", _MOST_FIELDS)
    return json_reply(_page(sandbox.state.fields, asked, most))


def _most(sandbox: Sandbox, name: str, usual: int) -> int:
    return sandbox.options.page_rows.get(name, usual)


def _page(found: list[Item], query: Mapping[str, str], most: int) -> list[Item]:
    limit = min(_number(query, "limit", _DEFAULT_ROWS), most)
    offset = _number(query, "offset", 0)
    return found[offset : offset + limit]


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name, "")
    return int(value) if value.isdecimal() else default


def _rank(value: object) -> tuple[bool, float, str]:
    if isinstance(value, int | float):
        return False, value, ""
    return True, 0.0, "" if value is None else str(value)


def _is_listed(sandbox: Sandbox, record: Item, query: Mapping[str, str]) -> bool:
    options = sandbox.options
    is_hidden = options.hides_archived and record.get("archived") is True
    if is_hidden and query.get("archived") != "true":
        return False
    return not options.filters or _passes(record, query)


def _passes(record: Item, query: Mapping[str, str]) -> bool:
    asked = {name: query[name].split(",") for name in _FILTERS if name in query}
    return all(_text(record.get(name, "")) in values for name, values in asked.items())


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _no_single(sandbox: Sandbox, found: list[Item]) -> Reply:
    if found:
        return json_reply("The id is not unique", 400)
    if (answer := sandbox.dialect.missing_record) in _NOTHING:
        return json_reply(_NOTHING[answer])
    return json_reply("Not found", 404)
