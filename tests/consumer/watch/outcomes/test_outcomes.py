"""What became of whom is remembered, newest first, and never more than may be."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from consumer.decide import reasons
from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.offsets.ticket import Backlog, Receipt, Ticket
from consumer.watch.outcomes.outcomes import Outcomes, Room
from schemas.planhat import Resource
from tests.consumer.in_one_go import in_one_go

if TYPE_CHECKING:
    from collections.abc import Iterable


def receipt(hull_id: str, *, reason: str = "", sent: bytes = b'{"a":1}') -> Receipt:
    ticket = Ticket(Record(Partition("t", 3), 7, None, b"x"), Offsets(), Backlog())
    made = Receipt(ticket, None, "user:update", hull_id)
    made.external_id, made.email = f"ext-{hull_id}", f"{hull_id}@Acme.com"
    if reason:
        made.skip(Resource.ENDUSERS, reason)
    else:
        made.delivered = 1
        made.change((Resource.ENDUSERS, hull_id, "delivered", "", "created", sent))
    return made


def noted(outcomes: Outcomes, receipt: Receipt, now: float) -> None:
    outcomes.note(receipt, receipt.ending, receipt.reason, now)


def filled(outcomes: Outcomes, hull_ids: Iterable[str], reason: str = "") -> Outcomes:
    for at, hull_id in enumerate(hull_ids):
        noted(outcomes, receipt(hull_id, reason=reason), float(at))
    return outcomes


def remembered(outcomes: Outcomes) -> int:
    return sum(len(block.keys) for block in (*outcomes._log(), *outcomes._silent))


def test_a_profile_is_found_by_each_of_its_names_in_any_case() -> None:
    outcomes = filled(Outcomes(Room(at_once=2)), ["u1", "u2", "u3"])

    for name in ("u1", "u3"):
        for query in (name, f"EXT-{name}", f" {name}@acme.COM "):
            assert [one.hull_id for one in in_one_go(outcomes.search(query, 10))] == [name]
    assert in_one_go(outcomes.search("u", 10)) == []
    assert in_one_go(outcomes.search(" ", 10)) == []


def test_a_name_that_is_not_ascii_is_found_in_any_case() -> None:
    outcomes = filled(Outcomes(Room(at_once=1)), ["JÖRG", 'a"b'])

    assert [one.hull_id for one in in_one_go(outcomes.search("jörg@acme.com", 10))] == ["JÖRG"]
    assert [one.hull_id for one in in_one_go(outcomes.search('A"B', 10))] == ['a"b']


def test_by_an_address_all_of_its_profile_is_found() -> None:
    outcomes = Outcomes(Room(at_once=1))
    bare = receipt("u1", reason="stale replay")
    bare.email = bare.external_id = None
    noted(outcomes, bare, 0.0)
    noted(outcomes, receipt("u1"), 1.0)

    assert [one.at for one in in_one_go(outcomes.search("u1@acme.com", 10))] == [1.0, 0.0]


def test_an_outcome_is_found_as_it_was_noted() -> None:
    for at_once in (1, 100):
        outcomes = filled(Outcomes(Room(at_once=at_once)), ["u1"])

        [one] = in_one_go(outcomes.search("u1", 10))
        assert one == (
            *(0.0, "u1", "ext-u1", "u1@Acme.com", "user:update", "delivered", "", "t", 3, 7, None),
            [(Resource.ENDUSERS, "u1", "delivered", "", "created", {"a": 1})],
            [],
        )


def test_the_newest_comes_first() -> None:
    outcomes = filled(Outcomes(Room(at_once=2)), ["u1", "u2", "u1"])

    assert [one.at for one in in_one_go(outcomes.search("u1", 10))] == [2.0, 0.0]
    assert [one.hull_id for one in outcomes.latest(2)] == ["u1", "u2"]


def test_what_was_sent_is_there_for_the_last_ones_only() -> None:
    outcomes = filled(Outcomes(Room(at_once=1, payload_size=14)), ["u1", "u2", "u3"])

    [old] = in_one_go(outcomes.search("u1", 10))
    [new] = in_one_go(outcomes.search("u3", 10))
    assert old.changes == [(Resource.ENDUSERS, "u1", "delivered", "", "created", None)]
    assert new.changes[0][-1] == {"a": 1}


def test_each_change_has_its_own_payload() -> None:
    outcomes = Outcomes(Room(at_once=3))
    first = receipt("u1", sent=b'{"a":1}')
    first.change((Resource.ACTIVITIES, "u1", "delivered", "", None, b'{"b":2}'))
    for at, one in enumerate((first, receipt("u2", reason="not ours"), receipt("u3", sent=b""))):
        noted(outcomes, one, float(at))

    found = [[change[-1] for change in one.changes] for one in outcomes.latest(3)]
    assert found == [[{}], [], [{"a": 1}, {"b": 2}]]


def test_while_thousands_end_only_some_keep_what_was_sent() -> None:
    room = Room(payloads_at_once=2, payloads_a_second=1.0, at_once=3)
    outcomes = Outcomes(room)
    for at in (0.0, 0.0, 0.0):
        assert outcomes.keeps_payloads is (remembered(outcomes) < 2)
        one = receipt("u")
        one.changes = one.changes if outcomes.keeps_payloads else ()
        noted(outcomes, one, at)
    noted(outcomes, receipt("skipped", reason="not ours"), 1.5)

    assert [len(one.changes) for one in outcomes.latest(4)] == [0, 0, 1, 1]
    assert outcomes.keeps_payloads


def test_changes_are_told_all_or_not_at_all() -> None:
    outcomes = Outcomes(Room(at_once=1))
    one = receipt("u")
    one.delivered = 2
    noted(outcomes, one, 0.0)

    assert [one.changes for one in outcomes.latest(1)] == [[]]


def test_of_a_rejected_message_what_was_refused_is_told() -> None:
    outcomes = Outcomes()
    one = receipt("u")
    one.delivered = 1
    one.changes = ()
    one.change((Resource.ACTIVITIES, "u", "rejected", "too old", None, b'{"b":2}'))
    one.reject("too old")
    noted(outcomes, one, 0.0)

    assert outcomes.latest(1)[0].changes == [
        (Resource.ACTIVITIES, "u", "rejected", "too old", None, {"b": 2})
    ]


@given(st.text(st.sampled_from("a\x1c\x1d\x1e\x1f\n")))
def test_no_name_breaks_the_log(name: str) -> None:
    outcomes = Outcomes()
    odd = receipt(f"u{name}", reason=f"why{name}")
    odd.change((Resource.ENDUSERS, f"key{name}", "rejected", f"r{name}", None, b"{}"))
    for one in (receipt("before"), odd, receipt("after")):
        noted(outcomes, one, 0.0)

    marks = dict.fromkeys(range(0x1C, 0x20), "?")
    clean = name.translate(marks)
    after, found, before = outcomes.latest(3)
    assert (before.hull_id, after.hull_id) == ("before", "after")
    assert found.hull_id.translate(marks) == f"u{clean}"
    assert found.skips == [(Resource.ENDUSERS, f"why{clean}")]
    assert found.changes == [(Resource.ENDUSERS, f"key{clean}", "rejected", f"r{clean}", None, {})]


def test_half_a_surrogate_pair_is_shown_as_a_question_mark() -> None:
    outcomes = filled(Outcomes(Room(at_once=1)), ["u\ud800"])

    assert [one.hull_id for one in outcomes.latest(1)] == ["u?"]


def test_large_outcomes_are_fewer() -> None:
    outcomes = filled(Outcomes(Room(at_once=1, size=20_000)), map(str, range(50)), "why" * 300)

    assert [one.hull_id for one in outcomes.latest(2)] == ["49", "48"]
    assert remembered(outcomes) < 12


def test_who_is_silent_is_remembered_while_others_come_again_and_again() -> None:
    outcomes = Outcomes(Room(outcomes=40, silent=20, at_once=4))
    noted(outcomes, receipt("silent", reason=reasons.NO_COMPANY_ID), 0.0)
    filled(outcomes, [f"u{number % 5}" for number in range(2000)])

    assert [one.reason for one in in_one_go(outcomes.search("silent", 10))] == [
        reasons.NO_COMPANY_ID
    ]
    assert outcomes.since == 0.0
    assert remembered(outcomes) <= 40 + 20 + 4
    assert [one.hull_id for one in outcomes.latest(2)] == ["u4", "u3"]


def test_the_longest_silent_is_forgotten_first() -> None:
    outcomes = filled(Outcomes(Room(outcomes=40, silent=20, at_once=4)), map(str, range(2000)))

    assert in_one_go(outcomes.search("1", 10)) == []
    assert in_one_go(outcomes.search("1999", 10))
    assert remembered(outcomes) <= 40 + 20 + 4


def test_nothing_changed_does_not_cover_what_was_before_it() -> None:
    outcomes = Outcomes(Room(outcomes=10, silent=5, at_once=2))
    noted(outcomes, receipt("u", reason=reasons.NO_COMPANY_ID), 0.0)
    for at in range(1, 500):
        noted(outcomes, receipt("u", reason=reasons.NOTHING_CHANGED), float(at))

    found = [one.reason for one in in_one_go(outcomes.search("u", 1000))]
    assert found[0] == reasons.NOTHING_CHANGED
    assert found[-1] == reasons.NO_COMPANY_ID


def test_events_alone_do_not_cover_what_was_told_of_their_contact() -> None:
    outcomes = Outcomes(Room(outcomes=10, silent=5, at_once=2))
    noted(outcomes, receipt("u"), 0.0)
    for at in range(1, 500):
        events_only = receipt("u", reason=reasons.NOTHING_CHANGED)
        events_only.delivered = 1
        noted(outcomes, events_only, float(at))

    found = in_one_go(outcomes.search("u", 1000))
    assert [one.ending for one in (found[0], found[-1])] == ["delivered", "delivered"]
    assert (found[0].skips, found[-1].skips) == ([(Resource.ENDUSERS, reasons.NOTHING_CHANGED)], [])
    assert found[-1].changes == [(Resource.ENDUSERS, "u", "delivered", "", "created", None)]


def test_what_has_no_profile_is_among_the_latest() -> None:
    outcomes = Outcomes()
    noted(outcomes, receipt("", reason="tombstone"), 0.0)

    assert len(outcomes.latest(5)) == 1
    assert outcomes.since == 0.0
    assert Outcomes().since is None


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["", "x", "y"]))),
    st.integers(1, 5),
)
def test_the_last_of_each_kind_is_remembered_in_a_room_twice_as_large(
    noted_ones: list[tuple[str, str]], at_once: int
) -> None:
    kinds = 24
    outcomes = Outcomes(Room(outcomes=3 * kinds, silent=kinds, at_once=at_once))
    last: dict[tuple[str, str], float] = {}
    newest: deque[str] = deque(maxlen=5)
    for at, (hull_id, reason) in enumerate(noted_ones * 4):
        noted(outcomes, receipt(hull_id, reason=reason), float(at))
        last[hull_id, reason] = float(at)
        newest.appendleft(hull_id)

    for (hull_id, reason), ended_at in last.items():
        found = in_one_go(outcomes.search(hull_id, 1000))
        assert max(one.at for one in found if one.reason == reason) == ended_at
        assert len({one.at for one in found}) == len(found)
    assert [one.hull_id for one in outcomes.latest(5)] == list(newest)
    assert remembered(outcomes) <= 4 * kinds + at_once
