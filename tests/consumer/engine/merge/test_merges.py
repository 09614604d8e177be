"""What a merge means for the survivor's contact, and for those of the losers."""

from __future__ import annotations

from typing import Any

from planhat_client.protocol import Retry
from schemas.planhat import Resource
from tests.consumer.engine_run import Engine, account, account_message, user_message

COMPANY = account(1)
UNCHANGED = {"is_new": False, "user": {}, "account": {}}


def event(loser: int) -> dict[str, Any]:
    return {
        "event": "User merged",
        "event_id": f"1:{loser}:merged",
        "properties": {
            "user_id": "user-1",
            "merged_id": f"user-{loser}",
            "merged_external_id": f"u-{loser}",
            "merged_email": f"u{loser}@example.com",
        },
    }


def merge(winner: int = 1, loser: int = 2, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return user_message(winner, COMPANY, changes=UNCHANGED, events=[event(loser)], **members)


def begun(**options: Any) -> Engine:  # noqa: ANN401
    engine = Engine(**options)
    engine.take(account_message(COMPANY))
    engine.run()
    return engine


def test_a_survivor_is_sent_anew_by_its_keys_although_nothing_changed() -> None:
    engine = begun()
    engine.take(user_message(1, COMPANY))
    engine.run()
    calls = engine.calls["endusers"]

    engine.take(merge())
    batch = engine.core.next(engine.now)

    assert calls == 1
    assert [body.get("_id") for body in batch.bodies] == [None]  # type: ignore[union-attr]
    assert [body["externalId"] for body in batch.bodies] == ["u-1"]  # type: ignore[union-attr]


def test_an_id_that_an_answer_in_flight_teaches_is_not_believed_either() -> None:
    engine = begun()
    engine.take(user_message(1, COMPANY))
    flying = engine.core.next(engine.now)
    engine.take(merge())

    engine.answer(flying, engine.send(flying))  # type: ignore[arg-type]
    batch = engine.core.next(engine.now)

    assert [body.get("_id") for body in batch.bodies] == [None]  # type: ignore[union-attr]


def test_the_id_that_the_survivor_teaches_is_believed() -> None:
    engine = begun()

    engine.take(merge())
    engine.run()

    (row,) = engine.rows("endusers")
    assert engine.lanes[Resource.ENDUSERS].memory.ids.get("user-1") == row["_id"]
    assert engine.planner.merges.survivors == {}


def test_ignored_is_the_contact_of_the_loser_by_default() -> None:
    engine = begun()
    engine.take(user_message(1, COMPANY), user_message(2, COMPANY))
    engine.run()

    engine.take(merge())
    engine.run()

    assert [row.get("archived") for row in engine.rows("endusers")] == [None, None]


def test_a_merge_that_fails_is_tried_again_by_its_keys() -> None:
    engine = begun()
    engine.take(merge())
    first = engine.core.next(engine.now)

    engine.answer(first, Retry("network"))  # type: ignore[arg-type]
    engine.run()

    assert [row["externalId"] for row in engine.rows("endusers")] == ["u-1"]
