"""Which record an item means, and what becomes of items that mean none."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from planhat_client.sandbox import Sandbox, SandboxOptions
from planhat_client.sandbox.models import MODELS
from planhat_client.sandbox.work import bulk_work

Answer = tuple[int, dict[str, Any]]

LICENCE = {"_currency": "USD", "fromDate": "2026-01-01", "mrr": 10, "externalId": "l1"}


@pytest.fixture
def sandbox() -> Sandbox:
    sandbox = Sandbox(SandboxOptions())
    put(
        sandbox,
        "companies",
        {"externalId": "acme", "sourceId": "sf1", "name": "Acme", "domains": ["acme.io"]},
        {"externalId": "globex", "name": "Globex"},
    )
    return sandbox


def put(sandbox: Sandbox, resource: str, *items: object) -> Answer:
    work = bulk_work(sandbox, MODELS[resource], orjson.dumps(items), lambda: False)
    try:
        reply = work.finish(None)
    finally:
        work.release()
    return reply.status, orjson.loads(reply.body)


def stored(sandbox: Sandbox, resource: str) -> list[dict[str, Any]]:
    return list(sandbox.state.records[resource])


def enduser(sandbox: Sandbox, **item: object) -> dict[str, Any]:
    put(sandbox, "endusers", item)
    return stored(sandbox, "endusers")[-1]


def company_id(sandbox: Sandbox, external_id: str = "acme") -> str:
    return str(sandbox.state.records["companies"].having("externalId", external_id)[0]["_id"])


def test_a_new_item_is_created_and_named_by_its_keys(sandbox: Sandbox) -> None:
    status, answer = put(sandbox, "companies", {"externalId": "new", "name": "New"})

    created_id = company_id(sandbox, "new")
    assert (status, answer["created"]) == (200, 1)
    assert answer["insertsKeys"] == [{"_id": created_id, "externalId": "new"}]
    assert answer["upsertedIds"] == [created_id]


def test_a_changed_item_is_updated_and_a_like_one_is_a_nonupdate(sandbox: Sandbox) -> None:
    status, answer = put(
        sandbox,
        "companies",
        {"externalId": "acme", "name": "Acme Ltd"},
        {"externalId": "globex", "name": "Globex"},
    )

    assert status == 200
    assert (answer["updated"], answer["nonupdates"], answer["created"]) == (1, 1, 0)
    assert answer["modified"] == [company_id(sandbox)]
    assert [keys["externalId"] for keys in answer["updatesKeys"]] == ["acme"]


@pytest.mark.parametrize(
    "link",
    [
        pytest.param({"companyId": "extid-acme"}, id="extid"),
        pytest.param({"companyId": "srcid-sf1"}, id="srcid"),
        pytest.param({"companyExternalId": "acme"}, id="companyExternalId"),
        pytest.param({}, id="domain of the address"),
    ],
)
def test_an_enduser_finds_its_company(sandbox: Sandbox, link: dict[str, str]) -> None:
    record = enduser(sandbox, externalId="u1", email="ada@Acme.io", **link)

    assert record["companyId"] == company_id(sandbox)


def test_an_enduser_finds_its_company_by_id(sandbox: Sandbox) -> None:
    record = enduser(sandbox, externalId="u1", companyId=company_id(sandbox))

    assert record["companyId"] == company_id(sandbox)


@pytest.mark.parametrize(
    "item",
    [
        pytest.param({"externalId": "u1", "companyId": "extid-unknown"}, id="unknown extid"),
        pytest.param(
            {"externalId": "u1", "companyId": "ffffffffffffffffffffffff"}, id="no such id"
        ),
        pytest.param({"externalId": "u1", "email": "ada@unknown.io"}, id="unknown domain"),
        pytest.param({"externalId": "u1"}, id="no link at all"),
    ],
)
def test_an_enduser_without_a_company_is_ignored_in_silence(
    sandbox: Sandbox, item: dict[str, str]
) -> None:
    status, answer = put(sandbox, "endusers", item)

    assert status == 200
    assert (answer["created"], answer["updated"], answer["nonupdates"]) == (0, 0, 0)
    assert answer["createdErrors"] == []
    assert stored(sandbox, "endusers") == []
    assert [ignored["item"] for ignored in sandbox.state.ignored] == [item]


def test_one_external_id_may_occur_once_in_each_company(sandbox: Sandbox) -> None:
    put(
        sandbox,
        "endusers",
        {"externalId": "u1", "companyId": "extid-acme", "firstName": "Ada"},
        {"externalId": "u1", "companyId": "extid-globex", "firstName": "Bob"},
    )

    names = [record["firstName"] for record in stored(sandbox, "endusers")]
    assert names == ["Ada", "Bob"]


def test_an_enduser_moves_only_when_addressed_by_its_id(sandbox: Sandbox) -> None:
    record = enduser(sandbox, externalId="u1", companyId="extid-acme")

    put(sandbox, "endusers", {"_id": record["_id"], "companyId": "extid-globex"})

    assert record["companyId"] == company_id(sandbox, "globex")
    assert sandbox.state.records["endusers"].by_place == {
        (company_id(sandbox, "globex"), "u1"): record["_id"]
    }


def test_another_company_with_the_same_external_id_makes_a_second_enduser(
    sandbox: Sandbox,
) -> None:
    enduser(sandbox, externalId="u1", companyId="extid-acme")

    put(sandbox, "endusers", {"externalId": "u1", "companyId": "extid-globex"})

    assert len(stored(sandbox, "endusers")) == 2


def test_the_source_id_comes_before_the_external_id(sandbox: Sandbox) -> None:
    status, answer = put(
        sandbox, "companies", {"sourceId": "other", "externalId": "acme", "name": "X"}
    )

    assert status == 400
    assert answer["createdErrors"][0]["error"] == "externalId duplicated"


def test_the_id_comes_before_all_and_may_change_the_other_keys(sandbox: Sandbox) -> None:
    put(sandbox, "companies", {"_id": company_id(sandbox), "externalId": "acme-2"})

    assert len(sandbox.state.records["companies"].having("externalId", "acme-2")) == 1
    assert sandbox.state.records["companies"].having("externalId", "acme") == []


def test_an_id_that_is_none_is_refused(sandbox: Sandbox) -> None:
    status, answer = put(sandbox, "companies", {"_id": "nonsense", "name": "X"})

    assert (status, answer["createdErrors"][0]["error"]) == (400, "_id is invalid")


def test_an_address_is_a_key_while_one_record_has_it(sandbox: Sandbox) -> None:
    record = enduser(sandbox, email="ada@acme.io")

    put(sandbox, "endusers", {"email": "ADA@acme.io", "firstName": "Ada"})

    assert record["firstName"] == "Ada"
    assert len(stored(sandbox, "endusers")) == 1


def test_an_address_of_several_is_no_key(sandbox: Sandbox) -> None:
    for external_id in ("u1", "u2"):
        enduser(sandbox, externalId=external_id, email="ada@acme.io")

    put(sandbox, "endusers", {"email": "ada@acme.io"})

    assert len(stored(sandbox, "endusers")) == 3


def test_without_a_company_an_external_id_means_the_only_enduser_that_has_it(
    sandbox: Sandbox,
) -> None:
    record = enduser(sandbox, externalId="u1", companyId="extid-acme")

    put(sandbox, "endusers", {"externalId": "u1", "firstName": "Ada"})

    assert record["firstName"] == "Ada"


@pytest.mark.parametrize(
    ("resource", "item", "message"),
    [
        pytest.param("companies", {"externalId": "x"}, "name is required", id="company"),
        pytest.param("endusers", {"companyId": "extid-acme"}, "email is required", id="enduser"),
        pytest.param("licenses", LICENCE, "companyId is required", id="licence: no company"),
        pytest.param(
            "licenses",
            LICENCE | {"companyId": "extid-unknown"},
            "companyId not found",
            id="licence: unknown company",
        ),
        pytest.param(
            "licenses",
            {"companyId": "extid-acme", "fromDate": "2026-01-01", "mrr": 1},
            "_currency is required",
            id="licence: currency",
        ),
        pytest.param(
            "licenses",
            {"companyId": "extid-acme", "_currency": "USD", "mrr": 1},
            "fromDate is required",
            id="licence: start",
        ),
        pytest.param(
            "licenses",
            LICENCE | {"companyId": "extid-acme", "mrr": None},
            "value is required",
            id="licence: price",
        ),
        pytest.param(
            "licenses",
            LICENCE | {"companyId": "extid-acme", "mrr": None, "value": 1, "fixedPeriod": False},
            "mrr is required",
            id="licence: price of an open period",
        ),
        pytest.param("companies", "text", "an item should be an object", id="no object"),
        pytest.param(
            "companies", {"name": "X", "custom": []}, "custom should be an object", id="custom"
        ),
    ],
)
def test_what_a_new_record_needs(
    sandbox: Sandbox, resource: str, item: object, message: str
) -> None:
    status, answer = put(sandbox, resource, item)

    assert status == 400
    assert answer["createdErrors"] == [{"item": item, "error": message}]


def test_a_licence_is_found_within_its_company(sandbox: Sandbox) -> None:
    for value in (10, 20):
        put(sandbox, "licenses", LICENCE | {"companyId": "extid-acme", "mrr": value})

    assert [record["mrr"] for record in stored(sandbox, "licenses")] == [20]


def test_the_name_of_a_company_cannot_be_cleared(sandbox: Sandbox) -> None:
    status, answer = put(sandbox, "companies", {"externalId": "acme", "name": None})

    assert (status, answer["updatedErrors"][0]["error"]) == (400, "name is required")


def test_an_update_leaves_out_clears_replaces_and_merges(sandbox: Sandbox) -> None:
    put(
        sandbox,
        "companies",
        {
            "externalId": "acme",
            "phase": "trial",
            "web": "acme.io",
            "tags": ["a", "b"],
            "custom": {"Plan": "Scale", "Seats": 4, "Old": True},
        },
    )

    put(
        sandbox,
        "companies",
        {"externalId": "acme", "web": None, "tags": ["c"], "custom": {"Seats": 5, "Old": None}},
    )

    (record,) = sandbox.state.records["companies"].having("externalId", "acme")
    assert (record["phase"], record["tags"]) == ("trial", ["c"])
    assert "web" not in record
    assert record["custom"] == {"Plan": "Scale", "Seats": 5}


def test_a_number_is_a_text_when_it_is_a_key(sandbox: Sandbox) -> None:
    put(sandbox, "companies", {"externalId": 7, "name": "Seven"})

    _, answer = put(sandbox, "companies", {"externalId": "7", "name": "Seven"})

    assert answer["nonupdates"] == 1


def test_the_same_record_twice_in_one_array_fails_the_second_time(sandbox: Sandbox) -> None:
    status, answer = put(
        sandbox,
        "endusers",
        {"externalId": "u1", "companyId": "extid-acme"},
        {"externalId": "u1", "companyId": company_id(sandbox)},
    )

    assert (status, answer["created"]) == (206, 1)
    assert answer["createdErrors"][0]["error"] == "externalId,email duplicated"
    assert sandbox.report()["counters"]["duplicates"] == 1


def test_a_deleted_record_is_found_by_no_key(sandbox: Sandbox) -> None:
    record = enduser(sandbox, externalId="u1", sourceId="s1", email="ada@acme.io")

    sandbox.state.delete(MODELS["endusers"], record)

    for item in ({"sourceId": "s1"}, {"externalId": "u1"}, {"email": "ada@acme.io"}):
        put(sandbox, "endusers", item | {"companyId": "extid-globex"})
    assert len(stored(sandbox, "endusers")) == 3
