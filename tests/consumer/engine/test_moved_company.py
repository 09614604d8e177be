"""Accounts that are merged in Hull or get another external id: companies stay, users move."""

from __future__ import annotations

from typing import Any

import pytest

from tests.consumer.engine_run import Engine, account, account_message, user_message

Order = tuple[str, ...]


def told(changes: dict[str, Any], company: dict[str, Any]) -> dict[str, Any]:
    return account_message(company, changes={"is_new": False, "account": changes})


def told_user(number: int, changes: dict[str, Any], company: dict[str, Any]) -> dict[str, Any]:
    whole = {"is_new": False, "user": {}, "account": changes}
    return user_message(number, company, changes=whole)


def rekeyed(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What changed, and the account as it is now."""
    return {"external_id": [f"a-{number}", f"b-{number}"]}, account(
        number, external_id=f"b-{number}"
    )


def merged(gone: int, kept: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a user of the account that is gone is told, and the account that it has now."""
    changes = {
        "external_id": [f"a-{gone}", f"a-{kept}"],
        "domain": [f"{gone}.example", f"{kept}.example"],
    }
    return changes, account(kept)


def restart(engine: Engine) -> None:
    """Nothing is known but what Planhat's list of companies tells."""
    for lane in engine.lanes.values():
        lane.memory.ids.clear()
        lane.memory.digests.clear()
    engine.read_directories()


def lookups(engine: Engine) -> int:
    return engine.calls["enduser"]


def homes(engine: Engine) -> dict[str, str]:
    """The external id of each contact's company."""
    names = {row["_id"]: row["externalId"] for row in engine.rows("companies")}
    return {row["externalId"]: names[row["companyId"]] for row in engine.rows("endusers")}


def inhabited(users: int = 3, **policy: Any) -> Engine:  # noqa: ANN401 - of LanePolicy
    """Users of account 1, and an account 2 without any."""
    engine = Engine(**policy)
    engine.take(account_message(account(1)), account_message(account(2)))
    engine.take(*(user_message(number, account(1)) for number in range(users)))
    engine.run()
    return engine


@pytest.mark.parametrize("is_cold", [False, True], ids=["known", "after a restart"])
def test_users_of_an_account_that_was_merged_move_to_the_other(is_cold: bool) -> None:  # noqa: FBT001 - a column
    engine = inhabited()
    if is_cold:
        restart(engine)

    engine.take(*(told_user(number, *merged(1, 2)) for number in range(3)))
    engine.run()

    assert homes(engine) == {"u-0": "a-2", "u-1": "a-2", "u-2": "a-2"}
    assert len(engine.rows("endusers")) == 3
    assert (lookups(engine) > 0) is is_cold


@pytest.mark.parametrize("is_cold", [False, True], ids=["known", "after a restart"])
@pytest.mark.parametrize("order", [("account", "users"), ("users", "account"), ("users",)], ids=str)
def test_an_account_with_another_external_id_keeps_its_company_and_users(
    is_cold: bool,  # noqa: FBT001 - a column
    order: Order,
) -> None:
    engine = inhabited()
    before = {row["externalId"]: row["_id"] for row in engine.rows("companies")}
    if is_cold:
        restart(engine)

    changed = rekeyed(1)
    said = {
        "account": [told(*changed)],
        "users": [told_user(number, *changed) for number in range(3)],
    }
    for who in order:
        engine.take(*said[who])
        engine.run()

    company = next(row for row in engine.rows("companies") if row["_id"] == before["a-1"])
    assert len(engine.rows("companies")) == 2
    assert company["externalId"] == ("b-1" if "account" in order else "a-1")
    assert [row["companyId"] for row in engine.rows("endusers")] == [company["_id"]] * 3
    assert lookups(engine) == 0
    assert engine.letters == []


def test_the_account_and_its_users_may_come_in_one_batch() -> None:
    engine = inhabited()
    restart(engine)
    changed = rekeyed(1)

    engine.take(*(told_user(number, *changed) for number in range(2)), told(*changed))
    engine.take(told_user(2, *changed))
    engine.run()

    assert [row["externalId"] for row in engine.rows("companies")] == ["b-1", "a-2"]
    assert set(homes(engine).values()) == {"b-1"}


def test_a_company_is_found_by_its_old_id_whatever_was_told_meanwhile() -> None:
    engine = inhabited()
    restart(engine)
    again = {"external_id": ["b-1", "c-1"]}, account(1, external_id="c-1")

    engine.take(told_user(0, *rekeyed(1)), told_user(0, *again))
    engine.take(user_message(1, account(1, external_id="b-1")))
    engine.take(told(*rekeyed(1)), told(*again))
    engine.run()

    assert [row["externalId"] for row in engine.rows("companies")] == ["c-1", "a-2"]
    assert set(homes(engine).values()) == {"c-1"}


def test_who_still_names_the_old_external_id_later_makes_no_second_company() -> None:
    engine = inhabited()
    engine.take(told(*rekeyed(1)))
    engine.run()
    engine.now += 100.0
    engine.read_directories()

    engine.take(user_message(7, account(1)))
    engine.run()

    assert len(engine.rows("companies")) == 2
    assert homes(engine)["u-7"] == "b-1"


def test_two_accounts_may_change_their_external_ids_one_after_the_other() -> None:
    engine = inhabited()
    ids = [row["_id"] for row in engine.rows("companies")]
    restart(engine)

    engine.take(told(*rekeyed(1)))
    engine.run()
    engine.take(told({"external_id": ["a-2", "a-1"]}, account(2, external_id="a-1")))
    engine.run()

    assert [(row["_id"], row["externalId"]) for row in engine.rows("companies")] == [
        (ids[0], "b-1"),
        (ids[1], "a-1"),
    ]


def test_a_company_that_the_new_external_id_has_is_taken_and_not_renamed() -> None:
    engine = inhabited()
    restart(engine)

    engine.take(told_user(0, {"external_id": ["a-1", "a-2"]}, account(2)), told(*rekeyed(2)))
    engine.run()

    assert sorted(row["externalId"] for row in engine.rows("companies")) == ["a-1", "b-2"]
    assert homes(engine)["u-0"] == "b-2"


@pytest.mark.parametrize("change", [rekeyed(1), merged(1, 2)], ids=["another id", "merged"])
@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_a_replay_of_thousands_whose_account_changed_costs_no_call(
    count: int, change: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    engine = inhabited(count)
    messages = [told(*change), *(told_user(number, *change) for number in range(count))]
    engine.take(*messages)
    engine.run()
    calls = dict(engine.calls)

    engine.take(*messages)
    engine.run()

    assert engine.calls == calls
    assert lookups(engine) == 0
    assert len(engine.rows("endusers")) == count


def test_after_a_restart_too_only_the_first_time_costs_calls() -> None:
    engine = inhabited(50)
    restart(engine)
    messages = [told_user(number, *merged(1, 2)) for number in range(50)]
    engine.take(*messages)
    engine.run()
    calls = dict(engine.calls)

    engine.take(*messages)
    engine.run()

    assert engine.calls == calls


def test_another_domain_of_an_account_with_an_external_id_moves_nobody_and_costs_no_call() -> None:
    engine = inhabited()
    calls = dict(engine.calls)

    changes = {"domain": ["old.example", "new.example"]}
    engine.take(*(told_user(number, changes, account(1)) for number in range(3)))
    engine.run()

    assert engine.calls == calls
