"""One entry a profile, joined while it waits, bounded."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from consumer.lanes.part import Ended, Part
from consumer.outbox.result_queue import Result, ResultQueue, result_of
from schemas.planhat import Resource
from tests.consumer.lane_bench import receipt


def result(number: int, action: str | None = "updated", planhat_id: str | None = "p") -> Result:
    return Result("user", f"u{number}", planhat_id, action, 1_790_000_000.5 + number)


def ended(resource: Resource, ending: str = "delivered") -> Ended:
    return Ended(Part(resource, "hull", {}, (), receipt()), ending, "", "id", "created")  # type: ignore[arg-type]  # of Ending


def test_the_record_tells_of_whom_what_was_done_and_when() -> None:
    found = result(1, "created", "5a01")

    assert json.loads(found.value) == {
        "type": "user",
        "hull_id": "u1",
        "planhat_id": "5a01",
        "action": "created",
        "delivered_at": "2026-09-21T14:13:21.500Z",
    }


@pytest.mark.parametrize(
    ("planhat_id", "replaced", "told"),
    [("new", "old", {"replaced": "old"}), ("old", "old", {}), (None, "old", {"replaced": "old"})],
)
def test_an_id_that_did_not_hold_is_told_beside_the_right_one(
    planhat_id: str | None, replaced: str, told: dict[str, str]
) -> None:
    end = ended(Resource.ENDUSERS)
    end.planhat_id, end.part.replaced = planhat_id, replaced
    found = result_of(end, 5.0)

    assert found is not None
    assert {
        key: value for key, value in json.loads(found.value).items() if key == "replaced"
    } == told


def test_an_id_that_did_not_hold_is_not_forgotten_while_its_result_waits() -> None:
    queue = ResultQueue(10)
    queue.put(replace(result(1, planhat_id="new"), replaced="old"))
    queue.put(result(1, "unchanged", None))

    (found,) = queue.take(10)
    assert (found.planhat_id, found.replaced) == ("new", "old")


@pytest.mark.parametrize(
    ("resource", "kind"), [(Resource.ENDUSERS, "user"), (Resource.COMPANIES, "account")]
)
def test_users_and_accounts_that_were_delivered_have_a_result(
    resource: Resource, kind: str
) -> None:
    found = result_of(ended(resource), 5.0)

    assert found == Result(kind, "hull", "id", "created", 5.0)  # type: ignore[arg-type]  # of Profile


def test_an_id_that_no_topic_may_take_has_no_result() -> None:
    part = Part(Resource.ENDUSERS, "x" * 1001, {}, (), receipt())

    assert result_of(Ended(part, "delivered"), 5.0) is None


@pytest.mark.parametrize(
    "end",
    [
        ended(Resource.ACTIVITIES),
        ended(Resource.LICENSES),
        ended(Resource.ENDUSERS, "rejected"),
        ended(Resource.COMPANIES, "skipped"),
    ],
)
def test_nothing_else_has_a_result(end: Ended) -> None:
    assert result_of(end, 5.0) is None


@pytest.mark.parametrize(
    ("older", "newer", "joined"),
    [
        ("created", "updated", "created"),
        ("created", "unchanged", "created"),
        ("updated", "unchanged", "updated"),
        ("unchanged", "updated", "updated"),
        ("updated", None, "updated"),
        (None, "updated", "updated"),
        (None, "unchanged", "unchanged"),
        (None, None, None),
    ],
)
def test_two_results_of_a_profile_are_joined(
    older: str | None, newer: str | None, joined: str | None
) -> None:
    queue = ResultQueue(10)
    queue.put(result(1, older, "known"))

    queue.put(Result("user", "u1", None, newer, 9.0))

    assert queue.take(10) == [Result("user", "u1", "known", joined, 9.0)]


def test_beyond_the_bound_the_oldest_gives_way_and_is_counted() -> None:
    queue = ResultQueue(3)
    for number in range(5):
        queue.put(result(number))

    assert [one.hull_id for one in queue.take(10)] == ["u2", "u3", "u4"]
    assert queue.dropped == 2


def test_what_is_put_back_goes_first_and_keeps_newer_news() -> None:
    queue = ResultQueue(10)
    for number in range(3):
        queue.put(result(number, "created"))
    batch = queue.take(2)
    queue.put(result(1, "updated"))

    queue.put_back(batch)

    found = queue.take(10)
    assert [one.hull_id for one in found] == ["u0", "u1", "u2"]
    assert found[1].action == "created"


def test_what_is_put_back_is_bounded_too() -> None:
    queue = ResultQueue(2)
    queue.put(result(0))
    batch = queue.take(1)
    queue.put(result(1))
    queue.put(result(2))

    queue.put_back(batch)

    assert [one.hull_id for one in queue.take(10)] == ["u1", "u2"]
    assert queue.dropped == 1
