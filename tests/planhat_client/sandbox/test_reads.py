"""Lists in pages, in an order, with the fields that were asked for; and what is planted in them."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from planhat_client.sandbox import QuotaOptions, Sandbox, SandboxOptions, reads
from planhat_client.sandbox.models import COMPANIES, DEALS, ENDUSERS
from schemas.dialect import Dialect
from tests.planhat_client.sandbox.test_dialect import put
from tests.planhat_client.sandbox.test_server import BEARER, connected

if TYPE_CHECKING:
    from planhat_client.sandbox.models import Model

PLAN = {"name": "Plan", "parent": "company", "type": "list", "listValues": ["Free", "Pro"]}


def rows(sandbox: Sandbox, model: Model = COMPANIES, **asked: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(reads.rows(sandbox, model, asked).body)
    return found


def names(sandbox: Sandbox, **asked: str) -> list[str]:
    return [row["name"] for row in rows(sandbox, COMPANIES, **asked)]


def three(**options: Any) -> Sandbox:  # noqa: ANN401 - any options
    sandbox = Sandbox(SandboxOptions(**options))
    put(sandbox, *({"externalId": n, "name": n.upper(), "h": ord(n)} for n in "abc"))
    return sandbox


def test_a_list_is_sorted_by_what_was_written_last() -> None:
    sandbox = three()
    put(sandbox, {"externalId": "a", "phase": "new"})

    assert names(sandbox, sort="-updatedAt") == ["A", "C", "B"]
    assert names(sandbox, sort="-h", limit="2") == ["C", "B"]
    assert names(sandbox, sort="name", offset="1") == ["B", "C"]


def test_a_write_without_effect_moves_updated_at() -> None:
    sandbox = three()
    before = rows(sandbox, select="updatedAt")[0]

    put(sandbox, {"externalId": "a", "name": "A"})

    after = rows(sandbox, select="updatedAt")[0]
    assert after.keys() == {"_id", "updatedAt"}
    assert after["_id"] == before["_id"]
    assert after["updatedAt"] > before["updatedAt"]


def test_the_order_may_be_ignored() -> None:
    sandbox = three(dialect=Dialect(sort_updated="ignored"))

    assert names(sandbox, sort="-updatedAt") == ["A", "B", "C"]


def test_fields_are_selected_by_their_exact_names() -> None:
    assert rows(three(), select="name,H", limit="1")[0].keys() == {"_id", "name"}


def test_a_page_has_a_maximum() -> None:
    assert names(three(page_rows={"companies": 2}), limit="5000") == ["A", "B"]


@pytest.mark.parametrize(("answer", "count"), [("complete", 3), ("capped", 2)])
def test_leancompanies_may_be_capped(answer: Any, count: int) -> None:  # noqa: ANN401
    sandbox = three(dialect=Dialect(leancompanies=answer), page_rows={"companies": 2})

    assert len(orjson.loads(reads.lean_companies(sandbox, COMPANIES, {}).body)) == count


def test_records_are_planted_as_they_are() -> None:
    twice = {"externalId": "a", "name": "Again", "updatedAt": "2020-01-01T00:00:00Z"}
    sandbox = three()

    sandbox.seed_records({"companies": (twice, twice), "deals": ({"name": "Big"},)})

    assert names(sandbox) == ["Again", "Again"]
    assert rows(sandbox, select="updatedAt")[0]["updatedAt"] == "2020-01-01T00:00:00Z"
    assert rows(sandbox, DEALS)[0]["name"] == "Big"
    assert rows(sandbox, ENDUSERS) == []


def test_of_two_records_with_one_key_either_may_go() -> None:
    sandbox = Sandbox(SandboxOptions(records={"companies": ({"externalId": "a"},) * 2}))
    first, second = list(sandbox.state.records["companies"])

    sandbox.state.delete(COMPANIES, first)
    put(sandbox, {"externalId": "a", "name": "A"})

    assert list(sandbox.state.records["companies"]) == [second]
    assert second["name"] == "A"


def test_a_model_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no such model: assets"):
        Sandbox(SandboxOptions(records={"assets": ()}))


async def test_all_may_be_planted_while_it_runs() -> None:
    async with connected(SandboxOptions()) as client:
        await client.ask("PUT", "/sandbox/customfields", [PLAN, {"name": "Other"}])
        await client.ask("PUT", "/sandbox/records", {"deals": [{"name": "Big"}]})

        _, fields = await client.ask("GET", "/customfields?limit=1")
        _, deals = await client.ask("GET", "/deals")

        assert [field.pop("_id") is not None for field in fields] == [True]
        assert fields == [PLAN]
        assert [deal["name"] for deal in deals] == ["Big"]
        for path in ("customfields", "records"):
            assert (await client.ask("PUT", f"/sandbox/{path}", "x"))[0] == 400
        assert (await client.ask("PUT", "/sandbox/records", {"x": []}))[0] == 400


async def test_its_clock_may_be_wrong() -> None:
    async with connected(SandboxOptions(clock_skew_seconds=-3600)) as client:
        late = (await client.headers("/users"))["Date"]
        right = (await client.headers("/sandbox/state"))["Date"]

    gap = parsedate_to_datetime(right) - parsedate_to_datetime(late)
    assert abs(gap.total_seconds() - 3600) < 60


async def test_a_fault_may_let_some_requests_through_and_answer_anything() -> None:
    free = SandboxOptions(quota=QuotaOptions(calls_per_window=0))
    async with connected(free) as client:
        await client.ask(
            "POST",
            "/sandbox/faults",
            {
                "faults": [
                    {"kind": "forbidden", "resource": "companies", "after": 1, "count": 1},
                    {"kind": "document", "resource": "users", "document": {"n": 1}, "repeat": 3},
                    {"kind": "document", "resource": "customfields", "document": 7},
                ]
            },
        )

        statuses = [(await client.ask("GET", "/companies"))[0] for _ in range(3)]

        assert statuses == [200, 403, 200]
        assert await client.ask("GET", "/users") == (200, [{"n": 1}] * 3)
        assert await client.ask("GET", "/customfields") == (200, 7)


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ({"shift": 1}, ["A", "C"]),
        ({"shift": -1}, ["A", "A", "B"]),
        ({"most_rows": 0, "after": 1}, ["A"]),
    ],
    ids=["rows go", "rows come", "an empty page in the middle"],
)
async def test_pages_may_move(fault: dict[str, Any], seen: list[str]) -> None:
    async with connected(SandboxOptions()) as client:
        await client.ask("PUT", "/companies", [{"externalId": n, "name": n} for n in "ABC"])
        switch = {"faults": [{"kind": "page", "method": "GET", **fault}]}
        await client.ask("POST", "/sandbox/faults", switch, BEARER)

        found = []
        for offset in range(3):
            _, page = await client.ask("GET", f"/companies?limit=1&offset={offset}")
            if not page:
                break
            found += [row["name"] for row in page]

    assert found == seen


CONTACTS = (
    {"_id": "1", "email": "a@x.example", "archived": True},
    {"_id": "2", "email": "b@x.example", "archived": False},
)


def ids(sandbox: Sandbox, **asked: str) -> list[str]:
    return [row["_id"] for row in rows(sandbox, ENDUSERS, **asked)]


@pytest.mark.parametrize(
    ("options", "asked", "found"),
    [
        ({}, {}, ["1", "2"]),
        ({}, {"archived": "true"}, ["1"]),
        ({}, {"archived": "false"}, ["2"]),
        ({"hides_archived": True}, {}, ["2"]),
        ({"hides_archived": True}, {"archived": "true"}, ["1"]),
        ({"filters": False}, {"email": "a@x.example"}, ["1", "2"]),
    ],
)
def test_a_list_may_hide_archived_ones_and_ignore_filters(
    options: dict[str, Any], asked: dict[str, str], found: list[str]
) -> None:
    sandbox = Sandbox(SandboxOptions(records={"endusers": CONTACTS}, **options))

    assert ids(sandbox, **asked) == found


def test_a_deletion_may_take_effect_late() -> None:
    sandbox = Sandbox(SandboxOptions(records={"endusers": CONTACTS}, late_deletions=2))

    reads.delete(sandbox, ENDUSERS, {"id": "1"})

    found = [reads.read(sandbox, ENDUSERS, {"id": "1"}).status for _ in range(3)]
    assert found == [200, 200, 404]
    assert ids(sandbox) == ["2"]
