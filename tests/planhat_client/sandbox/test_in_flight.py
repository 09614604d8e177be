"""What the witness sees: overlaps, overtakes, repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from planhat_client.sandbox import Sandbox, SandboxOptions, WitnessOptions
from planhat_client.sandbox.models import COMPANIES
from planhat_client.sandbox.work import Work, bulk_work

if TYPE_CHECKING:
    from pathlib import Path


def arrive(sandbox: Sandbox, *items: dict[str, Any], has_left: bool = False) -> Work:
    return bulk_work(sandbox, COMPANIES, orjson.dumps(items), lambda: has_left)


def put(sandbox: Sandbox, *items: dict[str, Any]) -> None:
    work = arrive(sandbox, *items)
    work.finish(None)
    work.release()


def counters(sandbox: Sandbox) -> dict[str, Any]:
    found: dict[str, Any] = sandbox.report()["counters"]
    return found


def version(number: float) -> dict[str, Any]:
    return {"externalId": "acme", "name": "Acme", "custom": {"version": number}}


def test_a_record_in_two_requests_at_once_fails_in_the_later_one() -> None:
    sandbox = Sandbox(SandboxOptions())
    first = arrive(sandbox, version(1))

    second = arrive(sandbox, version(2), {"externalId": "other", "name": "Other"})

    reply = second.finish(None)
    assert reply.status == 206
    assert b"externalId,email duplicated" in reply.body
    assert first.finish(None).status == 200
    assert counters(sandbox)["overlaps"] == 1


def test_a_record_known_by_two_keys_is_one_in_flight() -> None:
    sandbox = Sandbox(SandboxOptions())
    put(sandbox, version(1) | {"sourceId": "s1"})
    arrive(sandbox, {"sourceId": "s1"})

    second = arrive(sandbox, {"externalId": "acme"})

    assert b"duplicated" in second.finish(None).body


def test_an_answered_request_holds_nothing() -> None:
    sandbox = Sandbox(SandboxOptions())
    put(sandbox, version(1))

    put(sandbox, version(2))

    assert counters(sandbox)["overlaps"] == 0
    assert counters(sandbox)["updated"] == 1


def test_an_overlap_with_a_request_whose_client_has_left_is_counted_apart() -> None:
    sandbox = Sandbox(SandboxOptions())
    arrive(sandbox, version(1), has_left=True)

    arrive(sandbox, version(2))

    assert (counters(sandbox)["overlaps"], counters(sandbox)["abandoned"]) == (0, 1)


def test_a_company_that_came_meanwhile_is_found_when_the_write_takes_effect() -> None:
    sandbox = Sandbox(SandboxOptions())
    late = bulk_work(
        sandbox,
        COMPANIES,
        orjson.dumps([{"sourceId": "s1", "externalId": "x", "name": "X"}]),
        lambda: False,
    )
    put(sandbox, {"externalId": "x", "name": "X"})

    reply = late.finish(None)

    assert b"externalId duplicated" in reply.body


def test_an_older_version_after_a_newer_one_is_an_overtake() -> None:
    sandbox = Sandbox(SandboxOptions())
    for number in (1, 3, 2, 2, 4):
        put(sandbox, version(number))

    assert (counters(sandbox)["overtakes"], counters(sandbox)["repeats"]) == (1, 1)
    assert [write.version for write in sandbox.witness.writes] == [1, 3, 2, 2, 4]


def test_the_version_may_lie_elsewhere() -> None:
    options = SandboxOptions(witness=WitnessOptions(version_field="rev"))
    sandbox = Sandbox(options)

    for number in (2, 1):
        put(sandbox, {"externalId": "acme", "name": "Acme", "rev": number})

    assert counters(sandbox)["overtakes"] == 1


def test_writes_go_to_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "writes.jsonl"
    sandbox = Sandbox(SandboxOptions(witness=WitnessOptions(writes_file=str(path))))
    put(sandbox, version(1))

    sandbox.witness.close()

    (line,) = path.read_text().splitlines()
    written = orjson.loads(line)
    assert (written["resource"], written["key"], written["version"]) == ("companies", "acme", 1)


def test_a_reset_while_a_request_is_in_flight_harms_nothing() -> None:
    sandbox = Sandbox(SandboxOptions())
    work = arrive(sandbox, version(1))

    sandbox.reset()

    assert work.finish(None).status == 200
    work.release()
