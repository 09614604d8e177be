"""What waits for what before it may be sent, and when it is given up."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.decide import reasons
from consumer.engine.dispatch import Wait
from consumer.lanes.batch import Batch
from planhat_client.protocol import Reject
from planhat_client.sandbox import Refusal, SandboxOptions
from planhat_client.sandbox.models import COMPANIES
from schemas.planhat import Resource
from tests.consumer.engine_run import CONNECTOR, Engine, account, account_message, user_message

LENIENT = {**CONNECTOR, "account_require_externalid": False}
ANN = {"_id": "5c" + "0" * 22, "email": "ann@example.com"}
CO_OWNED = {
    **CONNECTOR,
    "account_attributes_outbound": [
        {"hull_field_name": name, "service_field_name": target}
        for name, target in (("name", "name"), ("owner", "owner"), ("co", "coOwner"))
    ],
}


def event(number: int, **members: object) -> dict[str, Any]:
    return {"event": "Signed in", "event_id": f"e-{number}", "properties": {"n": number}, **members}


def keyless(number: int, **attributes: object) -> dict[str, Any]:
    made = account(number)
    del made["external_id"]
    return {**made, **attributes}


def outside(number: int, company: dict[str, Any], **members: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A user of an account that is outside the Company Filter."""
    return user_message(number, company, account_segments=[], **members)


def written(engine: Engine, row: dict[str, Any]) -> None:
    """Let somebody else write a company."""
    arrived = engine.sandbox.upserts.arrive(COMPANIES, [row], lambda: False)
    engine.sandbox.upserts.apply(arrived, {})
    engine.sandbox.upserts.release(arrived)


def sent_events(engine: Engine) -> list[int]:
    return [row["info"]["n"] for row in engine.rows("activities")]


# Events


def test_events_without_an_id_are_all_sent() -> None:
    engine = Engine()
    nameless = [event(number, event_id=None) for number in range(3)]
    engine.take(user_message(1, account(1), events=nameless))

    engine.run()

    assert sent_events(engine) == [0, 1, 2]


def test_an_event_that_comes_again_while_it_waits_is_sent_once() -> None:
    engine = Engine()
    message = user_message(1, account(1), events=[event(1)])
    engine.take(message, message)

    engine.run()

    assert sent_events(engine) == [1]
    assert engine.skips() == [reasons.EVENT_SENT]


def test_an_event_that_comes_again_while_it_flies_is_sent_once() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)))
    engine.run()
    message = user_message(1, account(1), events=[event(1)])
    engine.take(message)
    # The enduser is unchanged, so it ends at once and the event is the first to go.
    batch = engine.core.next(engine.now)
    assert isinstance(batch, Batch)

    engine.take(message)
    engine.answer(batch, engine.send(batch))
    engine.run()

    assert sent_events(engine) == [1]


def test_an_event_that_comes_again_after_it_was_delivered_is_not_sent() -> None:
    engine = Engine()
    message = user_message(1, account(1), events=[event(1)])
    engine.take(message)
    engine.run()

    engine.take(message)
    engine.run()

    assert sent_events(engine) == [1]


def test_an_event_of_a_former_epoch_may_come_again() -> None:
    engine = Engine()
    message = user_message(1, account(1), events=[event(1)])
    engine.take(message)
    engine.core.clear()

    engine.take(message)
    engine.run()

    assert sent_events(engine) == [1]


# Owners


def test_a_co_owner_is_written_as_id_and_an_unknown_one_is_told_beside_the_owner() -> None:
    engine = Engine(SandboxOptions(users=(ANN,)), CO_OWNED)
    ann, nobody = ANN["email"], "nobody"
    engine.take(
        account_message(account(1, owner=ann, co=nobody)),
        account_message(account(2, owner=nobody, co=nobody)),
        account_message(account(3, owner=ann, co=ann)),
    )

    engine.run()

    assert engine.skips() == [
        reasons.INVALID_CO_OWNER,
        f"{reasons.INVALID_OWNER} {reasons.INVALID_CO_OWNER}",
    ]
    assert [row["coOwner"] for row in engine.rows("companies")] == [ANN["_id"]]


def test_a_company_without_an_owner_waits_for_nobody() -> None:
    engine = Engine(SandboxOptions(users=(ANN,)))
    engine.take(account_message(account(1, owner=None)))

    engine.run()

    assert len(engine.rows("companies")) == 1


def waiting_for_owners(*companies: dict[str, Any]) -> Engine:
    """Planhat's users were read too long ago to say that an owner is nobody."""
    engine = Engine(SandboxOptions(users=(ANN,)), CO_OWNED)
    engine.now += 100.0
    for company in companies:
        engine.take(account_message(company))
    engine.run(5.0)
    return engine


def test_who_waits_for_its_owner_says_so_and_is_settled_by_one_reading() -> None:
    engine = waiting_for_owners(account(1, owner="new@example.com"))
    (part,) = (ticket for ticket in engine.lanes[Resource.COMPANIES].claims.holders()[0].parts)
    told = engine.planner.waits.reason(part, engine.now)

    engine.read_directories()
    engine.run()

    assert told == "its owner is unknown so far; Planhat's users are being read"
    assert engine.skips() == [reasons.INVALID_OWNER]
    assert engine.calls == {}


def test_after_a_revoke_no_reading_settles_what_waited_for_an_owner() -> None:
    engine = waiting_for_owners(account(1, owner="new@example.com"))
    engine.core.clear()

    engine.sandbox.seed_users([ANN, {"_id": "5d" + "0" * 22, "email": "new@example.com"}])
    engine.read_directories()
    engine.run()

    assert (engine.calls, engine.skips()) == ({}, [])


# Keys


def test_a_company_without_any_key_is_found_by_its_name_and_not_made_anew() -> None:
    engine = Engine(connector=LENIENT)
    written(engine, {"_id": "5b" + "0" * 22, "name": "Account 1"})
    engine.read_directories()

    engine.take(account_message(keyless(1)))
    engine.run()

    assert [row["_id"] for row in engine.rows("companies")] == ["5b" + "0" * 22]
    assert [end.ending for end in engine.ended] == ["delivered"]


@pytest.mark.parametrize("key", ["external_id", "planhat/id", "crm_id"])
def test_a_company_with_a_key_is_not_taken_for_another_of_its_name(key: str) -> None:
    rows = [
        {"hull_field_name": name, "service_field_name": target}
        for name, target in (("name", "name"), ("crm_id", "sourceId"))
    ]
    engine = Engine(connector={**LENIENT, "account_attributes_outbound": rows})
    written(engine, {"_id": "5b" + "0" * 22, "name": "Account 1"})
    engine.read_directories()

    engine.take(account_message(keyless(1, **{key: "5d" + "0" * 22})))
    engine.run()

    assert len(engine.rows("companies")) == 2


def test_a_user_of_an_account_without_external_id_is_linked_by_what_its_delivery_told() -> None:
    engine = Engine(connector=LENIENT)
    engine.take(account_message(keyless(1)))
    engine.run()

    engine.take(outside(1, keyless(1)))
    engine.run()

    (company,) = engine.rows("companies")
    assert [row["companyId"] for row in engine.rows("endusers")] == [company["_id"]]


@pytest.mark.parametrize(
    ("members", "flown"),
    [
        ({"traits_planhat/id": "5e" + "0" * 22}, 1),
        ({"external_id": "same"}, 1),
        ({"email": "Same@Example.com"}, 1),
        ({}, 2),
    ],
    ids=["by Planhat's id", "by external id", "by address", "not at all"],
)
def test_two_users_that_name_one_record_do_not_fly_together(
    members: dict[str, Any], flown: int
) -> None:
    engine = Engine(concurrency=4)
    engine.take(account_message(account(1)))
    engine.run()
    engine.take(*(user_message(number, account(1), user=members) for number in (1, 2)))

    batch = engine.core.next(engine.now)

    assert not isinstance(batch, Wait)
    assert len(batch.items) == flown


def test_two_accounts_that_name_one_company_do_not_fly_together() -> None:
    engine = Engine(concurrency=4)
    known = {"planhat/id": "5e" + "0" * 22}
    engine.take(*(account_message(account(number, **known)) for number in (1, 2)))

    batch = engine.core.next(engine.now)

    assert not isinstance(batch, Wait)
    assert len(batch.items) == 1


# Companies


def test_what_a_user_says_of_an_account_overwrites_nothing_that_still_waits() -> None:
    engine = Engine()
    engine.take(account_message(account(1, name="New")), user_message(1, account(1, name="Old")))

    engine.run()

    assert [row["name"] for row in engine.rows("companies")] == ["New"]
    assert len(engine.rows("endusers")) == 1


def test_a_user_of_a_company_in_the_directory_goes_at_once_and_writes_no_company() -> None:
    engine = Engine()
    written(engine, {"_id": "5b" + "0" * 22, "externalId": "a-1", "name": "By hand"})
    engine.read_directories()

    engine.take(user_message(1, account(1)))
    engine.run()

    assert engine.calls == {"endusers": 1}
    assert [row["name"] for row in engine.rows("companies")] == ["By hand"]


def test_a_company_that_planhat_refused_is_not_learnt() -> None:
    engine = Engine()
    engine.sandbox.refusals.extend([Refusal("externalId", ("a-1",), "companies")])
    engine.take(account_message(account(1)))

    engine.run()

    assert engine.directory.ids.get("a-1") is None


def test_a_user_of_a_company_that_planhat_refused_is_skipped() -> None:
    engine = Engine()
    engine.sandbox.refusals.extend([Refusal("externalId", ("a-1",), "companies")])
    engine.take(account_message(account(1)), user_message(1, account(1)))

    engine.run()

    assert engine.rows("endusers") == []
    assert reasons.NO_COMPANY_ID in engine.skips()


def test_an_enduser_is_never_taken_for_a_company_of_the_same_external_id() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1), user={"external_id": "a-7"}))

    engine.run()

    assert engine.directory.ids.get("a-7") is None
    assert engine.directory.ids.get("a-1") == engine.rows("companies")[0]["_id"]


def test_a_user_that_waits_goes_when_the_account_itself_is_delivered() -> None:
    engine = Engine()
    engine.take(outside(1, account(1)))
    engine.run()

    engine.take(account_message(account(1)))
    engine.run()

    (company,) = engine.rows("companies")
    assert [row["companyId"] for row in engine.rows("endusers")] == [company["_id"]]


def test_a_user_without_a_link_or_with_one_that_nothing_can_find_does_not_wait() -> None:
    engine = Engine(connector=LENIENT)

    engine.take(user_message(1, {}), outside(2, keyless(2)))

    assert engine.skips() == [reasons.NO_COMPANY_ID] * 2
    assert engine.lanes[Resource.ENDUSERS].waiting == 0


# Waiting in vain


def test_a_user_whose_company_is_unknown_asks_for_a_reading() -> None:
    engine = Engine()
    engine.directory.try_now(engine.now)
    engine.read_directories()
    quiet = engine.directory.try_now(engine.now + 61.0)

    engine.take(outside(1, account(1)))

    assert not quiet
    assert engine.directory.try_now(engine.now + 61.0)


def test_time_alone_is_no_proof_that_a_company_is_missing() -> None:
    engine = Engine()
    engine.now += 500.0
    engine.take(outside(1, account(1)))

    engine.now += 31.0
    engine.core.expire(engine.now)
    told = engine.skips()
    engine.read_directories()
    engine.core.expire(engine.now)

    assert (told, engine.skips()) == ([], [reasons.NO_COMPANY_ID])


def test_all_users_of_a_company_that_is_given_up_are_skipped_and_the_others_wait_on() -> None:
    engine = Engine()
    engine.take(outside(1, account(1)))
    engine.now += 10.0
    engine.take(outside(2, account(1)), outside(3, account(2)))
    engine.now += 20.0

    engine.core.expire(engine.now)

    assert engine.skips() == [reasons.NO_COMPANY_ID] * 2
    assert engine.lanes[Resource.ENDUSERS].waiting == 1


def test_who_found_its_company_is_not_given_up_when_its_time_is_over() -> None:
    engine = Engine()
    engine.take(outside(1, account(1)))
    engine.take(account_message(account(1)))
    engine.run()

    engine.now += 31.0
    engine.core.expire(engine.now)

    assert engine.skips() == []


def test_after_a_revoke_nobody_waits() -> None:
    engine = Engine()
    engine.take(outside(1, account(1)))
    engine.core.clear()

    engine.core.expire(engine.now + 100.0)
    written(engine, {"_id": "5b" + "0" * 22, "externalId": "a-1", "name": "By hand"})
    engine.read_directories()
    engine.run()
    assert engine.calls == {}


def test_who_waits_says_for_what_and_how_long_it_may_take() -> None:
    engine = Engine()
    engine.take(outside(1, account(1)))
    (part,) = engine.lanes[Resource.ENDUSERS].claims.holders()[0].parts

    told = [engine.planner.waits.reason(part, engine.now + later) for later in (12.0, 99.0)]

    assert told == [
        f"its company 'a-1' is not in Planhat yet; it may take {left} s more to appear"
        for left in (18, 0)
    ]


def test_who_follows_its_company_or_its_enduser_says_so() -> None:
    engine = Engine()
    licences = [{"id": "l-1", "currency": "EUR", "from": "2026-01-01", "mrr": 1}]
    engine.take(account_message(account(1, licences=licences)))
    engine.take(user_message(1, account(1), events=[event(1)]))

    told = {
        resource: engine.planner.waits.reason(lane.claims.holders()[0].parts[0], engine.now)
        for resource, lane in engine.lanes.items()
        if resource is not Resource.COMPANIES
    }

    assert told == {
        Resource.ENDUSERS: "its company goes first",
        Resource.LICENSES: "its company goes first",
        Resource.ACTIVITIES: "its enduser goes first",
    }


# Licences


def test_what_licences_say_is_rejected_only_if_their_company_is_sent() -> None:
    engine = Engine(SandboxOptions(users=(ANN,)))
    engine.take(account_message(account(1, owner="nobody", licences=[{"id": "l-1"}])))

    engine.run()

    assert [one.rejections for one in engine.rejected] == [["licence 0: _currency is missing"]]


def test_a_licence_ends_with_its_company_s_change_and_awaits_no_newer_one() -> None:
    engine = Engine()
    licences = [{"id": "l-1", "currency": "EUR", "from": "2026-01-01", "mrr": 1}]
    engine.take(account_message(account(1, licences=licences)))
    batch = engine.core.next(engine.now)
    assert not isinstance(batch, Wait)
    engine.take(account_message(account(1, name="Newer")))

    engine.answer(batch, Reject("400", 400))
    engine.run()

    assert [row["name"] for row in engine.rows("companies")] == ["Newer"]
    assert engine.rows("licenses") == []
    ends = [(end.part.resource, end.ending, end.reason) for end in engine.ended]
    assert (Resource.LICENSES, "skipped", reasons.COMPANY_NOT_DELIVERED) in ends


def test_what_follows_is_counted_as_long_as_it_waits() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1), events=[event(1), event(2)]))
    before = {name: lane.followed for name, lane in engine.lanes.items() if lane.followed}

    engine.run()

    assert before == {Resource.COMPANIES: 1, Resource.ENDUSERS: 2}
    assert [lane.followed for lane in engine.lanes.values()] == [0, 0, 0, 0]
