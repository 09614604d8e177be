import pytest

from consumer.replay import Replay, replay, replay_headers


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
