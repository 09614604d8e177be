"""The client over a wire that answers as told."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson
import pytest

from planhat_client import (
    Planhat,
    PlanhatError,
    PlanhatRejected,
    PlanhatThrottled,
    PlanhatUnauthorized,
    PlanhatUnavailable,
)
from planhat_client.client import Endpoints
from planhat_client.protocol import Delivered, Halt, Partial, Reject, Request, Response, Retry
from schemas.planhat import BulkResult, LeanCompany, PlanhatUser, Resource
from tests.processor_time import on_this_machine

if TYPE_CHECKING:
    from collections.abc import Callable

TENANT = "1234-abcd"
ENDPOINTS = Endpoints("https://api.example", "https://analytics.example", TENANT)


@dataclass
class FakeWire:
    """Gives its answers in turn, the last one for ever; an error is raised."""

    answers: list[Response | PlanhatUnavailable]
    requests: list[Request] = field(default_factory=list)
    closed: bool = False

    async def send(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, PlanhatUnavailable):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed = True


def response(status: int = 200, document: object = None, **headers: str) -> Response:
    return Response(status, headers, b"" if document is None else orjson.dumps(document))


def planhat(
    *answers: Response | PlanhatUnavailable,
    token: Callable[[], str] = lambda: "token",
    tracks_singly: bool = False,
) -> tuple[Planhat, FakeWire]:
    wire = FakeWire(list(answers))
    return Planhat(wire, ENDPOINTS, token, tracks_singly=tracks_singly), wire


async def test_an_upsert_sends_all_items_in_one_request() -> None:
    client, wire = planhat(response(document={"created": 2}))

    answer = await client.upsert(Resource.COMPANIES, [b'{"name":"a"}', b'{"name":"b"}'])

    assert answer == Delivered(BulkResult(created=2))
    (request,) = wire.requests
    assert (request.method, request.url) == ("PUT", "https://api.example/companies")
    assert orjson.loads(request.body) == [{"name": "a"}, {"name": "b"}]


async def test_the_token_is_asked_for_at_each_request() -> None:
    tokens = iter(["old", "new"])
    client, wire = planhat(response(), token=lambda: next(tokens))

    await client.upsert(Resource.ENDUSERS, [b"{}"])
    await client.upsert(Resource.ENDUSERS, [b"{}"])

    sent = [request.headers["Authorization"] for request in wire.requests]
    assert sent == ["Bearer old", "Bearer new"]


async def test_a_network_that_fails_means_to_try_again() -> None:
    client, _ = planhat(PlanhatUnavailable("no answer in 30 s"))

    answers = [
        await client.upsert(Resource.ENDUSERS, [b"{}"]),
        await client.track([b"{}"]),
    ]

    assert answers == [Retry("no answer in 30 s")] * 2


async def test_activities_go_to_the_analytics_host() -> None:
    client, wire = planhat(response())

    answer = await client.track([b"{}", b"{}"])

    assert answer == Delivered(is_whole=True)
    assert [request.url for request in wire.requests] == [
        f"https://analytics.example/analytics/bulk/{TENANT}"
    ]


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Reject), (404, Halt), (500, Retry), (206, Partial)]
)
async def test_no_reason_tells_the_tenant_id(status: int, kind: type) -> None:
    client, _ = planhat(response(status, f"Cannot POST /analytics/bulk/{TENANT}"))

    answers = [await client.track([b"{}"]), await client.upsert(Resource.ENDUSERS, [b"{}"])]

    assert isinstance(answers[1], kind)
    assert TENANT not in repr(answers)
    assert TENANT not in repr(ENDPOINTS)


async def test_all_companies_come_in_one_call_and_a_bad_row_costs_itself() -> None:
    rows = [
        {"_id": "1", "name": "A", "externalId": "a", "sourceId": "s"},
        {"_id": "2", "name": "B", "externalId": ""},
        {"_id": "3", "externalId": 7, "slug": "x"},
        {"name": "no id"},
        "no row",
    ]
    client, wire = planhat(response(document=rows))

    companies = await client.companies()

    assert companies == [
        LeanCompany(_id="1", name="A", externalId="a"),
        LeanCompany(_id="2", name="B"),
        LeanCompany(_id="3", externalId="7"),
    ]
    assert [request.url for request in wire.requests] == ["https://api.example/leancompanies"]


async def test_users_are_read_page_by_page() -> None:
    full = [{"_id": str(number)} for number in range(10_000)]
    client, wire = planhat(
        response(document=full), response(document=[{"_id": "x", "email": "o@example.com"}])
    )

    users = await client.users()

    assert len(users) == 10_001
    assert users[-1] == PlanhatUser(_id="x", email="o@example.com")
    assert [request.url.rpartition("/")[2] for request in wire.requests] == [
        "users?limit=10000&offset=0",
        "users?limit=10000&offset=10000",
    ]


async def test_custom_fields_are_read_page_by_page() -> None:
    full = [{"name": str(number), "parent": "company"} for number in range(2000)]
    client, wire = planhat(response(document=full), response(document=[{"name": "x"}, {}, None]))

    fields = await client.custom_fields()

    assert len(fields) == 2001
    assert [request.url.rpartition("/")[2] for request in wire.requests] == [
        "customfields?limit=2000&offset=0",
        "customfields?limit=2000&offset=2000",
    ]


async def test_pages_may_be_smaller_than_was_asked_for() -> None:
    page = [{"name": str(number), "parent": "company"} for number in range(500)]
    client, wire = planhat(response(document=page), response(document=page[:7]))

    assert len(await client.custom_fields()) == 507
    assert wire.requests[1].url.endswith("customfields?limit=2000&offset=500")


async def test_a_server_that_never_ends_its_pages_is_left_at_last() -> None:
    client, wire = planhat(response(document=[{}] * 10_000))

    assert await client.users() == []
    assert len(wire.requests) == 50


async def test_a_probe_asks_for_one_company() -> None:
    client, wire = planhat(response(document=[]))

    await client.probe()

    (request,) = wire.requests
    assert (request.method, request.url) == ("GET", "https://api.example/companies?limit=1")
    assert request.headers["Authorization"] == "Bearer token"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (response(401), PlanhatUnauthorized),
        (response(403, {"permissionErrors": ["no"]}), PlanhatUnavailable),
        (response(404), PlanhatUnauthorized),
        (Response(200, {}, b"<html>welcome</html>"), PlanhatUnauthorized),
        (Response(200, {}, b'[{"_id":'), PlanhatUnavailable),
        (response(200, {"rows": []}), PlanhatUnavailable),
        (response(200), PlanhatUnavailable),
        (response(422), PlanhatRejected),
        (response(429), PlanhatThrottled),
        (response(500), PlanhatUnavailable),
        (PlanhatUnavailable("network"), PlanhatUnavailable),
    ],
    ids=str,
)
async def test_reading_raises_what_is_to_be_done(
    answer: Response | PlanhatUnavailable, kind: type[PlanhatError]
) -> None:
    client, _ = planhat(answer)

    for read in (client.companies, client.users, client.probe):
        with pytest.raises(PlanhatError) as caught:
            await read()
        assert type(caught.value) is kind


async def test_a_throttled_read_says_when_to_come_again() -> None:
    client, _ = planhat(response(429, None, **{"retry-after": "7"}))

    with pytest.raises(PlanhatThrottled) as caught:
        await client.probe()

    assert caught.value.retry_after == 7.0


async def test_closing_lets_go_of_the_wire() -> None:
    client, wire = planhat(response())

    await client.close()

    assert wire.closed


async def test_activities_may_go_one_by_one_to_the_endpoint_for_one() -> None:
    client, wire = planhat(response(200, {}), tracks_singly=True)

    answer = await client.track([b'{"action":"Signed in"}'])

    assert isinstance(answer, Delivered)
    assert wire.requests[0].url == f"https://analytics.example/analytics/{TENANT}"
    assert wire.requests[0].body == b'{"action":"Signed in"}'


@pytest.mark.parametrize(
    "rows",
    [
        [{"_id": "5a01", "externalId": "u-1"}],
        [{"_id": "5a02", "externalId": "u-2"}, {"_id": "5a01", "externalId": "u-1"}],
    ],
)
async def test_an_enduser_is_found_in_a_list(rows: list[dict[str, str]]) -> None:
    client, _ = planhat(response(200, rows))

    assert await client.enduser_id("u-1") == "5a01"


async def test_an_enduser_is_found_by_its_external_id_whatever_its_letters() -> None:
    client, wire = planhat(response(200, {"_id": "5a01", "externalId": "a/b c+ü"}))

    assert await client.enduser_id("a/b c+ü") == "5a01"
    assert wire.requests[0].url == "https://api.example/endusers/extid-a%2Fb%20c%2B%C3%BC"


@pytest.mark.parametrize(
    "answer",
    [
        response(404, "Not found"),
        response(200, {"_id": "5a01", "externalId": "another"}),
        response(200, {"_id": "5a01"}),
        response(200, {}),
        response(200, []),
        response(200, [{}]),
        response(200, [None]),
        response(200, [{"_id": "5a01", "externalId": "another"}]),
        response(200, "Not found"),
        response(200, False),
        Response(200, {}, b"null"),
        Response(200, {}, b""),
        response(204),
        response(404, {"error": "no such enduser"}),
        response(200, [{"_id": "a", "externalId": "u-1"}, {"_id": "b", "externalId": "u-1"}]),
    ],
)
async def test_an_enduser_that_is_not_there_has_no_id(answer: Response) -> None:
    client, _ = planhat(answer)

    assert await client.enduser_id("u-1") is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (response(401), PlanhatUnauthorized),
        (response(405), PlanhatUnauthorized),
        (response(400, "more than one"), PlanhatRejected),
        (response(429), PlanhatThrottled),
        (response(503), PlanhatUnavailable),
        (Response(200, {}, b'{"_id":'), PlanhatUnavailable),
        (Response(200, {}, b"<html>welcome</html>"), PlanhatUnauthorized),
        (PlanhatUnavailable("network"), PlanhatUnavailable),
    ],
    ids=str,
)
async def test_a_failed_lookup_is_never_taken_for_nobody(
    answer: Response | PlanhatUnavailable, kind: type[PlanhatError]
) -> None:
    client, _ = planhat(answer)

    with pytest.raises(PlanhatError) as caught:
        await client.enduser_id("u-1")

    assert type(caught.value) is kind


async def test_a_refusal_of_a_large_request_does_not_hold_up_the_others() -> None:
    words = (f"w{at}ord" for at in itertools.count())
    texts = [" ".join(itertools.islice(words, 60_000)) for _ in range(8)]
    items = [orjson.dumps({"name": text}) for text in texts]
    errors = [{"error": f"Somebody{at} is refused..."} for at in range(50)]
    client, _ = planhat(response(206, {"updatedErrors": errors}))
    longest = asyncio.create_task(_longest_hold(until := asyncio.Event()))
    await asyncio.sleep(0)

    answer = await client.upsert(Resource.ENDUSERS, items)

    until.set()
    assert isinstance(answer, Partial)
    start = time.thread_time()
    assert len({answer.clean(error["error"]) for error in errors}) == len(errors)
    assert time.thread_time() - start < on_this_machine(0.1)
    assert await longest < on_this_machine(0.25)


async def _longest_hold(until: asyncio.Event) -> float:
    longest, last = 0.0, time.thread_time()
    while not until.is_set():
        await asyncio.sleep(0.001)
        longest, last = max(longest, (now := time.thread_time()) - last), now
    return longest
