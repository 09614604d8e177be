"""Which events are stored, and which are lost in silence."""

from __future__ import annotations

import pytest

from planhat_client.sandbox import Sandbox, SandboxOptions
from planhat_client.sandbox.activities import BULK, SINGLE, Names
from planhat_client.sandbox.work import event_work


@pytest.fixture
def sandbox() -> Sandbox:
    sandbox = Sandbox(SandboxOptions())
    for number, company in enumerate(("acme", "globex"), 1):
        record = {"_id": f"c{number}", "externalId": company, "name": company}
        sandbox.state.records["companies"].add(record)
        sandbox.state.records["endusers"].add(
            {
                "_id": f"e{number}",
                "externalId": "u1",
                "companyId": f"c{number}",
                "email": f"ada@{company}.io",
            }
        )
    return sandbox


def taken(sandbox: Sandbox, event: object, names: Names) -> str | None:
    sandbox.sink.take(event, names)
    return sandbox.state.activities[-1]["enduserId"] if sandbox.state.activities else None


@pytest.mark.parametrize(
    ("event", "names", "enduser"),
    [
        pytest.param({"email": "ada@globex.io"}, SINGLE, "e2", id="single by address"),
        pytest.param(
            {"externalId": "u1", "companyExternalId": "globex"}, SINGLE, "e2", id="single by key"
        ),
        pytest.param({"externalId": "u1", "companyId": "c2"}, SINGLE, "e2", id="single by both"),
        pytest.param({"id": "u1", "cId": "globex"}, BULK, "e2", id="bulk, names of 2017"),
        pytest.param(
            {"euExtId": "u1", "companyExternalId": "globex"}, BULK, "e2", id="bulk, names of 2023"
        ),
        pytest.param({"externalId": "u1", "cId": "acme"}, BULK, "e1", id="bulk, long name"),
        pytest.param({"id": "u1", "email": "ada@globex.io"}, SINGLE, "e2", id="single has no id"),
        pytest.param({"euExtId": "u1"}, SINGLE, None, id="single has no euExtId"),
        pytest.param({"externalId": "unknown"}, SINGLE, None, id="unknown enduser"),
        pytest.param({"action": "Signed in"}, BULK, None, id="nobody"),
        pytest.param("text", BULK, None, id="no object"),
    ],
)
def test_an_event_means_an_enduser(
    sandbox: Sandbox, event: object, names: Names, enduser: str | None
) -> None:
    assert taken(sandbox, event, names) == enduser

    counters = sandbox.report()["counters"]
    assert (counters["stored"], counters["dropped"]) == ((1, 0) if enduser else (0, 1))


@pytest.mark.parametrize(
    ("event", "told"),
    [
        pytest.param(
            {"email": "eve@x.io"},
            {"reason": "no such contact is there at this moment", "event": {"email": "eve@x.io"}},
            id="unknown",
        ),
        pytest.param(
            {"action": "a"},
            {"reason": "it names no contact", "event": {"action": "a"}},
            id="nobody",
        ),
        pytest.param(["e"], {"reason": "it is no object", "event": ["e"]}, id="no object"),
    ],
)
def test_a_dropped_event_is_told_with_its_reason(
    sandbox: Sandbox, event: object, told: dict[str, object]
) -> None:
    sandbox.sink.take(event, BULK)

    assert sandbox.contents()["dropped"] == [told]


def test_an_event_that_may_mean_several_goes_to_one_of_them(sandbox: Sandbox) -> None:
    assert taken(sandbox, {"externalId": "u1"}, SINGLE) == "e1"

    assert sandbox.report()["counters"]["ambiguous"] == 1


def test_the_primary_one_of_several_has_the_event(sandbox: Sandbox) -> None:
    sandbox.state.records["endusers"].by_id["e2"]["primary"] = True

    assert taken(sandbox, {"externalId": "u1"}, SINGLE) == "e2"


def test_events_of_one_enduser_out_of_order_are_overtakes(sandbox: Sandbox) -> None:
    for number in (1, 3, 2):
        taken(sandbox, {"email": "ada@acme.io", "info": {"version": number}}, SINGLE)

    assert sandbox.report()["counters"]["overtakes"] == 1


@pytest.mark.parametrize(
    ("body", "endpoint"),
    [
        pytest.param(b"not json", "bulk", id="no JSON"),
        pytest.param(b"{}", "bulk", id="object to bulk"),
        pytest.param(b"[]", "single", id="array to single"),
    ],
)
def test_what_can_not_be_read_is_answered_200_and_dropped(
    sandbox: Sandbox, body: bytes, endpoint: str
) -> None:
    reply = event_work(sandbox, body, BULK, is_bulk=endpoint == "bulk").finish(None)

    assert reply.status == 200
    assert sandbox.report()["counters"]["dropped"] == 1


def test_an_activity_is_counted_at_its_contact(sandbox: Sandbox) -> None:
    for _ in range(2):
        taken(sandbox, {"email": "ada@acme.io"}, SINGLE)

    counts = [one.get("beatsTotal") for one in sandbox.state.records["endusers"]]
    assert counts == [2, None]
