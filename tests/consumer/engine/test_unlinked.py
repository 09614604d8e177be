"""Users that lose their account in Hull, and what becomes of their contacts in Planhat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from consumer.decide import reasons
from planhat_client.sandbox import SandboxOptions
from planhat_client.sandbox.models import ENDUSERS
from tests.consumer.engine_run import CONNECTOR, Engine, account, user_message

if TYPE_CHECKING:
    from planhat_client.sandbox.options import UnknownId

ARCHIVING = {**CONNECTOR, "on_user_unlinked": "archive"}
ANSWERS: list[UnknownId] = ["refused", "ignored", "created", "next_key"]


def unlinked(number: int, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    changes = {"is_new": False, "user": {}, "account": {"id": ["account-1", None]}}
    return user_message(number, {}, account_segments=[], changes=changes, **members)


def linked(number: int, company: dict[str, Any]) -> dict[str, Any]:
    changes = {"is_new": False, "user": {}, "account": {"id": [None, company["id"]]}}
    return user_message(number, company, changes=changes)


def by_address(number: int) -> dict[str, Any]:
    """Of a user without an external id."""
    return {"user": {"external_id": None, "email": f"u{number}@example.com"}}


def restarted(engine: Engine) -> None:
    """Nothing is known any more of what Planhat answered."""
    for lane in engine.lanes.values():
        lane.memory.ids.clear()
        lane.memory.digests.clear()


def test_who_is_unlinked_stays_as_it_is_with_a_reason_of_its_own() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)))
    engine.run()
    before, calls = dict(engine.rows("endusers")[0]), dict(engine.calls)

    engine.take(unlinked(1))
    engine.run()

    assert (engine.rows("endusers"), engine.calls) == ([before], calls)
    assert engine.skips() == [reasons.UNLINKED]


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "after a restart"])
def test_who_is_unlinked_is_archived_at_its_company_and_who_is_linked_again_is_not(
    is_known: bool,  # noqa: FBT001 - a column
) -> None:
    engine = Engine(connector=ARCHIVING)
    engine.take(user_message(1, account(1)))
    engine.run()
    if not is_known:
        restarted(engine)

    engine.take(unlinked(1))
    engine.run()
    archived = dict(engine.rows("endusers")[0])
    engine.take(linked(1, account(2)))
    engine.run()

    (back,) = engine.rows("endusers")
    assert archived["archived"] is True
    assert engine.calls["enduser"] == (0 if is_known else 1)
    assert (back["_id"], back["archived"]) == (archived["_id"], False)
    assert back["companyId"] == engine.directory.ids["a-2"] != archived["companyId"]


def test_a_replay_of_who_was_unlinked_costs_no_call() -> None:
    engine = Engine(connector=ARCHIVING)
    messages = [unlinked(number) for number in range(500)]
    engine.take(*(user_message(number, account(1)) for number in range(500)))
    engine.take(*messages)
    engine.run()
    calls = dict(engine.calls)

    engine.take(*messages)
    engine.run()

    assert engine.calls == calls
    assert all(row["archived"] for row in engine.rows("endusers"))


@pytest.mark.parametrize("others", [{}, by_address(1)], ids=["external id", "e-mail"])
def test_who_is_unlinked_and_not_in_planhat_is_not_created(others: dict[str, Any]) -> None:
    engine = Engine(connector=ARCHIVING)

    engine.take(unlinked(1, **others))
    engine.run()

    assert engine.rows("endusers") == []
    assert engine.skips() == [reasons.UNLINKED]


@pytest.mark.parametrize("unknown_id", ANSWERS)
def test_who_is_unlinked_after_its_contact_was_deleted_ends_without_a_letter(
    unknown_id: UnknownId,
) -> None:
    engine = Engine(SandboxOptions(unknown_id=unknown_id), ARCHIVING)
    engine.take(user_message(1, account(1)))
    engine.run()
    records = engine.sandbox.state.records["endusers"]
    engine.sandbox.state.delete(ENDUSERS, next(iter(records)))

    engine.take(unlinked(1))
    engine.run()

    assert engine.letters == []
    assert engine.rows("endusers") == []
    assert engine.skips() == [reasons.UNLINKED]


def test_an_event_of_who_is_unlinked_goes_to_the_contact_that_stays() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)))
    engine.run()

    engine.take(unlinked(1, events=[{"event": "Signed in", "event_id": "e1"}]))
    engine.run()

    assert [row["action"] for row in engine.rows("activities")] == ["Signed in"]
    assert [end.change for end in engine.ended if end.part.event_id] == [None]
