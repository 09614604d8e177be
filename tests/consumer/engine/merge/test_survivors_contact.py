"""Which contact the survivor goes on with, and what a successor sends of it again."""

from __future__ import annotations

import pytest

from planhat_client.sandbox.models import ENDUSERS
from tests.consumer.engine.merge.test_merges import COMPANY, begun, contacts, event, merge
from tests.consumer.engine_run import Engine, account, account_message, user_message

ELSEWHERE = account(2)


def apart(policy: str = "archive") -> tuple[Engine, str]:
    """Two contacts in two companies; the id of the loser's."""
    engine = begun(policy)
    engine.take(account_message(ELSEWHERE))
    engine.take(user_message(1, COMPANY), user_message(2, ELSEWHERE))
    engine.run()
    return engine, engine.rows("endusers")[1]["_id"]


def test_of_a_user_that_was_merged_twice_a_successor_sends_nothing_older_again() -> None:
    engine = begun("archive")
    engine.take(*[user_message(number, COMPANY) for number in (1, 2, 3)])
    engine.run()
    twice = [merge(1, loser, user={"traits_version": loser}) for loser in (2, 3)]

    engine.take(*twice)
    engine.run()
    successor = begun("archive")
    successor.sandbox = engine.sandbox
    successor.read_directories()
    successor.take(*twice)
    successor.run()

    assert contacts(successor) == {"u-1": None, "u-2": True, "u-3": True}
    assert successor.sandbox.report()["counters"]["overtakes"] == 0
    assert successor.backlog.records == 0


def test_two_merges_of_one_user_are_one_look_up_and_one_write() -> None:
    engine = begun("archive")
    engine.take(*[user_message(number, COMPANY) for number in (1, 2, 3)])
    engine.run()
    engine.calls.clear()

    engine.take(merge(1, 2), merge(1, 3))
    engine.run()

    # The survivor, and then the two that end.
    assert engine.calls["endusers"] == 2
    assert contacts(engine) == {"u-1": None, "u-2": True, "u-3": True}


def test_its_own_contact_is_found_though_the_id_of_its_company_was_not_told() -> None:
    engine, losers = apart()
    engine.directory.ids["a-1"] = "extid-a-1"

    engine.take(merge(user={"planhat/id": losers}))
    engine.run()

    assert contacts(engine) == {"u-1": None, "u-2": True}
    assert engine.letters == []


@pytest.mark.parametrize("policy", ["archive", "delete"])
def test_its_other_contact_ends_where_hull_names_the_losers_in_the_company_that_it_is_in_now(
    policy: str,
) -> None:
    engine, losers = apart(policy)

    engine.take(merge(user={"planhat/id": losers}, account=ELSEWHERE))
    engine.run()

    kept = [row for row in engine.rows("endusers") if not row.get("archived")]
    assert [(row["_id"], row["externalId"]) for row in kept] == [(losers, "u-1")]
    assert len(engine.rows("endusers")) == (2 if policy == "archive" else 1)
    assert engine.letters == []


def test_one_that_was_archived_is_in_use_again_if_one_in_use_ends() -> None:
    engine = begun("archive")
    engine.take(user_message(1, COMPANY), user_message(2, COMPANY))
    engine.run()
    for row in engine.sandbox.state.matcher.addressed(ENDUSERS, "extid-u-1"):
        row["archived"] = True

    engine.take(merge(events=[event(2)]))
    engine.run()

    assert contacts(engine) == {"u-1": False, "u-2": True}


def test_an_event_of_a_merge_waits_until_the_other_contact_of_its_external_id_is_gone() -> None:
    engine = begun("delete")
    third = account(3)
    engine.take(account_message(ELSEWHERE), account_message(third), user_message(2, ELSEWHERE))
    engine.run()
    engine.take(user_message(1, COMPANY, user={"external_id": None}))
    engine.run()
    own = engine.rows("endusers")[1]["_id"]
    events = [event(2), {"event": "Signed in", "event_id": "e", "created_at": "2026-11-01"}]
    inherited = {"external_id": "u-2", "planhat/id": own}

    # It moves at once: the event names the company that it was in.
    engine.take(merge(user=inherited, events=events), user_message(1, third, user=inherited))
    engine.run()

    assert [row["_id"] for row in engine.rows("endusers")] == [own]
    assert [row["enduserId"] for row in engine.rows("activities")] == [own]
    assert engine.sandbox.report()["counters"]["ambiguous"] == 0
