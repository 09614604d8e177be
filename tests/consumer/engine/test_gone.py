"""Who names a company or a record that is gone in Planhat goes on, or ends with a reason."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from consumer.lanes.batch import Batch
from planhat_client.protocol import Delivered
from planhat_client.sandbox import SandboxOptions
from planhat_client.sandbox.models import COMPANIES, ENDUSERS
from schemas.planhat import BulkResult, Resource
from tests.consumer.engine_run import Engine, account, account_message, user_message

if TYPE_CHECKING:
    from planhat_client.sandbox.models import Model
    from planhat_client.sandbox.options import UnknownId

ANSWERS: tuple[UnknownId, ...] = ("created", "refused", "ignored")
STALE = "5f" + "0" * 22
MOST_SECONDS = 5.0


class Reading(Engine):
    """An engine that reads the directory when it wants to be read, as time goes by."""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        super().__init__(options)
        self.readings = 0

    def look_up(self) -> bool:
        if self.directory.try_now(self.now):
            self.readings += 1
            self.directory.begin()
            self.read_directories()
            return True
        if self.planner.gone.waiting:
            self.now += 1.0
            return True
        return super().look_up()

    def delete(self, model: Model, external_id: str) -> dict[str, Any]:
        (found,) = self.sandbox.state.records[model.name].having("externalId", external_id)
        self.sandbox.state.delete(model, found)
        return found

    def company_of(self, user: str) -> str:
        (row,) = [row for row in self.rows("endusers") if row["externalId"] == user]
        return str(row["companyId"])


def old_company(unknown_id: UnknownId = "created") -> Reading:
    """One company that was made long ago, with one user."""
    engine = Reading(SandboxOptions(unknown_id=unknown_id))
    engine.take(account_message(account(1)), user_message(1, account(1)))
    engine.run(10.0)
    engine.now += 3600.0
    engine.read_directories()
    return engine


OUTSIDE: list[dict[str, str]] = []


def test_users_of_a_deleted_company_get_it_made_anew_if_it_may_be() -> None:
    engine = old_company()
    engine.delete(COMPANIES, "a-1")
    engine.readings = 0

    engine.take(*(user_message(number, account(1)) for number in range(10, 60)))
    engine.run()

    (company,) = engine.rows("companies")
    assert company["externalId"] == "a-1"
    assert {engine.company_of(f"u-{number}") for number in range(10, 60)} == {company["_id"]}
    assert not engine.rejected
    assert engine.readings == 1
    assert engine.calls["endusers"] <= 20


def test_users_of_a_deleted_company_that_may_not_be_made_are_skipped_by_its_name() -> None:
    engine = old_company()
    engine.delete(COMPANIES, "a-1")

    engine.take(user_message(2, account(1), account_segments=OUTSIDE))
    engine.run()

    assert not engine.rejected
    assert engine.skips() == ["Its company is not in Planhat (any more): a-1"]


def test_users_of_a_merged_company_go_to_the_one_that_has_its_external_id_now() -> None:
    engine = old_company()
    engine.delete(COMPANIES, "a-1")
    kept = engine.sandbox.state.next_id()
    item = {"_id": kept, "name": "Merged", "externalId": "a-1"}
    matcher = engine.sandbox.state.matcher
    engine.sandbox.state.write(COMPANIES, item, matcher.target(COMPANIES, item))

    engine.take(user_message(2, account(1), account_segments=OUTSIDE))
    engine.run()

    assert engine.company_of("u-2") == kept
    assert not engine.rejected


@pytest.mark.parametrize("naming", ["planhat/id", "planhat_id"])
def test_an_id_of_hull_that_planhat_does_not_know_is_believed_once(naming: str) -> None:
    engine = old_company()
    gone = account(1, **{naming: STALE})
    if naming == "planhat_id":
        gone = account(1, planhat={"id": STALE})

    engine.take(user_message(2, gone))
    engine.run()
    engine.take(user_message(3, gone))
    before = engine.calls["endusers"]
    engine.run()

    (company,) = engine.rows("companies")
    assert engine.company_of("u-2") == engine.company_of("u-3") == company["_id"]
    assert engine.calls["endusers"] == before + 1
    assert not engine.rejected


@pytest.mark.parametrize("unknown_id", ANSWERS)
def test_a_stale_id_of_a_user_beside_good_keys_costs_nothing_but_a_call(
    unknown_id: UnknownId,
) -> None:
    engine = old_company(unknown_id)

    engine.take(user_message(7, account(1), user={"planhat": {"id": STALE}}))
    engine.take(user_message(8, account(1)))
    engine.run()

    assert {row["externalId"] for row in engine.rows("endusers")} == {"u-1", "u-7", "u-8"}
    assert not engine.rejected


@pytest.mark.parametrize("unknown_id", ANSWERS)
def test_a_stale_id_of_an_account_beside_good_keys_costs_nothing_but_a_call(
    unknown_id: UnknownId,
) -> None:
    engine = old_company(unknown_id)
    engine.delete(COMPANIES, "a-1")

    licence = {"id": "l-1", "currency": "EUR", "from": "2026-01-01", "mrr": 5}
    stale = account(1, planhat={"id": STALE}, licences=[licence])
    engine.take(account_message(stale), user_message(9, stale))
    engine.run()

    (company,) = engine.rows("companies")
    assert company["externalId"] == "a-1"
    assert engine.company_of("u-9") == company["_id"]
    assert [row["companyId"] for row in engine.rows("licenses")] == [company["_id"]]
    assert not engine.rejected


@pytest.mark.parametrize("unknown_id", ["refused", "ignored"])
def test_an_id_that_failed_is_not_sent_again(unknown_id: UnknownId) -> None:
    engine = old_company(unknown_id)
    engine.take(user_message(7, account(1), user={"planhat": {"id": STALE}}))
    engine.run()
    before = engine.calls["endusers"]

    engine.take(user_message(7, account(1), user={"planhat": {"id": STALE}, "name": "New"}))
    engine.run()

    assert engine.calls["endusers"] == before + 1


def test_a_deleted_contact_is_made_anew() -> None:
    engine = old_company("ignored")
    engine.delete(ENDUSERS, "u-1")

    engine.take(user_message(1, account(1), user={"name": "Anew"}))
    engine.run()

    assert [row["name"] for row in engine.rows("endusers")] == ["Anew"]
    assert not engine.rejected


def test_licences_of_an_unchanged_company_that_was_deleted_bring_it_back() -> None:
    engine = old_company()
    licence = {"id": "l-1", "currency": "EUR", "from": "2026-01-01", "mrr": 5}
    engine.take(account_message(account(1, licences=[licence])))
    engine.run()
    engine.now += 3600.0
    engine.delete(COMPANIES, "a-1")

    engine.take(account_message(account(1, licences=[licence | {"mrr": 6}])))
    engine.run()

    (company,) = engine.rows("companies")
    told = {(row["companyId"], row["mrr"]) for row in engine.rows("licenses")}
    assert (company["_id"], 6) in told
    assert not engine.rejected


def test_whom_planhat_ignores_for_another_reason_takes_nobody_else_along() -> None:
    engine = old_company()
    find = engine.sandbox.state.matcher.target

    def ignoring(model: Model, item: object) -> Any:  # noqa: ANN401 - the sandbox's own
        target = find(model, item)
        if isinstance(item, dict) and item.get("externalId") == "u-6":
            target.is_ignored = True
        return target

    engine.sandbox.state.matcher.target = ignoring  # type: ignore[method-assign]  # a Planhat with a whim
    engine.readings = 0
    engine.take(*(user_message(number, account(1)) for number in range(5, 25)))
    engine.run(3600.0)

    assert engine.readings == 0 or engine.readings <= 3600 // 900 + 1
    assert engine.directory.ids.get("a-1") is not None
    assert len(engine.rows("endusers")) == 20
    assert len(engine.rejected) == 1


def test_a_user_that_planhat_ignores_for_another_reason_ends_in_bounded_tries() -> None:
    engine = old_company()
    find = engine.sandbox.state.matcher.target

    def ignoring(model: Model, item: object) -> Any:  # noqa: ANN401 - the sandbox's own
        target = find(model, item)
        if isinstance(item, dict) and item.get("externalId") == "u-6":
            target.is_ignored = True
        return target

    engine.sandbox.state.matcher.target = ignoring  # type: ignore[method-assign]  # a Planhat with a whim
    engine.take(user_message(6, account(1)), user_message(5, account(1)))
    engine.run(3600.0)

    assert engine.calls["endusers"] <= 30
    assert len(engine.rejected) == 1
    assert not engine.lanes[Resource.ENDUSERS].waiting


def test_a_user_of_a_company_that_is_doubted_waits_for_the_reading_as_well() -> None:
    engine = old_company()
    (company,) = engine.rows("companies")
    named = {"id": "account-1", "planhat": {"id": company["_id"]}}
    engine.take(user_message(2, named, account_segments=OUTSIDE))
    batch = engine.core.next(engine.now)
    assert isinstance(batch, Batch)
    engine.answer(batch, Delivered(BulkResult(nonupdates=0)))

    engine.take(user_message(3, named, account_segments=OUTSIDE))
    engine.run()

    assert engine.skips() == []
    assert engine.company_of("u-2") == engine.company_of("u-3") == company["_id"]


@pytest.mark.parametrize("known", ["of an answer", "of Hull"])
def test_a_user_that_moves_to_a_company_that_is_gone_gets_no_second_contact(known: str) -> None:
    engine = old_company("ignored")
    engine.take(account_message(account(2)))
    engine.run(10.0)
    engine.now += 3600.0
    engine.read_directories()
    engine.delete(COMPANIES, "a-2")
    contact = dict(engine.rows("endusers")[0])
    user = {"planhat": {"id": contact["_id"]}} if known == "of Hull" else {}
    if user:
        engine.lanes[Resource.ENDUSERS].memory.ids.pop("user-1")

    changes = {"account": {"id": ["account-1", "account-2"]}}
    engine.take(user_message(1, account(2), user=user, changes=changes))
    engine.run()

    (moved,) = engine.rows("endusers")
    assert moved["_id"] == contact["_id"]
    assert moved["companyId"] != contact["companyId"]


def test_an_id_that_is_left_out_when_its_partition_is_revoked_is_sent_again() -> None:
    engine = old_company("ignored")
    user = {"planhat": {"id": STALE}}
    engine.take(user_message(1, account(1), user={**user, "traits_version": 2}))
    engine.lanes[Resource.ENDUSERS].memory.ids.pop("user-1")
    batch = engine.core.next(engine.now)
    assert isinstance(batch, Batch)
    engine.answer(batch, Delivered(BulkResult(nonupdates=0)))
    assert engine.lanes[Resource.ENDUSERS].memory.stale.holds(STALE)

    engine.revoke()

    assert not engine.lanes[Resource.ENDUSERS].memory.stale.holds(STALE)


def test_ids_are_kept_of_all_who_wait_for_the_company_that_one_of_them_misses() -> None:
    engine = old_company("ignored")
    engine.take(account_message(account(2)), user_message(2, account(1)))
    engine.run(10.0)
    engine.now += 3600.0
    engine.read_directories()
    engine.delete(COMPANIES, "a-2")
    changes = {"account": {"id": ["account-1", "account-2"]}}

    batches = []
    for number in (1, 2):
        engine.take(user_message(number, account(2), changes=changes))
        batches.append(engine.core.next(engine.now))
    for batch in batches:
        assert isinstance(batch, Batch)
        engine.answer(batch, engine.send(batch))
    engine.run()

    assert sorted(row["externalId"] for row in engine.rows("endusers")) == ["u-1", "u-2"]
    assert not engine.rejected


def test_a_company_that_two_accounts_name_is_made_anew_for_either() -> None:
    engine = Reading(SandboxOptions(unknown_id="ignored"))
    one, two = account(1), {**account(2), "external_id": "a-1"}
    for company in (one, two):
        engine.take(account_message(company))
        engine.run(10.0)
    engine.now += 3600.0
    engine.read_directories()
    engine.delete(COMPANIES, "a-1")

    engine.calls.clear()
    engine.take(user_message(1, one, account_segments=OUTSIDE), user_message(2, two))
    engine.run()

    assert not engine.rejected
    assert engine.calls["endusers"] <= 4
    (company,) = engine.rows("companies")
    assert engine.company_of("u-2") == company["_id"]


def test_who_waits_out_of_many_envelopes_in_turns_costs_one_reading_of_each() -> None:
    engine = old_company("refused")
    users = [
        user_message(at, {"id": f"none-{at}", "planhat": {"id": STALE}}, account_segments=[])
        for at in range(1_500)
    ]

    for envelope in (users, users[1::2], users[::3]):
        engine.take({"messages": envelope})
    began = time.process_time()
    engine.run()

    assert {row["externalId"] for row in engine.rows("endusers")} == {"u-1"}
    assert len({one.hull_id for one in engine.outcomes}) >= len(users)
    assert time.process_time() - began < MOST_SECONDS
