"""An activity waits for its contact, and a user for its company, whatever becomes of which change.

Planhat answers 200 to an activity of somebody it does not know, and drops it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from consumer.decide import reasons
from consumer.lanes.batch import Batch
from consumer.offsets.ticket import UNATTRIBUTED
from planhat_client.protocol import Retry
from schemas.planhat import Resource
from tests.consumer.engine_run import Engine, account, account_message, user_message

if TYPE_CHECKING:
    from consumer.offsets.ticket import Ending

_OUTSIDE: dict[str, Any] = {"account_segments": []}
"""Of an account that is not for Planhat by itself."""


def event(number: int = 1) -> dict[str, Any]:
    return {
        "event": "Signed in",
        "event_id": f"e{number}",
        "created_at": "2026-11-01T08:00:00Z",
        "properties": {"n": number},
    }


def activities(engine: Engine) -> list[tuple[Ending | str, str | None]]:
    """How the activities ended, and what was done of them."""
    return [
        (end.ending, end.change) for end in engine.ended if end.part.resource is Resource.ACTIVITIES
    ]


def taken(engine: Engine) -> Batch:
    batch = engine.core.next(engine.now)
    assert isinstance(batch, Batch)
    return batch


def pass_time(engine: Engine, seconds: float) -> None:
    """Let the wait for companies end, without an end of what Planhat fails to do."""
    engine.now += seconds
    engine.read_directories()
    engine.core.expire(engine.now)
    engine.run(0.0)


def test_an_event_waits_for_an_older_change_when_the_newest_comes_to_nothing() -> None:
    engine = Engine(company_wait=2.0)
    engine.down = {Resource.ENDUSERS}
    engine.take(
        user_message(1, account(1)),
        user_message(1, account(2), **_OUTSIDE, events=[event()]),
    )
    engine.run(0.0)
    pass_time(engine, 10.0)
    assert engine.skips() == []
    assert engine.lanes[Resource.ENDUSERS].waiting == 1

    engine.down = set()
    engine.run()

    assert engine.rows("dropped") == []
    assert activities(engine) == [("delivered", None)]
    assert [row["externalId"] for row in engine.rows("endusers")] == ["u-1"]
    assert sorted(engine.skips()) == [reasons.NO_COMPANY_ID]


def test_an_event_whose_own_change_comes_to_nothing_waits_for_a_newer_one() -> None:
    engine = Engine(company_wait=2.0)
    engine.take(user_message(1, account(2), **_OUTSIDE, events=[event()]))
    engine.down = {Resource.ENDUSERS}
    engine.take(user_message(1, account(1)))
    pass_time(engine, 10.0)

    engine.down = set()
    engine.run()

    assert engine.rows("dropped") == []
    assert len(engine.rows("activities")) == 1


def test_an_event_that_has_not_gone_yet_waits_for_a_change_that_comes() -> None:
    engine = Engine()
    engine.take(user_message(1, {}, events=[event()]))
    assert len(engine.lanes[Resource.ACTIVITIES].ready) == 1

    engine.take(user_message(1, account(1)))
    engine.run()

    assert engine.rows("dropped") == []
    assert len(engine.rows("activities")) == 1


def test_an_event_whose_request_failed_waits_for_a_change_that_comes() -> None:
    engine = Engine()
    engine.down = {Resource.ACTIVITIES}
    engine.take(user_message(1, {}, events=[event()]))
    engine.run(0.0)
    assert len(engine.lanes[Resource.ACTIVITIES].parked) == 1
    engine.down = {Resource.ENDUSERS}
    engine.take(user_message(1, account(1)))
    engine.run(60.0)

    engine.down = set()
    engine.run()

    assert engine.rows("dropped") == []
    assert len(engine.rows("activities")) == 1


def test_an_event_waits_for_a_change_that_came_while_its_request_failed() -> None:
    engine = Engine()
    engine.take(user_message(1, {}, events=[event()]))
    batch = taken(engine)
    engine.down = {Resource.ENDUSERS}
    engine.take(user_message(1, account(1)))
    engine.answer(batch, Retry("503", 503))
    engine.run(60.0)

    engine.down = set()
    engine.run()

    assert engine.rows("dropped") == []
    assert len(engine.rows("activities")) == 1


def test_an_event_whose_contact_is_there_waits_for_no_newer_change() -> None:
    engine = Engine()
    engine.down = {Resource.ACTIVITIES}
    engine.take(user_message(1, account(1), events=[event()]))
    engine.run(0.0)
    engine.down = {Resource.ENDUSERS}
    engine.take(user_message(1, account(1), user={"name": "Ada"}))

    engine.run(60.0)

    assert len(engine.rows("activities")) == 1


def test_an_event_waits_for_another_profile_that_brings_its_contact() -> None:
    engine = Engine()
    engine.down = {Resource.ENDUSERS}
    engine.take(user_message(1, account(1)))
    twin = {"external_id": None, "email": "U1@example.com"}
    engine.take(user_message(2, {}, user=twin, events=[event()]))
    engine.run(0.0)

    engine.down = set()
    engine.run()

    assert engine.rows("dropped") == []
    assert len(engine.rows("activities")) == 1


def test_an_event_is_not_cleared_by_a_contact_that_only_shares_its_email() -> None:
    engine = Engine(company_wait=2.0)
    engine.down = {Resource.ENDUSERS}
    engine.take(user_message(1, account(1), user={"email": "info@example.com"}))
    other = {"email": "info@example.com"}
    engine.take(user_message(2, account(2), **_OUTSIDE, user=other, events=[event()]))
    engine.run(0.0)
    pass_time(engine, 10.0)
    engine.take(user_message(2, account(3), **_OUTSIDE))

    engine.down = set()
    engine.run()
    engine.take(account_message(account(3)))
    engine.run()

    (activity,) = engine.rows("activities")
    names = {row["_id"]: row["externalId"] for row in engine.rows("endusers")}
    assert names[activity["enduserId"]] == "u-2"


def test_an_event_waits_for_a_change_in_flight_that_was_revoked() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)))
    engine.run(0.0)
    in_planhat = engine.rows("endusers")
    engine.take(user_message(1, account(1), user={"name": "Ada"}))
    batch = taken(engine)
    engine.revoke()

    unchanged = {"is_new": False, "user": {"traits_unmapped": [1, 2]}}
    engine.take(user_message(1, account(1), changes=unchanged, events=[event()]))
    assert len(engine.lanes[Resource.ACTIVITIES].ready) == 0
    engine.answer(batch, engine.send(batch))
    engine.run()

    assert len(in_planhat) == 1
    assert len(engine.rows("activities")) == 1
    assert engine.backlog.records == 0


def test_a_user_sends_its_company_again_behind_one_in_flight_that_was_revoked() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)))
    batch = taken(engine)
    engine.revoke()

    engine.take(user_message(1, account(1)))
    engine.answer(batch, engine.send(batch))
    engine.run()

    assert [row["externalId"] for row in engine.rows("endusers")] == ["u-1"]
    assert engine.backlog.records == 0


def test_a_user_waits_for_a_company_whose_change_is_open_however_long() -> None:
    engine = Engine(company_wait=2.0)
    engine.down = {Resource.COMPANIES}
    engine.take(user_message(1, account(1), **_OUTSIDE))
    engine.take(account_message(account(1)))
    pass_time(engine, 10.0)
    assert engine.skips() == []

    engine.down = set()
    engine.run()

    assert [row["externalId"] for row in engine.rows("endusers")] == ["u-1"]


def test_a_user_waits_for_a_company_that_another_account_brings() -> None:
    engine = Engine()
    engine.down = {Resource.COMPANIES}
    engine.take(account_message(account(1)))
    engine.take(user_message(1, account(1, id="account-twin"), **_OUTSIDE))
    engine.run(0.0)

    engine.down = set()
    engine.run()

    assert [row["externalId"] for row in engine.rows("endusers")] == ["u-1"]


def test_a_user_waits_for_an_older_change_of_its_company_when_the_newest_fails() -> None:
    engine = Engine()
    engine.now += 100.0  # so long after the reading, nobody may be an owner who is new
    engine.down = {Resource.COMPANIES}
    engine.take(account_message(account(1)), account_message(account(1, owner="nobody@x.example")))
    engine.take(user_message(1, account(1), **_OUTSIDE))
    engine.run(0.0)
    engine.read_directories()
    engine.run(0.0)
    assert [end.reason for end in engine.ended] == [reasons.INVALID_OWNER]

    engine.down = set()
    engine.run()

    assert [row["externalId"] for row in engine.rows("endusers")] == ["u-1"]


def test_an_event_of_a_user_that_came_to_nothing_is_unattributed() -> None:
    engine = Engine(company_wait=2.0)
    engine.take(user_message(1, account(2), **_OUTSIDE, events=[event()]))

    pass_time(engine, 10.0)
    engine.run()

    assert activities(engine) == [("delivered", UNATTRIBUTED)]
    assert [row["reason"] for row in engine.rows("dropped")] == [
        "no such contact is there at this moment"
    ]


def test_an_event_of_a_user_that_planhat_took_before_is_attributed() -> None:
    engine = Engine(company_wait=2.0)
    engine.take(user_message(1, account(1)))
    engine.run()
    engine.take(user_message(1, account(2), **_OUTSIDE, events=[event()]))

    pass_time(engine, 10.0)
    engine.run()

    assert activities(engine) == [("delivered", None)]
    assert engine.rows("dropped") == []


def test_an_event_whose_user_did_not_change_is_attributed() -> None:
    engine = Engine()
    unchanged = {"is_new": False, "user": {"traits_unmapped": [1, 2]}}
    engine.take(user_message(1, account(1), changes=unchanged, events=[event()]))

    engine.run()

    assert activities(engine) == [("delivered", None)]
