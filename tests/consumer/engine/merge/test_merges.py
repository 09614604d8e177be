"""What a merge means for the survivor's contact, and for those of the losers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from consumer.lanes.part import Closing
from planhat_client.protocol import Reject, Retry
from planhat_client.sandbox import SandboxOptions
from planhat_client.sandbox.models import ENDUSERS
from schemas.planhat import Resource
from tests.consumer.engine_run import CONNECTOR, Engine, account, account_message, user_message

if TYPE_CHECKING:
    from planhat_client.sandbox.options import UnknownId

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
    return user_message(
        winner, COMPANY, **{"changes": UNCHANGED, "events": [event(loser)], **members}
    )


def begun(policy: str = "ignore", **options: Any) -> Engine:  # noqa: ANN401
    engine = Engine(connector={**CONNECTOR, "on_user_merged": policy}, **options)
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


def contacts(engine: Engine) -> dict[str, bool | None]:
    """External id -> whether it is archived."""
    return {row["externalId"]: row.get("archived") for row in engine.rows("endusers")}


def ended(engine: Engine) -> list[tuple[str, str | None]]:
    return [(end.ending, end.change) for end in engine.ended if isinstance(end.part, Closing)]


def test_the_contact_of_the_loser_is_archived_after_the_survivor_was_delivered() -> None:
    engine = begun("archive")
    engine.take(user_message(1, COMPANY), user_message(2, COMPANY))
    engine.run()

    engine.take(merge(events=[event(2), {"event": "Signed in", "event_id": "e"}]))
    engine.run()

    assert contacts(engine) == {"u-1": None, "u-2": True}
    assert ended(engine) == [("delivered", "archived")]
    assert engine.letters == []
    assert engine.backlog.records == 0


def test_the_contact_of_the_loser_is_deleted() -> None:
    engine = begun("delete")
    engine.take(user_message(1, COMPANY), user_message(2, COMPANY))
    engine.run()

    engine.take(merge())
    engine.run()

    assert contacts(engine) == {"u-1": None}
    assert ended(engine) == [("delivered", "deleted")]
    assert engine.calls["removal"] == 1
    assert engine.backlog.records == 0


def test_a_survivor_without_a_contact_goes_on_with_that_of_the_loser() -> None:
    engine = begun("delete")
    engine.take(user_message(2, COMPANY))
    engine.run()
    (before,) = engine.rows("endusers")

    engine.take(merge())
    engine.run()

    (after,) = engine.rows("endusers")
    assert after["_id"] == before["_id"]
    assert after["externalId"] == "u-1"
    assert ended(engine) == []


@pytest.mark.parametrize("policy", ["archive", "delete"])
def test_a_merge_that_comes_twice_ends_a_contact_once(policy: str) -> None:
    engine = begun(policy)
    engine.take(user_message(1, COMPANY), user_message(2, COMPANY))
    engine.run()

    engine.take(merge(), merge())
    engine.run()
    engine.take(merge())
    engine.run()

    assert contacts(engine) == ({"u-1": None} if policy == "delete" else {"u-1": None, "u-2": True})
    assert len(ended(engine)) == 1
    assert engine.letters == []


def test_the_changes_of_both_and_their_merge_may_lie_in_one_batch() -> None:
    engine = begun("archive")

    engine.take(user_message(1, COMPANY), user_message(2, COMPANY), merge())
    engine.run()

    assert contacts(engine) == {"u-1": None, "u-2": True}


def test_a_merge_waits_for_a_change_of_the_loser_in_flight() -> None:
    engine = begun("archive")
    engine.take(user_message(2, COMPANY))
    flying = engine.core.next(engine.now)
    engine.take(merge())
    engine.run(0.0)

    assert contacts(engine) == {}
    engine.answer(flying, engine.send(flying))  # type: ignore[arg-type]
    engine.run()

    assert contacts(engine) == {"u-1": None}


def test_an_older_message_of_the_loser_that_is_read_later_goes_before_the_merge() -> None:
    engine = begun("archive")
    engine.take(user_message(1, COMPANY))
    engine.run()
    engine.take(merge())
    assert not engine.pass_barrier(engine._next_offset + 1)

    engine.take(user_message(2, COMPANY))
    engine.run()

    assert contacts(engine) == {"u-1": None, "u-2": True}


def test_later_messages_of_the_survivor_stay_behind_its_merge() -> None:
    engine = begun("archive")
    engine.take(
        user_message(2, COMPANY), merge(), user_message(1, COMPANY, user={"name": "Newest"})
    )
    engine.run()

    (row,) = engine.rows("endusers")
    assert (row["externalId"], row["name"]) == ("u-1", "Newest")


def test_merges_of_merges_come_to_one_contact() -> None:
    engine = begun("delete")
    engine.take(*[user_message(number, COMPANY) for number in (1, 2, 3)])
    engine.run()

    engine.take(merge(2, 3), merge(1, 2))
    engine.run()

    assert contacts(engine) == {"u-1": None}


def test_the_contact_of_the_loser_stays_where_the_survivor_was_not_delivered() -> None:
    engine = begun("delete")
    engine.take(user_message(1, COMPANY), user_message(2, COMPANY))
    engine.run()
    engine.take(merge())
    engine.pass_barrier()
    engine.look_up()
    while not engine.letters:
        engine.answer(engine.core.next(engine.now), Reject("400 no"))  # type: ignore[arg-type]
    engine.run()

    assert contacts(engine) == {"u-1": None, "u-2": None}
    assert [end.reason for end in engine.ended if isinstance(end.part, Closing)] == [
        "The user that it was merged into was not delivered."
    ]
    assert len(engine.letters) == 1
    assert engine.backlog.records == 0


@pytest.mark.parametrize("unknown_id", ["created", "refused", "ignored", "next_key"])
def test_a_contact_that_is_gone_before_it_is_archived_is_no_dead_letter(
    unknown_id: UnknownId,
) -> None:
    engine = begun("archive", options=SandboxOptions(unknown_id=unknown_id))
    engine.take(user_message(1, COMPANY), user_message(2, COMPANY))
    engine.run()
    engine.take(merge())
    engine.pass_barrier()
    engine.look_up()
    (gone,) = [row for row in engine.rows("endusers") if row["externalId"] == "u-2"]
    engine.sandbox.state.delete(ENDUSERS, gone)

    engine.run()

    assert [end for end, _ in ended(engine)] == ["delivered"]
    assert engine.letters == []
    assert contacts(engine) == {"u-1": None}


def test_an_id_of_hull_that_names_the_ended_contact_is_not_believed_any_more() -> None:
    engine = begun("archive")
    engine.take(user_message(1, COMPANY), user_message(2, COMPANY))
    engine.run()
    ids = {row["externalId"]: row["_id"] for row in engine.rows("endusers")}
    told = {"planhat/id": ids["u-2"]}

    engine.take(merge(user=told), user_message(1, COMPANY, user={**told, "name": "Newest"}))
    engine.run()

    names = {row["externalId"]: row.get("name") for row in engine.rows("endusers")}
    assert names == {"u-1": "Newest", "u-2": None}
    assert contacts(engine) == {"u-1": None, "u-2": True}
    assert engine.letters == []


def test_a_revoked_merge_is_made_by_the_next_owner() -> None:
    engine = begun("delete")
    engine.take(user_message(1, COMPANY), user_message(2, COMPANY))
    engine.run()
    engine.take(merge())
    engine.revoke()
    assert len(engine.planner.barrier) == 0

    engine.take(merge())
    engine.run()

    assert contacts(engine) == {"u-1": None}


def test_many_merges_cost_few_calls() -> None:
    engine = begun("archive")
    count = 2500
    engine.take(*[user_message(number, COMPANY) for number in range(2 * count)])
    engine.run()
    before = engine.calls.copy()

    engine.take(*[merge(number, count + number) for number in range(count)])
    engine.run()

    found = contacts(engine)
    assert sum(found[f"u-{count + number}"] is True for number in range(count)) == count
    calls = engine.calls - before
    assert calls == {"endusers": 5, "endusers listed": 1}
