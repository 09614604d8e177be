import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decide import reasons
from consumer.decide.decide import decide
from consumer.decide.message import Messages, UserMessage
from consumer.decide.parse import parse
from consumer.offsets.record import Record
from consumer.outbox.stale import StaleGuard
from tests.consumer.dead import EVENTS, message, record, replayed
from tests.consumer.watch.explain.hull_messages import RULES


def take(newest: StaleGuard, one: Record) -> str | None:
    """What intake does with a record of one user."""
    newest.seen(one)
    parsed = parse(one.value, one.headers)
    assert isinstance(parsed, Messages)
    (user,) = parsed.messages
    assert isinstance(user, UserMessage)
    why = newest.why_not(one, user.hull_id, None)
    if why is None:
        newest.note(one, decide(user, RULES))
    return why


@pytest.mark.parametrize(
    ("records", "stale"),
    [
        ([record(5)], [False]),
        ([record(5), replayed(6, 2, 6)], [False, True]),
        ([record(5), replayed(6, 5, 6)], [False, False]),
        ([record(5, message(matters=False)), replayed(6, 2, 6)], [False, False]),
        ([record(5, message("u2")), replayed(6, 2, 6)], [False, False]),
        ([record(7), replayed(9, 2, 8)], [False, True]),
        ([record(7, message("u2")), replayed(9, 2, 6)], [False, True]),
        ([record(7, message("u2")), replayed(9, 2, 7)], [False, False]),
        ([replayed(9, 2, 9)], [False]),
        ([replayed(9, 2, 8)], [True]),
        ([replayed(9, 2)], [False]),
        ([record(5), replayed(6, 2)], [False, False]),
        ([replayed(6, 3, 6), replayed(7, 2, 6)], [False, True]),
        ([replayed(6, 2, 6), replayed(7, 3, 6), record(8)], [False, False, False]),
        ([record(5), replayed(6, 2, 6), replayed(7, 5, 6)], [False, True, False]),
    ],
    ids=[
        "no replay",
        "a newer one came",
        "of the newest itself",
        "the newer one was skipped",
        "the newer one is of another profile",
        "the newer one came before the check",
        "not all was seen since the check",
        "all was seen since the check",
        "the first that is seen, right behind the check",
        "the first that is seen, not behind the check",
        "unprotected",
        "unprotected, and a newer one came",
        "a newer replay came",
        "replays in their order",
        "a stale one leaves the others alone",
    ],
)
def test_a_replay_is_stale_if_something_newer_was_or_may_have_been_sent(
    records: list[Record], stale: list[bool]
) -> None:
    newest = StaleGuard()

    told = [take(newest, one) for one in records]

    assert told == [reasons.STALE_REPLAY if one else None for one in stale]


def test_what_was_final_before_is_not_known() -> None:
    newest = StaleGuard()
    take(newest, record(5, message("u2")))
    newest.passed_over(record(7))

    assert take(newest, replayed(9, 2, 7)) == reasons.STALE_REPLAY
    assert take(newest, replayed(10, 2, 8)) is None


def test_what_is_forgotten_for_want_of_room_counts_as_newer() -> None:
    newest = StaleGuard(size=1)
    for offset, hull_id in [(5, "u1"), (6, "u2"), (7, "u3")]:
        take(newest, record(offset, message(hull_id)))

    assert take(newest, replayed(8, 2, 6)) == reasons.STALE_REPLAY
    assert take(newest, replayed(9, 2, 7)) is None


def test_what_is_forgotten_after_replays_came_counts_as_newer_too() -> None:
    newest = StaleGuard(size=2)
    take(newest, record(5, message("u1")))
    assert take(newest, replayed(6, 2, 5)) == reasons.STALE_REPLAY
    for offset in (7, 8, 9):
        take(newest, record(offset, message("u2")))

    assert take(newest, replayed(10, 2, 6)) == reasons.STALE_REPLAY
    assert take(newest, replayed(11, 2, 8)) is None
    assert take(newest, replayed(12, 1, 9)) == reasons.STALE_REPLAY


def test_nothing_is_known_after_a_revoke() -> None:
    newest = StaleGuard()
    take(newest, record(5))
    newest.clear()

    assert take(newest, replayed(6, 2, 6)) is None
    assert take(newest, replayed(7, 1, 4)) == reasons.STALE_REPLAY


def test_the_others_of_an_envelope_are_not_replayed() -> None:
    newest = StaleGuard()
    one = replayed(9, 2, position=1)
    newest.seen(one)

    told = [newest.why_not(one, "u1", position) for position in (0, 1, 2)]

    assert told == [reasons.NOT_REPLAYED, None, reasons.NOT_REPLAYED]
    assert one.partition == EVENTS


NUMBERS = st.one_of(
    st.integers(0, 40),
    st.sampled_from([(1 << 62), (1 << 63) - 1, 1 << 63, 1 << 64, 10**19, -1, 10**30]),
).map(str)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["u1", "u2"]),
            st.dictionaries(
                st.sampled_from(["dl.replays", "dl.first_offset", "dl.checked_to", "dl.position"]),
                NUMBERS,
            ),
        ),
        max_size=30,
    )
)
def test_no_number_in_a_header_puts_it_out_of_step(
    told: list[tuple[str, dict[str, str]]],
) -> None:
    newest = StaleGuard(4)

    for offset, (user, headers) in enumerate(told):
        take(newest, record(offset, message(user), headers=headers))

    assert take(newest, replayed(100, 99, 100)) is None
    # What the place of a replay says: nothing newer came of this profile, as all was seen.


def test_a_planted_place_far_ahead_makes_no_other_replay_stale() -> None:
    newest = StaleGuard(2)
    far = {"dl.replays": "1", "dl.first_offset": str((1 << 63) - 1)}
    take(newest, record(1, message("u2"), headers=far))
    for offset in range(2, 9):
        take(newest, record(offset, message("u2")))

    assert take(newest, replayed(9, 8, 9)) is None


def test_several_messages_of_an_envelope_may_be_replayed() -> None:
    newest = StaleGuard()
    headers = {"dl.replays": "1", "dl.first_offset": "2", "dl.positions": "0,2-3"}
    one = record(5, headers=headers)
    newest.seen(one)

    found = [newest.why_not(one, "u1", position) for position in range(5)]

    other = reasons.NOT_REPLAYED
    assert found == [None, other, None, None, other]
