from random import Random

from hypothesis import given
from hypothesis import strategies as st

from consumer.offsets import METADATA_LIMIT, Offsets, decode, encode

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


@given(st.integers(0, 2**40), st.sets(st.integers(0, 20_000)))
def test_metadata_fits_a_window_and_reads_back(start: int, above: set[int]) -> None:
    final = {start + offset for offset in above}

    written = encode(start, final)

    assert len(written) <= METADATA_LIMIT
    assert decode(start, written) == final


@given(st.text(max_size=50))
def test_foreign_metadata_is_ignored_and_never_raises(text: str) -> None:
    assert decode(7, text) == set() or text.startswith("hp1:")
    assert isinstance(decode(7, f"hp1:{text}"), set)


def test_a_record_below_the_commit_belongs_to_another_log() -> None:
    offsets = Offsets(100)

    assert offsets.is_foreign(99)
    assert not offsets.is_foreign(100)


def test_without_a_commit_no_record_is_foreign() -> None:
    assert not Offsets().is_foreign(0)


def test_whoever_leaves_in_order_says_so_in_the_commit() -> None:
    offsets, (first, _, third) = tracked([1, 1, 1])
    offsets.resolve(third)

    next_offset, metadata = offsets.to_commit(is_clean=True) or (0, "")
    again = Offsets(next_offset, metadata)

    assert next_offset == first
    assert again.was_left_clean
    assert decode(next_offset, metadata) == {third}


def test_the_commits_between_say_nothing_of_leaving() -> None:
    offsets, (_, _, third) = tracked([1, 1, 1])
    offsets.resolve(third)

    assert not Offsets(*(offsets.to_commit() or (0, ""))).was_left_clean
