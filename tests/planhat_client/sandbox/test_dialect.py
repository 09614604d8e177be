"""What a tenant was learnt to do, the sandbox does too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from planhat_client.sandbox import QuotaOptions, Sandbox, SandboxOptions, reads
from planhat_client.sandbox import work as sandbox_work
from planhat_client.sandbox.models import COMPANIES
from planhat_client.sandbox.options import read, spoken
from schemas.dialect import Dialect

if TYPE_CHECKING:
    from planhat_client.sandbox.models import Model

A, B = ({"externalId": name, "name": name.upper()} for name in "ab")
UNKNOWN_ID = "5f" + "0" * 22


def tenant(**learnt: Any) -> Sandbox:  # noqa: ANN401 - answers of a dialect
    return Sandbox(SandboxOptions(dialect=Dialect(**learnt)))


def put(sandbox: Sandbox, *items: object, model: Model = COMPANIES) -> tuple[int, Any]:
    work = sandbox_work.bulk_work(sandbox, model, orjson.dumps(items), lambda: False)
    reply = work.finish(None)
    work.release()
    return reply.status, orjson.loads(reply.body)


def names(sandbox: Sandbox, model: Model = COMPANIES) -> list[str]:
    return [each["name"] for each in sandbox.state.records[model.name]]


def test_an_option_goes_before_the_dialect_and_that_before_what_is_hardest() -> None:
    learnt = Dialect(unknown_id="ignored", missing_record="null")

    found = spoken(SandboxOptions(dialect=learnt, unknown_id="refused"))

    assert (found.unknown_id, found.missing_record) == ("refused", "null")
    assert found.line_breaks == "dropped"
    assert spoken(SandboxOptions(quota=QuotaOptions(headers="none"))).rate_limit_headers == "none"


def test_a_dialect_is_read_with_the_options() -> None:
    found = read(SandboxOptions, {"dialect": {"unknown_id": "ignored"}}, "options")

    assert found.dialect == Dialect(unknown_id="ignored")
    with pytest.raises(ValueError, match="options: dialect: unknown_id: Input should be 'refused'"):
        read(SandboxOptions, {"dialect": {"unknown_id": 1}}, "options")


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ("created", ["A", "new"]),
        ("refused", ["A"]),
        ("ignored", ["A"]),
        ("next_key", ["new"]),
    ],
)
def test_an_unknown_id_beside_a_good_key(answer: str, left: list[str]) -> None:
    sandbox = tenant(unknown_id=answer)
    put(sandbox, A)
    key = "b" if answer == "created" else "a"  # an externalId is unique

    put(sandbox, {"_id": UNKNOWN_ID, "externalId": key, "name": "new"})

    assert names(sandbox) == left


def test_the_next_key_creates_under_an_id_of_planhats_own() -> None:
    sandbox = tenant(unknown_id="next_key")

    _, told = put(sandbox, {"_id": UNKNOWN_ID, **A})

    assert told["insertsKeys"][0]["_id"] != UNKNOWN_ID


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ("unknown", 404, b'"Not found"'),
        ("null", 200, b"null"),
        ("empty_object", 200, b"{}"),
        ("empty_list", 200, b"[]"),
    ],
)
def test_a_single_read_of_no_record(answer: str, status: int, body: bytes) -> None:
    reply = reads.read(tenant(missing_record=answer), COMPANIES, {"id": "extid-a"})

    assert (reply.status, reply.body) == (status, body)


def test_an_error_names_the_field() -> None:
    _, told = put(tenant(error_entry="el"), A, {"externalId": "b"})

    assert told["createdErrors"] == [{"el": "externalId", "error": "name is required"}]


def test_a_400_may_be_a_bare_list() -> None:
    sandbox = tenant(error_entry="bare_list")

    assert put(sandbox, {"externalId": "b"}) == (
        400,
        [{"el": "externalId", "error": "name is required"}],
    )
    assert put(sandbox, A, {"externalId": "b"})[1]["created"] == 1


@pytest.mark.parametrize(
    ("answer", "header"),
    [("x-rate-limit", "X-Rate-Limit-Limit"), ("x-ratelimit", "X-RateLimit-Limit")],
)
def test_the_headers_of_the_quota_are_spelt(answer: str, header: str) -> None:
    assert header in tenant(rate_limit_headers=answer).quota.headers(0.0)
