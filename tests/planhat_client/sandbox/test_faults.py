"""Which fault hits, what is refused, and in what shape that is told."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from planhat_client.sandbox import Fault, Refusal, Sandbox, SandboxOptions
from planhat_client.sandbox.answers import SHAPES, BulkResult, Failure, document, json_reply
from planhat_client.sandbox.faults import BodyForm, Faults, Kind, faulty
from planhat_client.sandbox.models import COMPANIES
from planhat_client.sandbox.options import read
from planhat_client.sandbox.work import bulk_work

if TYPE_CHECKING:
    from planhat_client.sandbox.options import Shape, UnknownId


def hits(faults: Faults, resource: str = "endusers", method: str = "PUT", now: float = 0) -> bool:
    return faults.choose(resource, method, now) is not None


def switched_on(**members: object) -> Faults:
    faults = Faults()
    faults.add([Fault.from_json({"kind": "reset"} | members)], 0)
    return faults


def put(sandbox: Sandbox, *items: dict[str, Any]) -> tuple[int, Any]:
    work = bulk_work(sandbox, COMPANIES, orjson.dumps(items), lambda: False)
    reply = work.finish(sandbox.faults.choose("companies", "PUT", 0))
    work.release()
    return reply.status, orjson.loads(reply.body)


def test_nothing_hits_when_nothing_is_on() -> None:
    assert not hits(Faults())


def test_a_fault_hits_so_many_times() -> None:
    faults = switched_on(count=2)

    assert [hits(faults) for _ in range(3)] == [True, True, False]


def test_a_fault_hits_for_so_long() -> None:
    faults = switched_on(seconds=5)

    assert hits(faults, now=4.9)
    assert not hits(faults, now=5)


def test_a_fault_hits_what_it_concerns() -> None:
    faults = switched_on(resource="licenses", method="PUT")

    assert not hits(faults, "companies")
    assert not hits(faults, "licenses", "GET")
    assert hits(faults, "licenses")


def test_a_fault_may_hit_only_bodies_that_hold_a_text() -> None:
    faults = switched_on(contains="<script>")

    assert faults.choose("endusers", "PUT", 0, b'[{"name":"<script>"}]') is not None
    assert faults.choose("endusers", "PUT", 0, b'[{"name":"script"}]') is None
    assert faults.choose("endusers", "GET", 0) is None


@pytest.mark.parametrize(
    ("unknown_id", "status", "answer"),
    [("created", 200, "created"), ("refused", 400, "createdErrors"), ("ignored", 200, None)],
)
def test_an_id_that_no_record_has_is_answered_as_wanted(
    unknown_id: UnknownId, status: int, answer: str | None
) -> None:
    sandbox = Sandbox(SandboxOptions(unknown_id=unknown_id))

    told, result = put(sandbox, {"_id": "5f" + "0" * 22, "name": "Acme", "externalId": "a"})

    assert told == status
    assert [name for name in ("created", "createdErrors") if result.get(name)] == (
        [] if answer is None else [answer]
    )


def test_a_fault_hits_by_its_probability_and_its_seed() -> None:
    first = [hits(faults) for faults in [switched_on(probability=0.3, seed=7)] for _ in range(200)]
    again = [hits(faults) for faults in [switched_on(probability=0.3, seed=7)] for _ in range(200)]

    assert first == again
    assert 40 < sum(first) < 80


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param([], "fault: Expected `object`", id="no object"),
        pytest.param({"kind": "flood"}, r"'flood' - at `\$.kind`", id="kind"),
        pytest.param({"kind": "reset", "every": 2}, "unknown field `every`", id="unknown member"),
        pytest.param({"kind": "reset", "count": "2"}, r"got `str` - at `\$.count`", id="type"),
        pytest.param({"probability": 1}, "missing required field `kind`", id="no kind"),
    ],
)
def test_a_wrong_fault_is_named(document: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Fault.from_json(document)


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        pytest.param("status", 503, b'{"error":"Service Unavailable"}', id="status"),
        pytest.param("unauthorized", 401, b'"Unauthorized"', id="unauthorized"),
        pytest.param("forbidden", 403, b'"Forbidden"', id="forbidden"),
        pytest.param("malformed", 200, b'{"a', id="malformed"),
        pytest.param("empty", 200, b"", id="empty"),
        pytest.param("slow", 200, b'{"a":1}', id="slow"),
    ],
)
def test_a_fault_puts_another_answer_in_place(kind: Kind, status: int, body: bytes) -> None:
    reply = faulty(Fault(kind), json_reply({"a": 1}))

    assert (reply.status, reply.body) == (status, body)


@pytest.mark.parametrize("form", ["json", "text", "html", "empty"])
def test_a_status_comes_with_a_body_of_any_form_and_its_header(form: BodyForm) -> None:
    reply = faulty(Fault("status", status=429, retry_after=2.5, body=form), None)

    assert (reply.status, reply.headers) == (429, {"Retry-After": "2.5"})
    assert (reply.body == b"") == (form == "empty")


def test_an_unknown_status_has_a_body_too() -> None:
    assert faulty(Fault("status", status=599), None).body == b'{"error":"Unknown"}'


def test_refused_items_fail_for_ever_and_alone() -> None:
    sandbox = Sandbox(SandboxOptions())
    sandbox.refusals.extend([Refusal("custom.bad", message="no")])

    for _ in range(2):
        status, answer = put(
            sandbox,
            {"externalId": "a", "name": "A"},
            {"externalId": "b", "name": "B", "custom": {"bad": 1}},
        )
        assert status == 206
        assert [entry["error"] for entry in answer["createdErrors"]] == ["no"]


def test_a_poisonous_item_costs_the_whole_request() -> None:
    sandbox = Sandbox(SandboxOptions())
    sandbox.refusals.extend([Refusal("externalId", (7, "x"), how="request", status=500)])

    assert put(sandbox, {"externalId": "a", "name": "A"}, {"externalId": 7, "name": "B"})[0] == 500
    assert put(sandbox, {"externalId": "a", "name": "A"})[0] == 200


def test_without_permission_for_any_item_the_answer_is_403_with_lists() -> None:
    sandbox = Sandbox(SandboxOptions())
    sandbox.refusals.extend([Refusal("name", list_name="permissionErrors")])

    status, answer = put(sandbox, {"name": "A"})

    assert (status, len(answer["permissionErrors"]), answer["createdErrors"]) == (403, 1, [])


def test_a_partial_fault_fails_a_share_of_the_items_once() -> None:
    sandbox = Sandbox(SandboxOptions())
    sandbox.faults.add([Fault("partial", count=1, share=0.5, shape="text")], 0)
    items = [{"externalId": f"c{number}", "name": "C"} for number in range(100)]

    status, answer = put(sandbox, *items)

    assert status == 206
    assert answer["createdErrors"][0] == "could not be saved"
    assert 30 < answer["created"] < 70
    assert put(sandbox, *items)[0] == 200


def test_rules_of_the_options_are_on_from_the_start() -> None:
    options = {
        "faults": [{"kind": "empty"}],
        "refusals": [{"field": "name"}],
        "quota": {"parallel": 3},
    }

    sandbox = Sandbox(read(SandboxOptions, options, "options"))

    assert [fault["kind"] for fault in sandbox.switches()["faults"]] == ["empty"]
    assert [rule["field"] for rule in sandbox.switches()["refusals"]] == ["name"]
    assert sandbox.quota.options.parallel == 3


@pytest.mark.parametrize(
    ("shape", "entry"),
    [
        pytest.param("text", "bad", id="text"),
        pytest.param("text_with_key", "bad: u1", id="text with key"),
        pytest.param("object", {"externalId": "u1", "error": "bad"}, id="object"),
        pytest.param("item", {"item": {"externalId": "u1", "x": 1}, "error": "bad"}, id="item"),
        pytest.param("index", {"index": 3, "errmsg": "bad"}, id="index"),
        pytest.param(
            "unknown",
            [{"code": 11000, "driver": True, "detail": {"why": ["bad"]}}],
            id="of no known shape",
        ),
    ],
)
def test_an_entry_has_the_wanted_shape(shape: Shape, entry: object) -> None:
    failed = BulkResult(failures=[Failure(3, {"externalId": "u1", "x": 1}, "bad")])

    answer = document(failed, shape, "all", Random(0))

    assert answer["createdErrors"] == [entry]


def test_lists_may_be_absent() -> None:
    failed = BulkResult(nonupdates=1, failures=[Failure(0, {}, "bad")])

    answer = document(failed, "lists_absent", "all", Random(0))

    assert "createdErrors" not in answer
    assert (failed.status, answer["nonupdates"]) == (206, 1)


def test_all_may_be_called_nonupdates() -> None:
    result = BulkResult(created=[{"_id": "a"}], updated=[{"_id": "b"}], nonupdates=1)

    answer = document(result, "nonupdates_only", "all", Random(0))

    assert (answer["created"], answer["updated"], answer["nonupdates"]) == (0, 0, 3)
    assert answer["insertsKeys"] == answer["modified"] == []


def test_keys_may_be_told_without_external_ids() -> None:
    result = BulkResult(created=[{"_id": "a", "externalId": "x"}])

    assert document(result, "item", "id", Random(0))["insertsKeys"] == [{"_id": "a"}]


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_hides_that_an_item_failed(shape: Shape) -> None:
    result = BulkResult(created=[{"_id": "a"}], failures=[Failure(1, {}, "bad")])

    answer = document(result, shape, "all", Random(1))

    entries = answer.get("createdErrors", [])
    taken = answer["created"] + answer["updated"] + answer["nonupdates"]
    assert result.status == 206
    assert entries or taken < 2
