from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.outbox.replay import Replay, number, replay, replay_headers


def test_the_headers_of_a_replay_are_read_as_they_were_written() -> None:
    told = Replay(2, 17, 40, frozenset({1}))

    written = replay_headers((("trace", b"t"), ("dl.reason", b"no"), ("dl.offset", b"20")), told)

    assert written[0] == ("trace", b"t")
    assert {name for name, _ in written} == {
        *("trace", "dl.replays", "dl.first_offset", "dl.checked_to", "dl.position"),
    }
    assert replay(written) == told


def test_a_replay_for_its_events_only_says_so() -> None:
    told = Replay(1, 17, None, None, only_events=True)

    written = replay_headers((), told)

    assert ("dl.only", b"activities") in written
    assert replay(written) == told


def test_several_messages_of_an_envelope_are_named_together() -> None:
    told = Replay(1, 17, 40, frozenset({0, 3, 4, 5}))

    written = replay_headers((), told)

    assert ("dl.positions", b"0,3-5") in written
    assert replay(written) == told


@given(st.binary(max_size=25) | st.integers(-(1 << 70), 1 << 70).map(lambda one: b"%d" % one))
def test_a_number_is_one_that_an_array_holds_or_none(value: bytes) -> None:
    found = number(value)

    array("q", [found or 0])
    assert found is None or (found >= 0 and int(value) == found)


@pytest.mark.parametrize(
    ("value", "found"),
    [(b"9223372036854775807", (1 << 63) - 1), (b"9223372036854775808", None), (None, None)],
)
def test_a_number_ends_where_offsets_do(value: bytes | None, found: int | None) -> None:
    assert number(value) == found


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("trace", b"t"),),
        (("dl.replays", b"1"),),
        (("dl.replays", b"x"), ("dl.first_offset", b"1")),
        (("dl.replays", b"1"), ("dl.first_offset", b"-1")),
        (("dl.replays", b"1"), ("dl.first_offset", b"9" * 30)),
    ],
)
def test_what_is_no_replay_of_ours_is_none(headers: tuple[tuple[str, bytes], ...]) -> None:
    assert replay(headers) is None
