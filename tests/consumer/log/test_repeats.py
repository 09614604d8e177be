from consumer.log.repeats import Repeats


def test_a_line_is_said_at_once_and_then_once_in_a_while_with_its_count() -> None:
    repeats = Repeats(every_seconds=10)

    assert [repeats.say("x", now) for now in (0, 1, 9.9, 10, 11, 20)] == [0, None, None, 2, None, 1]


def test_other_lines_are_not_kept_back() -> None:
    repeats = Repeats()

    assert [repeats.say(what, 0.0) for what in ("x", "y", "x")] == [0, 0, None]


def test_a_clock_that_goes_back_keeps_nothing_back() -> None:
    repeats = Repeats()
    repeats.say("x", 100.0)

    assert repeats.say("x", 50.0) == 0


def test_what_is_remembered_is_bounded() -> None:
    repeats = Repeats()
    for number in range(1000):
        repeats.say(number, 0.0)

    assert repeats.say(0, 1.0) == 0
    assert repeats.say(999, 1.0) is None


def test_what_is_over_is_said_at_once_when_it_comes_again() -> None:
    repeats = Repeats()

    assert [repeats.is_due("x", now) for now in (0, 59, 60)] == [True, False, True]
    repeats.forget("x")
    assert repeats.is_due("x", 61)
