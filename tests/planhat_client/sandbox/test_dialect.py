"""What a tenant was learnt to do, the sandbox does too."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from planhat_client.sandbox import QuotaOptions, Sandbox, SandboxOptions, reads
from planhat_client.sandbox import work as sandbox_work
from planhat_client.sandbox.activities import BULK, SINGLE
from planhat_client.sandbox.models import COMPANIES, ENDUSERS, LICENSES
from planhat_client.sandbox.options import read, spoken
from schemas.dialect import Dialect

if TYPE_CHECKING:
    from planhat_client.sandbox.models import Model

A, B = ({"externalId": name, "name": name.upper()} for name in "ab")
ROOT = Path(__file__).parents[3]
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


def test_an_option_goes_before_the_dialect_and_that_before_what_is_assumed() -> None:
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


@pytest.mark.parametrize(
    ("answer", "status", "left"),
    [
        ("unknown", 400, []),
        ("request_fails", 400, []),
        ("item_fails", 206, ["A"]),
        ("accepted", 200, ["A", "B"]),
    ],
)
def test_two_names_that_differ_only_in_case(answer: str, status: int, left: list[str]) -> None:
    sandbox = tenant(case_twins=answer)

    told, _ = put(sandbox, A, B | {"custom": {"Plan": "x", "plan": "y"}})

    assert (told, names(sandbox)) == (status, left)
    assert sandbox.report()["counters"]["fields"] == {
        "companies": {"Plan": {"twins": 1}, "plan": {"twins": 1}}
    }


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ("first_refused", ["later"]),
        ("second_refused", ["A"]),
        ("both_refused", []),
        ("both_applied", ["later"]),
    ],
)
def test_one_key_twice_in_a_call(answer: str, left: list[str]) -> None:
    sandbox = tenant(same_key_twice=answer)

    _, told = put(sandbox, A, A | {"name": "later"})

    assert names(sandbox) == left
    assert told["updated"] == (answer == "both_applied")
    assert sandbox.report()["counters"]["duplicates"] == 1


@pytest.mark.parametrize("model", [ENDUSERS, LICENSES], ids=["enduser", "licence"])
@pytest.mark.parametrize(("answer", "status"), [("ignored", 200), ("item_error", 400)])
def test_a_company_that_is_not_there(answer: str, status: int, model: Model) -> None:
    sandbox = tenant(unknown_company=answer)

    told, _ = put(sandbox, {"externalId": "x", "companyId": "extid-none"}, model=model)

    assert told == status
    assert len(sandbox.state.records[model.name]) == 0


def test_one_bad_item_may_keep_all_others_out() -> None:
    sandbox = tenant(one_bad_item="all_refused")

    told, answer = put(sandbox, A, {"externalId": "b"}, {"externalId": "c", "name": "C"})

    assert (told, names(sandbox)) == (400, [])
    assert answer["createdErrors"] == [{"item": {"externalId": "b"}, "error": "name is required"}]
    assert sandbox.report()["counters"]["by_resource"]["companies"]["withheld"] == 2
    assert put(sandbox, A)[0] == 200


@pytest.mark.parametrize(
    ("answer", "kept"),
    [("cleared", {"y": 1}), ("stored", {"x": None, "y": 1}), ("ignored", {"x": 1, "y": 1})],
)
def test_null_for_a_custom_field(answer: str, kept: dict[str, Any]) -> None:
    sandbox = tenant(null_custom=answer)
    put(sandbox, A | {"custom": {"x": 1, "y": 1}})

    put(sandbox, A | {"custom": {"x": None}})

    (record,) = sandbox.state.records["companies"]
    assert record["custom"] == kept


def test_null_may_be_stored_in_a_new_record() -> None:
    sandbox = tenant(null_custom="stored")

    put(sandbox, A | {"custom": {"x": None}, "web": None})

    (record,) = sandbox.state.records["companies"]
    assert record["custom"] == {"x": None}
    assert "web" not in record


@pytest.mark.parametrize(("answer", "is_there"), [("stored", True), ("cleared", False)])
def test_an_empty_text(answer: str, is_there: bool) -> None:  # noqa: FBT001 - a value of the table
    sandbox = tenant(empty_text=answer)
    put(sandbox, A | {"web": "w", "custom": {"x": "v"}})

    put(sandbox, A | {"web": "", "custom": {"x": ""}})

    (record,) = sandbox.state.records["companies"]
    assert ("web" in record, "x" in record["custom"]) == (is_there, is_there)


@pytest.mark.parametrize(("answer", "tags"), [("replaces", ["b"]), ("adds", ["a", "b"])])
def test_a_plain_array(answer: str, tags: list[str]) -> None:
    sandbox = tenant(array=answer)
    put(sandbox, A | {"tags": ["a"], "custom": {"x": ["a"]}})

    put(sandbox, A | {"tags": ["b"], "custom": {"x": ["b"]}})

    (record,) = sandbox.state.records["companies"]
    assert (record["tags"], record["custom"]["x"]) == (tags, tags)


@pytest.mark.parametrize(
    ("keys", "stored"),
    [
        ("unknown", ["externalId", "id", "euExtId", "email"]),
        (("euExtId", "email"), ["euExtId", "email"]),
        ((), []),
    ],
)
def test_activities_in_bulk_find_their_contact_by_some_names(keys: Any, stored: list[str]) -> None:  # noqa: ANN401
    sandbox = tenant(activity_keys=keys)
    put(sandbox, A)
    put(sandbox, {"externalId": "u", "email": "u", "companyId": "extid-a"}, model=ENDUSERS)

    for name in ("externalId", "id", "euExtId", "email"):
        sandbox.sink.take({name: "u", "by": name}, BULK)
    sandbox.sink.take({"externalId": "u", "by": "single"}, SINGLE)

    assert [each["by"] for each in sandbox.state.activities] == [*stored, "single"]


def test_each_answer_of_a_dialect_is_in_the_manual() -> None:
    page = (ROOT / "docs" / "sandbox.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (`.*?) \| .* \|$", page, re.MULTILINE))

    for name, field in Dialect.model_json_schema()["properties"].items():
        known = json.dumps(field).replace('"unknown"', "")
        (answers,) = re.findall(r'"enum": \[(.*?)\]', known)
        told = {f'"{word}"' for word in re.findall(r"`(.*?)`", rows[name])}
        assert set(re.findall(r'".*?"', answers)) <= told, name
