"""Contacts that are found, listed and deleted, whatever Planhat answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from planhat_client import (
    PlanhatError,
    PlanhatRejected,
    PlanhatThrottled,
    PlanhatUnauthorized,
    PlanhatUnavailable,
)
from planhat_client.client import Endpoints, Planhat
from planhat_client.endusers import Matches
from planhat_client.protocol import Response
from planhat_client.sandbox import SandboxOptions, SandboxServer
from planhat_client.transport import Transport
from schemas.planhat import Enduser
from tests.planhat_client.test_client import planhat, response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from planhat_client.endusers import Deletion

ANN = {
    "_id": "5a01",
    "externalId": "u-1",
    "email": "Ann@example.com",
    "companyId": "5c01",
    "name": "Ann",
    "archived": True,
}
BOB = {"_id": "5a02", "externalId": "u-2", "email": "bob@example.com"}
WEB_PAGE = Response(404, {}, b"<!doctype html><html>Not found</html>")
NOBODY = [
    response(404, "Not found"),
    response(200, {}),
    response(200, []),
    response(200, "Not found"),
    response(200, BOB),
    response(400, {"error": "Enduser not found"}),
    response(410),
    response(204),
    Response(200, {}, b"null"),
    Response(200, {}, b""),
]
FAILURES = [
    (response(401), PlanhatUnauthorized),
    (response(403, "no right to delete"), PlanhatUnauthorized),
    (response(405), PlanhatUnauthorized),
    (response(400, "Cast to ObjectId failed"), PlanhatRejected),
    (response(429), PlanhatThrottled),
    (response(503), PlanhatUnavailable),
    (Response(200, {}, b"<html>welcome</html>"), PlanhatUnauthorized),
    (PlanhatUnavailable("network"), PlanhatUnavailable),
]


async def test_an_enduser_is_found_by_its_id_with_all_that_is_needed_of_it() -> None:
    client, wire = planhat(response(200, ANN))

    found = await client.endusers.by_id("5a01")

    assert found == Enduser.model_validate(ANN)
    assert found.company_id == "5c01"
    assert found.archived
    assert wire.requests[0].url == "https://api.example/endusers/5a01"


@pytest.mark.parametrize("answer", NOBODY)
async def test_nobody_is_found_where_nobody_is(answer: Response) -> None:
    client, _ = planhat(answer)

    assert await client.endusers.by_id("5a01") is None
    assert await client.endusers.by_external_id("u-1") == []


async def test_several_of_one_external_id_are_all_given() -> None:
    client, _ = planhat(response(200, [ANN, ANN | {"_id": "5a03"}, BOB, None]))

    found = await client.endusers.by_external_id("u-1")

    assert [row.id for row in found] == ["5a01", "5a03"]


@pytest.mark.parametrize(("answer", "kind"), FAILURES, ids=str)
async def test_a_failure_is_never_taken_for_nobody(
    answer: Response | PlanhatUnavailable, kind: type[PlanhatError]
) -> None:
    client, _ = planhat(answer)
    endusers = client.endusers

    for ask in (
        endusers.by_id("5a01"),
        endusers.by_external_id("u-1"),
        endusers.having("email", "ann@example.com"),
        endusers.page(),
        endusers.delete("5a01"),
    ):
        with pytest.raises(PlanhatError) as caught:
            await ask
        assert type(caught.value) is kind


async def test_an_address_is_asked_for_as_it_is_and_compared_in_any_case() -> None:
    client, wire = planhat(response(200, [ANN]))

    found = await client.endusers.having("email", "ann@EXAMPLE.com")

    assert found == Matches((Enduser.model_validate(ANN),), is_whole=True)
    assert wire.requests[0].url.startswith(
        "https://api.example/endusers?email=ann%40EXAMPLE.com&limit=100&select=_id,"
    )


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], Matches((), is_whole=True)),
        ([BOB], Matches((), is_whole=False)),
        ([BOB, ANN], Matches((Enduser.model_validate(ANN),), is_whole=False)),
        ([ANN, {"email": "ann@example.com"}], Matches((Enduser.model_validate(ANN),), False)),
        ([ANN, "no row"], Matches((Enduser.model_validate(ANN),), False)),
    ],
    ids=["nobody", "the filter is ignored", "likewise", "a row without an id", "no row"],
)
async def test_a_filter_that_planhat_ignores_is_noticed(rows: list[Any], found: Matches) -> None:
    client, _ = planhat(response(200, rows))

    assert await client.endusers.having("email", "ann@example.com") == found


async def test_as_many_rows_as_were_asked_for_may_not_be_all() -> None:
    client, _ = planhat(response(200, [ANN | {"_id": str(at)} for at in range(100)]))

    found = await client.endusers.having("externalId", "u-1")

    assert (len(found.rows), found.is_whole) == (100, False)


async def test_an_error_does_not_repeat_who_was_asked_for() -> None:
    client, _ = planhat(response(422, "no contact Ann.Leigh"))

    with pytest.raises(PlanhatRejected) as caught:
        await client.endusers.having("email", "ann.leigh@example.com")

    assert str(caught.value) == "422 no contact ***"


async def test_pages_lead_on_to_each_other_until_the_last() -> None:
    full = [{"_id": str(at)} for at in range(1999)]
    client, wire = planhat(response(200, [*full, {"no": "id"}]), response(200, [ANN]))

    first = await client.endusers.page()
    second = await client.endusers.page(first.next_offset or 0, archived=True)

    assert (len(first.rows), first.next_offset) == (1999, 2000)
    assert second.rows == (Enduser.model_validate(ANN),)
    assert second.next_offset is None
    asked = [request.url.rpartition("/")[2].partition("&select")[0] for request in wire.requests]
    assert asked == [
        "endusers?limit=2000&offset=0",
        "endusers?limit=2000&offset=2000&archived=true",
    ]


@pytest.mark.parametrize(
    ("answer", "deletion"),
    [
        (response(200, {"n": 1, "ok": 1, "deletedCount": 1}), "deleted"),
        (response(200, {"n": 0, "ok": 1, "deletedCount": 0}), "absent"),
        (response(200, {"n": 0, "ok": 1}), "absent"),
        (response(200, {}), "deleted"),
        (response(200, []), "deleted"),
        (response(204), "deleted"),
        (Response(200, {}, b"OK"), "deleted"),
        (Response(200, {}, b"null"), "deleted"),
        (response(404, "Not found"), "absent"),
        (response(404), "absent"),
        (response(410), "absent"),
        (response(400, {"error": "Enduser does not exist"}), "absent"),
        (response(422, "No such enduser"), "absent"),
    ],
    ids=str,
)
async def test_a_deletion_ends_with_whatever_is_answered(
    answer: Response, deletion: Deletion
) -> None:
    client, wire = planhat(answer)

    assert await client.endusers.delete("5a/01") == deletion
    (request,) = wire.requests
    assert (request.method, request.url) == ("DELETE", "https://api.example/endusers/5a%2F01")


async def test_the_404_of_another_host_deletes_nothing() -> None:
    client, _ = planhat(WEB_PAGE)

    with pytest.raises(PlanhatUnauthorized):
        await client.endusers.delete("5a01")


@pytest.fixture(name="sandbox")
async def _sandbox() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(SandboxOptions(records={"endusers": (ANN, BOB)})) as server:
        yield server


async def test_a_contact_of_the_sandbox_is_found_by_each_key_and_deleted(
    sandbox: SandboxServer,
) -> None:
    transport = Transport(5, 1)
    endpoints = Endpoints(sandbox.url, sandbox.url, "tenant")
    endusers = Planhat(transport, endpoints, lambda: "sandbox-token").endusers
    try:
        ann = await endusers.by_id("5a01")
        assert ann is not None
        assert await endusers.by_external_id("u-1") == [ann]
        assert await endusers.having("externalId", "u-1") == Matches((ann,), is_whole=True)
        assert [row.id for row in (await endusers.page()).rows] == ["5a01", "5a02"]
        assert await endusers.delete("5a01") == "deleted"
        assert await endusers.delete("5a01") == "absent"
        assert await endusers.by_id("5a01") is None
    finally:
        await transport.close()
