"""What became of whom is remembered, newest first, and never more than may be."""

from __future__ import annotations

from consumer import reasons
from consumer.offsets import Offsets
from consumer.outcomes import Outcomes
from consumer.part import Backlog, Partition, Receipt, Record, Ticket
from schemas.planhat import Resource


def receipt(hull_id: str, *, reason: str = "", size: int = 100) -> Receipt:
    record = Record(Partition("t", 0), 0, None, b"x" * size)
    ticket = Ticket(record, Offsets(), Backlog(), profiles=[hull_id])
    made = Receipt(ticket, None, "user:update", hull_id, f"ext-{hull_id}", f"{hull_id}@Acme.com")
    if reason:
        made.skip(Resource.ENDUSERS, reason)
    else:
        made.delivered = 1
        made.change((Resource.ENDUSERS, hull_id, "delivered", "", "created", {"a": 1}))
    return made


def noted(outcomes: Outcomes, receipt: Receipt, now: float) -> None:
    outcomes.note(receipt, receipt.ending, receipt.reason, now)


def filled(outcomes: Outcomes, *hull_ids: str) -> Outcomes:
    for at, hull_id in enumerate(hull_ids):
        noted(outcomes, receipt(hull_id), float(at))
    return outcomes


def test_a_profile_is_found_by_each_of_its_names_in_any_case() -> None:
    outcomes = filled(Outcomes(), "u1", "u2")

    for query in ("u1", "EXT-U1", " u1@acme.COM "):
        assert [one.hull_id for one in outcomes.find(query, 10)] == ["u1"]
    assert outcomes.find("u", 10) == []


def test_the_newest_comes_first() -> None:
    outcomes = filled(Outcomes(), "u1", "u2", "u1")

    assert [one.at for one in outcomes.find("u1", 10)] == [2.0, 0.0]
    assert [one.hull_id for one in outcomes.latest(2)] == ["u1", "u2"]


def test_what_was_sent_is_there_for_the_last_ones_only() -> None:
    outcomes = filled(Outcomes(recent=2), "u1", "u2", "u3")

    [old] = outcomes.find("u1", 10)
    [new] = outcomes.find("u3", 10)
    assert (old.ending, old.changes) == ("delivered", [])
    assert new.changes[0][-1] == {"a": 1}


def test_large_messages_are_remembered_in_fewer_bytes_than_told() -> None:
    outcomes = Outcomes(size=10_000)
    for number in range(100):
        noted(outcomes, receipt(f"u{number}", size=2000), float(number))

    assert len(outcomes.latest(100)) == 3
    assert len(outcomes) == 100


def test_profiles_are_bounded_and_the_longest_silent_is_forgotten_first() -> None:
    outcomes = filled(Outcomes(recent=1, most=2), "u1", "u2", "u1", "u3")

    assert outcomes.find("u2", 10) == []
    assert [one.at for one in outcomes.find("u1", 10)] == [2.0]
    assert len(outcomes) == 2
    assert outcomes.since == 2.0


def test_nothing_changed_does_not_cover_what_was_before_it() -> None:
    outcomes = Outcomes(recent=1)
    noted(outcomes, receipt("u", reason=reasons.NO_COMPANY_ID), 0.0)
    for at in range(1, 5):
        noted(outcomes, receipt("u", reason=reasons.NOTHING_CHANGED), float(at))

    assert [one.reason for one in outcomes.find("u", 10)] == [
        reasons.NOTHING_CHANGED,
        reasons.NO_COMPANY_ID,
    ]


def test_what_has_no_profile_is_among_the_latest_only() -> None:
    outcomes = Outcomes()
    noted(outcomes, receipt("", reason="tombstone"), 0.0)

    assert len(outcomes.latest(5)) == 1
    assert len(outcomes) == 0
