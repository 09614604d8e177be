"""Ids of Hull's that Planhat does not know (any more): what it costs, and what Hull is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

import pytest

from consumer.outbox.result_queue import result_of
from planhat_client.sandbox import SandboxOptions
from planhat_client.sandbox.options import UnknownId
from tests.consumer.engine.test_gone import Reading
from tests.consumer.engine_run import account, account_message, user_message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planhat_client.sandbox.options import Shape

HEALTHY = 20
ANSWERS: tuple[UnknownId, ...] = get_args(UnknownId)
SHAPES: list[Shape] = ["object", "el", "text_with_key"]


def stale(kind: str, number: int) -> str:
    return f"6{kind}{number:022x}"


def company(number: int, count: int) -> dict[str, Any]:
    """An account whose id Planhat does not know, but for the healthy ones."""
    ids = {"planhat/id": stale("c", number)} if number < count else {}
    return account(number, name=f"New {number}", **ids)


def user(number: int, count: int) -> dict[str, Any]:
    ids = {"traits_planhat/id": stale("a", number)} if number < count else {}
    added = {"traits_version": 2, **ids}
    return user_message(number, company(number, count), user=added)


def long_ago(options: SandboxOptions, numbers: Iterable[int]) -> Reading:
    """What Planhat has since long, and what nothing else is remembered of."""
    engine = Reading(options)
    engine.take(*(account_message(account(number)) for number in numbers))
    engine.take(*(user_message(number, account(number)) for number in numbers))
    engine.run()
    for lane in engine.lanes.values():
        lane.memory.ids.clear()
        lane.memory.digests.clear()
    engine.now += 3600.0
    engine.read_directories()
    engine.calls.clear()
    engine.ended.clear()
    return engine


def results(engine: Reading) -> dict[str, dict[str, Any]]:
    """The last result of each profile, by its Hull id."""
    made = (result_of(end, 0.0) for end in engine.ended)
    documents = [json.loads(result.value) for result in made if result is not None]
    return {document["hull_id"]: document for document in documents}


@pytest.mark.parametrize("is_merged", [False, True], ids=["deleted", "merged away"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("unknown_id", ANSWERS)
@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_hundreds_of_stale_ids_end_well_in_a_few_calls_and_hull_is_told(
    count: int,
    unknown_id: UnknownId,
    shape: Shape,
    is_merged: bool,  # noqa: FBT001 - a column
) -> None:
    numbers = range(count + HEALTHY)
    there = numbers if is_merged else range(count, count + HEALTHY)
    engine = long_ago(SandboxOptions(unknown_id=unknown_id, error_shape=shape), there)

    engine.take(*(account_message(company(number, count)) for number in numbers))
    engine.take(*(user(number, count) for number in numbers))
    engine.run()

    users = {row["externalId"]: row for row in engine.rows("endusers")}
    companies = {row["externalId"]: row for row in engine.rows("companies")}
    assert len(engine.rows("endusers")) == len(engine.rows("companies")) == len(numbers)
    assert engine.letters == []
    assert engine.calls["companies"] <= 4
    assert engine.calls["endusers"] <= 8
    told = results(engine)
    for number in numbers:
        row, home = users[f"u-{number}"], companies[f"a-{number}"]
        assert (row["custom"]["version"], row["companyId"]) == (2, home["_id"])
        for hull_id, found, old in (
            (f"user-{number}", row, stale("a", number)),
            (f"account-{number}", home, stale("c", number)),
        ):
            # Created anew under the very id, it holds again.
            is_replaced = number < count and found["_id"] != old
            assert told[hull_id].get("replaced") == (old if is_replaced else None)
            assert told[hull_id]["planhat_id"] == found["_id"]


@pytest.mark.parametrize("unknown_id", ANSWERS)
def test_an_id_that_failed_is_not_believed_again_and_hull_is_told_again(
    unknown_id: UnknownId,
) -> None:
    engine = long_ago(SandboxOptions(unknown_id=unknown_id), range(5))
    messages = [
        *(account_message(company(at, 5)) for at in range(5)),
        *(user(at, 5) for at in range(5)),
    ]
    engine.take(*messages)
    engine.run()
    calls, before = dict(engine.calls), results(engine)
    engine.ended.clear()

    engine.take(*messages)
    engine.run()

    assert engine.calls == calls
    names = ("planhat_id", "replaced")
    again = results(engine)
    assert {key: [one[name] for name in names] for key, one in again.items()} == {
        key: [one[name] for name in names] for key, one in before.items()
    }


def test_of_a_record_that_is_as_it_should_be_the_right_id_is_told_when_an_answer_names_it() -> None:
    engine = long_ago(SandboxOptions(unknown_id="refused"), range(1))
    as_it_is = {"traits_planhat/id": stale("a", 0)}
    engine.take(user_message(0, account(0), user=as_it_is))
    engine.run()
    told = results(engine)["user-0"]

    engine.take(user_message(0, account(0), user={**as_it_is, "traits_version": 3}))
    engine.run()

    (row,) = engine.rows("endusers")
    again = results(engine)["user-0"]
    assert (told["planhat_id"], told["replaced"], told["action"]) == (
        None,
        stale("a", 0),
        "unchanged",
    )
    assert (again["planhat_id"], again["replaced"]) == (row["_id"], stale("a", 0))


def test_one_whose_company_is_gone_among_stale_ids_costs_only_itself() -> None:
    engine = long_ago(SandboxOptions(unknown_id="refused"), range(50))
    users = [user(number, 50) for number in range(50)]
    users[7]["account"] = account("nowhere", **{"planhat/id": stale("c", 7)})
    users[7]["account_segments"] = []

    engine.take(*users)
    engine.run()

    versions = [row.get("custom", {}).get("version") for row in engine.rows("endusers")]
    assert versions == [2] * 7 + [None] + [2] * 42
    assert engine.letters == []
