from dataclasses import replace
from datetime import UTC, datetime

import pytest

from consumer.cli.dead_letters.letters import (
    LetterChoice,
    Ranked,
    keep_highest,
    letter_name,
    moment,
    newest_rank,
)
from consumer.offsets.record import Record
from tests.consumer.dead import DEAD, letter

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("1.5d", datetime(2026, 11, 23, tzinfo=UTC)),
        ("999999999999d", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
        ("2026-11-24T10:00:00+02:00", datetime(2026, 11, 24, 8, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read(text: str, expected: datetime) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "soon", "2 hours", "2026-13-01"])
def test_what_is_no_moment_says_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match="must be like 2h, 3d or"):
        moment(text, NOW)


@pytest.mark.parametrize(("text", "expected"), [("3:17", (3, 17)), ("17", (0, 17))])
def test_a_letter_is_named_by_partition_and_offset(text: str, expected: tuple[int, int]) -> None:
    assert letter_name(text) == expected


@pytest.mark.parametrize("text", ["", "a", "1:", "1:2:3", "-1"])
def test_what_names_no_letter_says_what_would(text: str) -> None:
    with pytest.raises(ValueError, match="PARTITION:OFFSET"):
        letter_name(text)


@pytest.mark.parametrize(
    ("choice", "taken"),
    [
        (LetterChoice(), True),
        (LetterChoice(reason="NO"), True),
        (LetterChoice(reason="yes"), False),
        (LetterChoice(key="u1"), True),
        (LetterChoice(key="u2"), False),
        (LetterChoice(since=NOW), False),
        (LetterChoice(until=NOW), True),
        (LetterChoice(name=(0, 0)), True),
        (LetterChoice(name=(0, 1)), False),
    ],
    ids=repr,
)
def test_all_filters_must_hold(choice: LetterChoice, *, taken: bool) -> None:
    assert choice.takes(letter(7)) is taken


def test_a_letter_of_no_year_is_judged_by_its_timestamp() -> None:
    one = letter(7, failed_at="yesterday")
    far = replace(one, record=Record(DEAD, 0, b"u1", None, (), 1e15))

    assert LetterChoice(since=NOW).takes(far)
    assert not LetterChoice(until=NOW).takes(far)


def test_nothing_asked_for_is_no_filter() -> None:
    assert (LetterChoice().is_filter, LetterChoice(key="k").is_filter) == (False, True)


def test_the_newest_are_those_of_all_partitions_by_when_they_were_rejected() -> None:
    newest: list[Ranked] = []

    for at, hour in ((0, 12), (1, 9), (2, 10), (3, 11)):
        one = letter(7, at, failed_at=f"2026-11-24T{hour:02}:00:00+00:00")
        keep_highest(newest, newest_rank(one), 2)

    assert [one[-1].name for one in sorted(newest)] == ["0:3", "0:0"]
