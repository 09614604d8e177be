"""What a message leads to in Planhat, from the record to the stored row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from consumer.decide import reasons
from consumer.lanes.memory import short
from planhat_client.sandbox import Refusal, SandboxOptions
from planhat_client.sandbox.models import COMPANIES
from schemas.planhat import LeanCompany, Resource
from tests.consumer.engine_run import (
    CONNECTOR,
    USERS_SEGMENT,
    Engine,
    account,
    account_message,
    user_message,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


def licence(number: int, **changed: object) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": f"l-{number}",
        "currency": "EUR",
        "from": "2026-01-01",
        "mrr": 10,
        **changed,
    }
    return {name: value for name, value in item.items() if value is not None}


def moved(number: int, company: dict[str, Any], old: str) -> dict[str, Any]:
    changes = {"is_new": False, "user": {}, "account": {"id": [old, company["id"]]}}
    return user_message(number, company, changes=changes)


def places(rows: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    return sorted((row["externalId"], row["companyId"]) for row in rows)


def company_id(engine: Engine, external_id: str) -> str:
    return next(
        str(row["_id"]) for row in engine.rows("companies") if row["externalId"] == external_id
    )


# Companies and users


def test_a_user_creates_its_company_first_if_the_account_passes_the_company_filter() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)))

    engine.run()

    assert [resource for _, resource, _ in engine.sent_at] == [
        Resource.COMPANIES,
        Resource.ENDUSERS,
    ]
    assert places(engine.rows("endusers")) == [("u-1", company_id(engine, "a-1"))]


def test_a_user_neither_creates_nor_changes_a_company_outside_the_company_filter() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1), account_segments=[]))

    engine.run()
    engine.now += 31.0
    engine.core.expire(engine.now)
    engine.read_directories()
    engine.core.expire(engine.now)
    engine.run()

    assert engine.rows("companies") == []
    assert engine.calls == {}
    assert engine.skips() == [reasons.NO_COMPANY_ID]


def test_a_company_waited_for_in_vain_is_waited_for_again_only_after_a_reading() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1), account_segments=[]))
    engine.now += 31.0
    engine.core.expire(engine.now)

    engine.take(user_message(2, account(1), account_segments=[]))
    assert engine.skips() == [reasons.NO_COMPANY_ID] * 2

    engine.read_directories()
    engine.take(user_message(3, account(1), account_segments=[]))
    assert engine.lanes[Resource.ENDUSERS].waiting == 1


def test_a_user_never_changes_a_company_that_exists() -> None:
    engine = Engine()
    engine.take(account_message(account(1)))
    engine.run()

    engine.take(user_message(1, account(1, name="Renamed"), user={"name": "U"}))
    engine.run()

    assert [row["name"] for row in engine.rows("companies")] == ["Account 1"]
    assert engine.calls == {"companies": 1, "endusers": 1}


def test_a_user_goes_as_soon_as_the_company_it_waits_for_appears_in_the_directory() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1), account_segments=[]))
    engine.run()

    row = {"_id": "5b" + "0" * 22, "externalId": "a-1", "name": "By hand"}
    engine.sandbox.upserts.apply(engine.sandbox.upserts.arrive(COMPANIES, [row], lambda: False), {})
    engine.directory.read([LeanCompany.model_validate(row)], engine.now)
    engine.core.planner.waits.companies_read(engine.now)
    engine.run()

    assert places(engine.rows("endusers")) == [("u-1", row["_id"])]


def test_the_planhat_id_of_the_account_is_its_first_key() -> None:
    engine = Engine()
    engine.take(account_message(account(1)))
    engine.run()
    known = company_id(engine, "a-1")

    engine.take(account_message(account(1, external_id="a-new", **{"planhat/id": known})))
    engine.take(user_message(1, account(1, external_id="a-new", **{"planhat/id": known})))
    engine.run()

    assert [row["externalId"] for row in engine.rows("companies")] == ["a-new"]
    assert places(engine.rows("endusers")) == [("u-1", known)]


def test_the_planhat_id_of_the_user_is_its_first_key() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)))
    engine.run()
    known = engine.rows("endusers")[0]["_id"]

    engine.take(
        user_message(7, account(1), user={"external_id": "u-new", "traits_planhat/id": known})
    )
    engine.run()

    assert places(engine.rows("endusers")) == [("u-new", company_id(engine, "a-1"))]


# Moves


def test_a_user_that_moves_to_another_account_moves_in_planhat() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)))
    engine.run()

    engine.take(moved(1, account(2), "account-1"))
    engine.run()

    assert places(engine.rows("endusers")) == [("u-1", company_id(engine, "a-2"))]


def in_planhat_but_unknown(engine: Engine) -> None:
    """A user whose id was in no answer that came: the first was lost, the next said unchanged."""
    engine.take(user_message(1, account(1)))
    engine.lost["endusers"] = 1
    engine.run()
    assert engine.ended[-1].change == "unchanged"


def test_a_user_whose_id_no_answer_told_is_looked_up_when_it_moves() -> None:
    engine = Engine()
    in_planhat_but_unknown(engine)

    engine.take(moved(1, account(2), "account-1"))
    engine.run()

    assert places(engine.rows("endusers")) == [("u-1", company_id(engine, "a-2"))]
    assert engine.calls["enduser"] == 1


def test_a_user_that_was_unlinked_meanwhile_is_looked_up_too() -> None:
    engine = Engine()
    in_planhat_but_unknown(engine)
    unlinked = {"is_new": False, "user": {}, "account": {"id": ["account-1", None]}}
    engine.take(user_message(1, {}, changes=unlinked))
    engine.run()

    linked = {"is_new": False, "user": {}, "account": {"id": [None, "account-2"]}}
    engine.take(user_message(1, account(2), changes=linked))
    engine.run()

    assert places(engine.rows("endusers")) == [("u-1", company_id(engine, "a-2"))]


def test_a_user_that_planhat_does_not_have_is_created_where_it_moved_to() -> None:
    engine = Engine()

    engine.take(moved(1, account(2), "account-1"))
    engine.run()

    assert places(engine.rows("endusers")) == [("u-1", company_id(engine, "a-2"))]
    assert engine.calls["enduser"] == 1


@pytest.mark.parametrize("how", ["new", "known", "named", "by address"])
def test_nobody_is_looked_up_without_need(how: str) -> None:
    engine = Engine()
    if how == "known":
        engine.take(user_message(1, account(1)))
        engine.run()
    message = moved(1, account(2), "account-1")
    if how == "new":
        message["changes"]["is_new"] = True
    elif how == "named":
        message["user"]["traits_planhat/id"] = "5e" + "0" * 22
    elif how == "by address":
        del message["user"]["external_id"]

    engine.take(message)
    engine.run()

    assert len(engine.rows("endusers")) == 1
    assert engine.calls["enduser"] == 0


def test_a_lookup_waits_for_what_is_before_it_in_its_profile() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)), moved(1, account(2), "account-1"))

    engine.run()

    # What was before it told the id, so nothing was asked.
    assert places(engine.rows("endusers")) == [("u-1", company_id(engine, "a-2"))]
    assert engine.calls["enduser"] == 0


def test_a_lookup_of_partitions_that_were_revoked_lets_nothing_go() -> None:
    engine = Engine()
    engine.take(account_message(account(2)))
    engine.run()
    engine.take(moved(1, account(2), "account-1"))
    part = engine.planner.lookups.next(engine.now)
    assert part is not None
    engine.core.clear()

    engine.core.lookups.found(part, "5e" + "0" * 22, engine.now)

    assert engine.planner.lookups.next(engine.now) is None
    assert len(engine.lanes[Resource.ENDUSERS].ready) == 0


def test_two_users_of_two_companies_may_have_one_external_id() -> None:
    engine = Engine()
    shared = {"external_id": "same"}
    engine.take(user_message(1, account(1), user=shared), user_message(2, account(2), user=shared))

    engine.run()

    assert places(engine.rows("endusers")) == sorted(
        [("same", company_id(engine, "a-1")), ("same", company_id(engine, "a-2"))]
    )


# Licences


def test_a_licence_that_lacks_a_field_costs_itself_and_the_field_is_named() -> None:
    engine = Engine()
    items = [licence(1), licence(2, currency=None), licence(3), {"id": "l-4"}]
    engine.take(account_message(account(1, licences=items)))

    engine.run()

    assert sorted(row["externalId"] for row in engine.rows("licenses")) == ["l-1", "l-3"]
    assert engine.rejected[0].rejections == [
        "licence 1: _currency is missing",
        "licence 3: _currency is missing",
    ]
    assert len(engine.rejected) == 1
    assert engine.offsets.to_commit() == (1, "")


def test_licences_follow_their_company_in_one_call() -> None:
    engine = Engine()
    engine.take(account_message(account(1, licences=[licence(number) for number in range(50)])))

    engine.run()

    assert engine.sent_at[0][1:] == (Resource.COMPANIES, 1)
    assert engine.sent_at[1][1:] == (Resource.LICENSES, 50)
    assert {row["companyId"] for row in engine.rows("licenses")} == {company_id(engine, "a-1")}


def test_of_a_licence_list_only_what_changed_is_sent_again() -> None:
    engine = Engine()
    engine.take(account_message(account(1, licences=[licence(1), licence(2)])))
    engine.run()

    engine.take(account_message(account(1, name="New", licences=[licence(1), licence(2)])))
    engine.run()
    assert engine.calls == {"companies": 2, "licenses": 1}

    engine.take(account_message(account(1, name="New", licences=[licence(1), licence(2, mrr=9)])))
    engine.run()
    assert engine.calls == {"companies": 2, "licenses": 2}
    assert engine.sent_at[-1][2] == 1


def test_one_external_id_of_a_licence_may_occur_in_each_company() -> None:
    engine = Engine()
    for number in (1, 2):
        engine.take(account_message(account(number, licences=[licence(1)])))

    engine.run()

    assert places(engine.rows("licenses")) == sorted(
        ("l-1", company_id(engine, name)) for name in ("a-1", "a-2")
    )


def test_dead_licences_hold_up_neither_companies_nor_users() -> None:
    engine = Engine()
    engine.lost["licenses"] = 10**6
    for number in range(20):
        engine.take(account_message(account(number, licences=[licence(1)])))
        engine.run(5.0)
        engine.take(user_message(number, account(number)))
        engine.run(5.0)

    assert len(engine.rows("companies")) == 20
    assert len(engine.rows("endusers")) == 20
    assert engine.lanes[Resource.LICENSES].waiting == 20
    assert engine.rejected == []


def test_licences_of_a_company_that_planhat_refuses_are_not_sent() -> None:
    engine = Engine()
    engine.sandbox.refusals.extend([Refusal("externalId", ("a-1",), "companies")])
    engine.take(account_message(account(1, licences=[licence(1)])))

    engine.run()

    assert engine.rows("licenses") == []
    assert reasons.COMPANY_NOT_DELIVERED in engine.skips()


# Owners

STAFF = ({"_id": "5c" + "0" * 22, "email": "Ann@Example.com"},)


@pytest.mark.parametrize("written", [STAFF[0]["_id"], "ann@example.com", " ANN@example.com "])
def test_an_owner_is_named_by_id_or_by_address_and_written_as_id(written: str) -> None:
    engine = Engine(SandboxOptions(users=STAFF))
    engine.take(account_message(account(1, owner=written)))

    engine.run()

    assert engine.rows("companies")[0]["owner"] == STAFF[0]["_id"]


def test_a_company_of_an_unknown_owner_is_skipped_with_its_licences() -> None:
    engine = Engine(SandboxOptions(users=STAFF))
    engine.take(account_message(account(1, owner="nobody", licences=[licence(1)])))

    engine.run()

    assert engine.calls == {}
    assert engine.skips() == [reasons.INVALID_OWNER, reasons.INVALID_OWNER]


def test_an_owner_unknown_for_long_asks_for_one_reading_and_waits_for_it() -> None:
    engine = Engine(SandboxOptions(users=STAFF))
    engine.core.owners.try_now(engine.now)
    engine.now += 100.0
    engine.take(account_message(account(1, owner="new@example.com")))
    engine.take(account_message(account(2, owner="other@example.com")))
    engine.run()
    assert engine.calls == {}

    assert engine.core.owners.try_now(engine.now)
    assert not engine.core.owners.try_now(engine.now + 59.0)
    engine.sandbox.seed_users([*STAFF, {"_id": "5d" + "0" * 22, "email": "new@example.com"}])
    engine.read_directories()
    engine.run()

    assert [row["owner"] for row in engine.rows("companies")] == ["5d" + "0" * 22]
    assert engine.skips() == [reasons.INVALID_OWNER]


# Who left


def archiving() -> Engine:
    return Engine(connector={**CONNECTOR, "on_segment_left": "archive"})


def gone(number: int) -> dict[str, Any]:
    segments = {"left": [{"id": USERS_SEGMENT}]}
    changes = {"is_new": False, "user": {}, "account": {}, "segments": segments}
    return user_message(number, account(1), segments=[], changes=changes)


def test_who_leaves_the_contact_filter_is_archived_and_who_comes_back_is_not() -> None:
    engine = archiving()
    engine.take(user_message(1, account(1)))
    engine.run()
    engine.take(gone(1))
    engine.run()
    assert engine.rows("endusers")[0]["archived"] is True

    entered = {"is_new": False, "user": {}, "segments": {"entered": [{"id": USERS_SEGMENT}]}}
    engine.take(user_message(1, account(1), changes=entered))
    engine.run()

    assert engine.rows("endusers")[0]["archived"] is False


def test_who_leaves_is_left_alone_where_that_is_not_asked_for() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)))
    engine.run()
    engine.take(gone(1))
    engine.run()

    assert "archived" not in engine.rows("endusers")[0]
    assert engine.skips() == [reasons.CONTACT_FILTER]


# What costs nothing


@pytest.mark.parametrize("count", [2000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_a_replay_of_thousands_of_delivered_messages_costs_no_call(count: int) -> None:
    engine = Engine(batch_size=count // 2)
    messages = [
        user_message(number, account(number % 500), user={"traits_version": 1})
        for number in range(count)
    ]
    engine.take(*messages)
    engine.run()
    calls = dict(engine.calls)

    engine.take(*messages)
    engine.run()

    assert engine.calls == calls == {"companies": 1, "endusers": 2}
    assert engine.offsets.to_commit() == (2 * count, "")


def test_an_edit_of_an_account_with_five_thousand_users_costs_one_call() -> None:
    engine = Engine(batch_size=5000)
    engine.take(*(user_message(number, account(1)) for number in range(5000)))
    engine.run()
    before = engine.calls.total()

    edited = account(1, name="Edited")
    changes = {"is_new": False, "user": {}, "account": {"name": ["Account 1", "Edited"]}}
    engine.take(account_message(edited, changes={"account": changes["account"]}))
    engine.take(*(user_message(number, edited, changes=changes) for number in range(5000)))
    engine.run()

    assert engine.calls.total() - before == 1
    assert engine.rows("companies")[0]["name"] == "Edited"
    assert engine.skips() == [reasons.NOTHING_CHANGED] * 5000


def test_a_payload_whose_answer_was_lost_is_sent_again() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)))
    engine.lost["endusers"] = 1

    engine.run()

    assert engine.calls["endusers"] == 2
    assert len(engine.rows("endusers")) == 1


# What is told of a delivery


def told(engine: Engine, resource: Resource) -> list[tuple[str | None, str | None]]:
    return [(end.planhat_id, end.change) for end in engine.ended if end.part.resource is resource]


def test_a_delivery_tells_the_id_and_what_was_done_when_nothing_was_sent_too() -> None:
    engine = Engine()
    for name in ("A", "B", "B"):
        engine.take(user_message(1, account(1), user={"name": name}))
        engine.run()

    known = engine.rows("endusers")[0]["_id"]
    assert told(engine, Resource.ENDUSERS) == [
        (known, "created"),
        (known, "updated"),
        (known, "unchanged"),
    ]
    assert engine.calls["endusers"] == 2


def test_an_id_that_only_hull_told_is_told_again_and_kept() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)))
    engine.run()
    known = engine.rows("endusers")[0]["_id"]
    engine.lanes[Resource.ENDUSERS].memory.ids.pop("user-1")
    engine.lanes[Resource.ENDUSERS].memory.forget([short("user-1")])

    engine.take(user_message(1, account(1), user={"traits_planhat/id": known}))
    engine.run()
    engine.take(moved(1, account(2), "account-1"))
    engine.run()

    assert told(engine, Resource.ENDUSERS)[1] == (known, "unchanged")
    assert places(engine.rows("endusers")) == [("u-1", company_id(engine, "a-2"))]


# Activities


def event(number: int, **members: object) -> dict[str, Any]:
    return {"event": "Signed in", "event_id": f"e-{number}", "properties": {"n": number}, **members}


def test_activities_follow_their_enduser_in_order_and_many_in_a_call() -> None:
    engine = Engine()
    for number in range(50):
        events = [event(number * 4 + at) for at in range(4)]
        engine.take(user_message(number % 5, account(1), events=events, user={"name": str(number)}))

    engine.run()

    order: dict[str, list[int]] = {}
    for row in engine.rows("activities"):
        order.setdefault(row["externalId"], []).append(row["info"]["n"])
    assert sum(map(len, order.values())) == 200
    assert all(numbers == sorted(numbers) for numbers in order.values())
    assert [resource for _, resource, _ in engine.sent_at] == [
        Resource.COMPANIES,
        Resource.ENDUSERS,
        Resource.ACTIVITIES,
    ]


def test_an_event_that_was_delivered_is_not_sent_again() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1), events=[event(1)]))
    engine.run()

    engine.take(user_message(1, account(1), events=[event(1), event(2)]))
    engine.run()

    assert [row["info"]["n"] for row in engine.rows("activities")] == [1, 2]
    assert engine.skips() == [reasons.EVENT_SENT]


def test_a_request_of_activities_is_bounded_in_bytes_even_for_one_user() -> None:
    engine = Engine(batch_bytes=20_000)
    events = [event(number, properties={"n": number, "text": "x" * 3000}) for number in range(40)]
    engine.take(user_message(1, account(1), events=events))

    engine.run()

    sizes = [count for _, resource, count in engine.sent_at if resource is Resource.ACTIVITIES]
    assert [row["info"]["n"] for row in engine.rows("activities")] == list(range(40))
    assert max(sizes) == 6
    assert sum(sizes) == 40


def test_an_activity_larger_than_the_bound_goes_alone() -> None:
    engine = Engine(batch_bytes=2000)
    events = [event(number, properties={"text": "x" * 5000}) for number in range(3)]
    engine.take(user_message(1, account(1), events=events))

    engine.run()

    assert [count for _, resource, count in engine.sent_at if resource is Resource.ACTIVITIES] == [
        1,
        1,
        1,
    ]


def test_events_of_a_user_that_is_not_sent_are_sent_all_the_same() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)))
    engine.run()
    unchanged = {"is_new": False, "user": {"traits_unmapped": [1, 2]}}

    engine.take(user_message(1, account(1), changes=unchanged, events=[event(1)]))
    engine.run()

    assert len(engine.rows("activities")) == 1
    assert engine.skips() == [reasons.NOTHING_CHANGED]
