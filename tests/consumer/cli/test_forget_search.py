"""The search of `forget` where a tenant answers its questions in other ways than a sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from consumer.cli.forget.calls import Calls, Stopped, until
from consumer.cli.forget.search import Search
from consumer.forget.names import Name, name
from planhat_client.client import Endpoints, Planhat
from planhat_client.errors import PlanhatRejected
from planhat_client.limiter import Limiter
from planhat_client.protocol import Request, Response

ANN = {"_id": "5a01", "externalId": "u-1", "email": "Ann@example.com"}
BOB = {"_id": "5a02", "externalId": "u-2", "email": "bob@example.com"}
EMAIL = name("email", "ann@example.com")


@dataclass
class Tenant:
    """Answers by `say`, which is given the path and the query."""

    say: Callable[[str, dict[str, list[str]]], tuple[int, object]]
    asked: list[str] = field(default_factory=list)

    async def send(self, request: Request) -> Response:
        url = urlsplit(request.url)
        self.asked.append(url.path)
        status, document = self.say(url.path, parse_qs(url.query))
        return Response(status, {}, orjson.dumps(document))

    async def close(self) -> None:
        """Nothing is open."""


def search(tenant: Tenant, *, reads_all: bool = False) -> Search:
    api = Planhat(tenant, Endpoints("http://p", "http://p", "t"), lambda: "token")
    calls = Calls(Limiter(100_000, 1000), asyncio.Event())
    return Search(api.endusers, calls, reads_all=reads_all)


async def ids(looking: Search, *names: Name) -> list[list[str]]:
    found = await looking.find(names)
    return [[row.id for row in found[one]] for one in names]


async def test_a_filter_that_is_refused_is_made_up_for_by_reading_all() -> None:
    def say(path: str, query: dict[str, list[str]]) -> tuple[int, object]:
        if "offset" in query:
            return 200, [] if "archived" in query else [ANN, BOB]
        return (400, "unknown filter") if path == "/endusers" else (404, "Not found")

    found = await ids(search(Tenant(say)), EMAIL, Name("external_id", "u-2"))

    assert found == [["5a01"], ["5a02"]]


async def test_an_id_that_is_refused_costs_only_itself() -> None:
    def say(path: str, _: dict[str, list[str]]) -> tuple[int, object]:
        return (200, ANN) if path.endswith("/5a01") else (400, "Cast to ObjectId failed")

    looking, bad = search(Tenant(say)), Name("planhat_id", "bad")

    assert await ids(looking, bad, Name("planhat_id", "5a01")) == [[], ["5a01"]]
    assert looking.refused == {bad: "400 Cast to ObjectId failed"}


async def test_who_was_found_by_a_filter_that_others_show_to_be_none_is_looked_for_once_more() -> (
    None
):
    lists = iter([[], [], [BOB, ANN]])

    def say(_: str, query: dict[str, list[str]]) -> tuple[int, object]:
        if "offset" in query:
            return 200, [] if "archived" in query else [ANN, BOB]
        return 200, next(lists)

    found = await ids(search(Tenant(say)), EMAIL, name("email", "bob@example.com"))

    assert found == [["5a01"], ["5a02"]]


async def test_a_list_that_does_not_go_on_is_no_list_of_all() -> None:
    page = [{"_id": str(at)} for at in range(2000)]

    with pytest.raises(PlanhatRejected, match="does not go on"):
        await ids(search(Tenant(lambda *_: (200, page)), reads_all=True), EMAIL)


async def test_no_more_is_asked_once_it_is_stopped() -> None:
    tenant = Tenant(lambda *_: (200, []))
    looking = search(tenant)
    looking._calls._stop.set()

    with pytest.raises(Stopped):
        await ids(looking, EMAIL)
    assert tenant.asked == []


async def test_what_takes_long_is_given_up_when_it_is_stopped() -> None:
    stop, never = asyncio.Event(), asyncio.Event()
    waiting = asyncio.create_task(until(stop, never.wait()))
    await asyncio.sleep(0)

    stop.set()

    with pytest.raises(Stopped):
        await waiting
    assert await until(asyncio.Event(), asyncio.sleep(0, 7)) == 7
