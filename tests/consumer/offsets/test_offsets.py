import tracemalloc
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from consumer.offsets.offsets import METADATA_LIMIT, Offsets, clear_end, decode
from tests.consumer.written_commit import encode

gaps = st.lists(st.integers(1, 5), min_size=1, max_size=60)


def tracked(steps: list[int]) -> tuple[Offsets, list[int]]:
    offsets, at, found = Offsets(), 100, []
    for step in steps:
        at += step
        assert offsets.track(at)
        found.append(at)
    return offsets, found


def test_nothing_is_committed_before_anything_is_known() -> None:
    assert Offsets().to_commit() is None


def test_the_first_unresolved_record_is_committed() -> None:
    offsets, (first, second, _) = tracked([1, 1, 1])

    offsets.resolve(first)

    assert offsets.to_commit() == (second, "")


@given(gaps, st.randoms(use_true_random=False))
def test_resolved_in_any_order_the_end_is_committed(steps: list[int], random: Random) -> None:
    offsets, found = tracked(steps)
    random.shuffle(found)

    for offset in found:
        offsets.resolve(offset)

    assert offsets.to_commit() == (max(found) + 1, "")
    assert len(offsets) == 0


@given(gaps, st.data())
def test_a_commit_never_passes_what_is_unresolved(steps: list[int], data: st.DataObject) -> None:
    offsets, found = tracked(steps)
    done = data.draw(st.sets(st.sampled_from(found)))

    for offset in done:
        offsets.resolve(offset)

    position = offsets.next_offset
    assert position is not None
    assert all(offset >= position for offset in set(found) - done)
    assert offsets.unresolved == len(set(found) - done)


@given(
    st.lists(st.sampled_from([1, 1, 1, 2, 900, 5_000, 30_000, 70_000]), min_size=1, max_size=60),
    st.data(),
)
def test_what_is_final_is_known_however_wide_the_gaps_are(
    steps: list[int], data: st.DataObject
) -> None:
    offsets, at = Offsets(0), 0
    waiting: set[int] = set()
    final: set[int] = set()
    for step in steps:
        at += step
        assert offsets.track(at)
        waiting.add(at)
        if data.draw(st.booleans()):
            done = data.draw(st.sampled_from(sorted(waiting)))
            offsets.resolve(done)
            waiting.remove(done)
            final.add(done)

        position = min(waiting, default=at + 1)
        above = {offset for offset in final if offset > position}
        kept = {offset for offset in above if offset - position < 24_000}

        assert offsets.next_offset == position
        assert offsets.unresolved == len(waiting)
        commit = offsets.to_commit(position + 9_999_999_999)
        assert commit is not None
        assert len(commit[1]) <= METADATA_LIMIT
        told, _ = decode(*commit)
        assert kept <= told <= above


@given(gaps, st.data())
def test_after_a_restart_only_what_was_not_final_is_worked_on(
    steps: list[int], data: st.DataObject
) -> None:
    offsets, found = tracked(steps)
    done = data.draw(st.sets(st.sampled_from(found)))
    for offset in done:
        offsets.resolve(offset)
    commit = offsets.to_commit()
    assert commit is not None

    again = Offsets(*commit)
    worked_on = [offset for offset in found if offset >= commit[0] and again.track(offset)]

    assert worked_on == sorted(set(found) - done)
    for offset in worked_on:
        again.resolve(offset)
    assert again.next_offset == max(found) + 1


def test_a_record_that_comes_again_is_not_worked_on() -> None:
    offsets, (first, *_) = tracked([1, 1])

    assert not offsets.track(first)


def test_a_transaction_marker_at_the_end_is_passed() -> None:
    offsets, (only,) = tracked([1])
    offsets.resolve(only)

    offsets.reach(only + 2)

    assert offsets.to_commit() == (only + 2, "")


@given(
    st.integers(0, 2**40),
    st.sets(st.integers(0, 20_000)),
    st.one_of(st.none(), st.integers(0, 2**33)),
)
def test_metadata_fits_a_window_and_reads_back(
    start: int, above: set[int], ahead: int | None
) -> None:
    final = {start + offset for offset in above}
    horizon = None if ahead is None else start + ahead

    written = encode(start, final, horizon)

    assert len(written) <= METADATA_LIMIT
    assert decode(start, written) == (final, horizon)


@given(st.text(max_size=50))
def test_foreign_metadata_is_ignored_and_never_raises(text: str) -> None:
    assume(not text.startswith("hp1:"))

    final, horizon = decode(7, f"hp1:{text}")

    assert decode(7, text) == (set(), None)
    assert min(final, default=7) >= 7
    assert horizon is None or horizon >= 7


def test_a_record_below_the_commit_belongs_to_another_log() -> None:
    offsets = Offsets(100)

    assert offsets.is_foreign(99)
    assert not offsets.is_foreign(100)


def test_without_a_commit_no_record_is_foreign() -> None:
    assert not Offsets().is_foreign(0)


def read_up_to(position: int, *, horizon: int | None = None) -> Offsets:
    offsets = Offsets(0, encode(0, set(), horizon))
    for offset in range(position):
        offsets.track(offset)
    return offsets


@pytest.mark.parametrize(
    ("horizon", "position", "aim"),
    [(None, 10, 110), (60, 10, 60), (59, 10, 110), (500, 10, 500)],
    ids=["none yet", "far enough", "too near", "of a predecessor"],
)
def test_the_horizon_keeps_a_distance_and_never_falls(
    horizon: int | None, position: int, aim: int
) -> None:
    offsets = read_up_to(position, horizon=horizon)

    assert offsets.aim(100) == aim
    assert (offsets.aim(100) != offsets.horizon) is (aim != horizon)


def test_what_lies_beyond_the_horizon_may_not_be_sent() -> None:
    assert read_up_to(10, horizon=10).is_within_horizon
    assert not read_up_to(11, horizon=10).is_within_horizon
    assert not read_up_to(1).is_within_horizon
    assert read_up_to(0).is_within_horizon


def test_what_kafka_took_is_the_horizon_and_safe() -> None:
    offsets = read_up_to(3)
    offsets.resolve(1)
    assert (offsets.uncommitted, offsets.to_save) == (3, 1)

    offsets.saved(0, 100, offsets.resolved)

    assert offsets.is_within_horizon
    assert (offsets.uncommitted, offsets.to_save) == (2, 0)


def test_what_was_final_before_is_safe() -> None:
    offsets = Offsets(0, encode(0, {1}))
    offsets.track(0)
    offsets.track(1)

    assert (offsets.uncommitted, offsets.to_save) == (1, 0)


def test_whoever_leaves_in_order_tells_how_far_it_has_sent() -> None:
    offsets, (first, second, third) = tracked([1, 1, 1])
    offsets.note_sent(second)
    offsets.resolve(third)

    next_offset, metadata = offsets.to_commit(offsets.last_horizon) or (0, "")

    assert next_offset == first
    assert decode(next_offset, metadata) == ({third}, second + 1)


def test_what_is_final_needs_no_horizon() -> None:
    offsets, (only,) = tracked([1])
    offsets.note_sent(only)
    offsets.resolve(only)

    assert offsets.last_horizon == only + 1


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("hp1:3;", (set(), 10)),
        ("hp1:;BQ==", ({7, 9}, None)),
        ("hp1:3;BQ==", ({7, 9}, 10)),
        ("hp1:0;AAE=", ({15}, 7)),
        ("hp1:\u0663;BQ==", (set(), None)),
        ("hp1:-3;BQ==", (set(), None)),
        ("hp1:3;BQ=", (set(), None)),
        ("hp1:3;B Q=", (set(), None)),
        ("hp1:3;\u00e9", (set(), None)),
        ("hp2:3;BQ==", (set(), None)),
    ],
    ids=ascii,
)
def test_metadata_reads_as_it_was_written_or_not_at_all(
    written: str, read: tuple[set[int], int | None]
) -> None:
    assert decode(7, written) == read


def test_metadata_longer_than_a_broker_keeps_was_written_by_somebody_else() -> None:
    bits = "A" * 4088

    assert decode(7, f"hp1:100;{bits}") == (set(), 107)
    assert decode(7, f"hp1:1000;{bits}") == (set(), None)


def test_a_horizon_too_far_away_to_be_written_is_left_out_with_the_rest() -> None:
    assert encode(0, {1}, 9_999_999_999) == "hp1:9999999999;Ag=="
    assert encode(0, {1}, 10_000_000_000) == ""


def test_what_is_too_far_above_to_be_told_is_left_out() -> None:
    near, far = 24_000, 40_000

    written = encode(0, {near, far})

    assert decode(0, written) == ({near}, None)
    assert len(written) <= METADATA_LIMIT


@pytest.mark.parametrize("gap", [2, 65_535, 65_536, 70_000, 200_000])
def test_a_record_beyond_a_gap_is_passed_when_it_is_final(gap: int) -> None:
    offsets = Offsets(0)
    for offset in (0, gap, gap + 1):
        assert offsets.track(offset)

    offsets.resolve(gap)
    offsets.resolve(0)
    before = offsets.next_offset
    offsets.resolve(gap + 1)

    assert before == gap + 1
    assert offsets.to_commit() == (gap + 2, "")


def test_a_window_that_moves_on_over_hundreds_of_thousands_keeps_what_is_final() -> None:
    offsets = Offsets(0)
    for offset in range(0, 300_000, 3):
        assert offsets.track(offset)
        if offset >= 3000:
            offsets.resolve(offset - 3000)

    assert offsets.next_offset == 297_000
    assert (len(offsets), offsets.unresolved, offsets.resolved) == (1000, 1000, 99_000)
    offsets.resolve(297_006)
    assert decode(*offsets.to_commit() or (0, ""))[0] == {297_006}


def test_of_a_partition_of_which_nothing_is_known_nothing_is_told() -> None:
    offsets = Offsets()

    assert (offsets.aim(100), offsets.horizon, offsets.last_horizon) == (None, None, None)
    assert not offsets.differs(None)
    assert not offsets.differs(5)
    assert (offsets.position, offsets.next_offset, offsets.committed) == (None, None, None)
    assert offsets.is_within_horizon


def test_the_position_never_falls() -> None:
    offsets, (only,) = tracked([1])

    offsets.reach(only)

    assert offsets.position == only + 1
    unknown = Offsets()
    unknown.reach(7)
    assert unknown.to_commit() == (7, "")


def test_a_commit_is_needed_when_it_would_say_more_than_the_last() -> None:
    offsets = Offsets(10, "hp1:90;")
    offsets.track(10)
    offsets.track(11)

    assert not offsets.differs(100)
    assert offsets.differs(101)
    offsets.resolve(11)
    assert offsets.differs(100)
    offsets.saved(10, 100, offsets.resolved)
    assert not offsets.differs(100)
    offsets.resolve(10)
    assert offsets.differs(100)


def test_a_commit_that_is_told_late_makes_nothing_unsafe() -> None:
    offsets = read_up_to(3)
    offsets.resolve(0)
    offsets.resolve(1)

    offsets.saved(2, 50, 2)
    offsets.saved(1, 50, 1)

    assert (offsets.uncommitted, offsets.to_save) == (1, 0)


def test_the_horizon_of_who_leaves_covers_the_highest_that_was_sent() -> None:
    offsets, (first, second, third) = tracked([1, 1, 1])

    offsets.note_sent(third)
    offsets.note_sent(second)

    assert (offsets.next_offset, offsets.last_horizon) == (first, third + 1)


def test_what_is_given_back_of_a_window_that_moved_on_is_not_mistaken_for_final() -> None:
    offsets = Offsets(0)
    for offset in (0, 10_000, 20_000):
        offsets.track(offset)
    offsets.resolve(0)
    offsets.resolve(10_000)

    offsets.track(70_000)
    offsets.resolve(70_000)

    assert (offsets.next_offset, offsets.unresolved) == (20_000, 1)
    assert decode(*offsets.to_commit(100_000) or (0, "")) == (set(), 100_000)


def test_that_a_record_is_final_takes_bytes_and_not_the_entry_of_a_set() -> None:
    records = 30_000
    offsets = Offsets(0)
    offsets.track(0)

    tracemalloc.start()
    for number in range(1, records):
        offsets.track(number * 2)
        offsets.resolve(number * 2)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(offsets) == records
    assert taken < 60 * records


def test_what_is_final_is_written_in_as_few_bytes_as_hold_it() -> None:
    assert encode(0, {7}) == "hp1:;gA=="


@given(st.integers(0, 10**9), st.none() | st.integers(0, 10**6), st.integers(0, 10**6))
def test_where_merges_wait_is_told_beside_the_rest(
    begin: int, ahead: int | None, distance: int
) -> None:
    offsets = Offsets(begin)
    for offset in range(begin, begin + 5):
        offsets.track(offset)
    offsets.resolve(begin + 3)
    offsets.clear = begin + distance
    horizon = None if ahead is None else begin + ahead

    next_offset, metadata = offsets.to_commit(horizon) or (0, "")

    assert clear_end(next_offset, metadata) == begin + distance
    assert decode(next_offset, metadata) == ({begin + 3}, horizon)


@pytest.mark.parametrize(
    "metadata", ["", "hp1:;", "hp1:5;AA==", "hp1:5;AA==;x", "hp1:5;AA==;", "else;;7"]
)
def test_a_commit_that_tells_of_no_merges_is_clear_up_to_itself(metadata: str) -> None:
    assert clear_end(7, metadata) == 7
