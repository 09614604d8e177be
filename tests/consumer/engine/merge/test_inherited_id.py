"""A survivor inherits what it lacks of the loser, in Hull also the id of the loser's contact."""

from __future__ import annotations

from tests.consumer.engine.merge.test_merges import COMPANY, begun, merge
from tests.consumer.engine_run import account, account_message, user_message


def test_who_inherits_the_id_of_a_contact_elsewhere_and_has_one_itself_keeps_its_own() -> None:
    engine = begun()
    elsewhere = account(2)
    engine.take(account_message(elsewhere), user_message(1, COMPANY), user_message(2, elsewhere))
    engine.run()
    own, losers = (row["_id"] for row in engine.rows("endusers"))

    engine.take(merge(user={"planhat/id": losers, "name": "Ada"}))
    engine.run()

    assert engine.letters == []
    named = {row["_id"]: row.get("name") for row in engine.rows("endusers")}
    assert named == {own: "Ada", losers: None}
