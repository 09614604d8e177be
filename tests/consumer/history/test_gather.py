"""What is found of a profile in records of the topic, without a store."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.history.gather import Gathered
from schemas.outcome.member import Gap
from tests.consumer.history_told import NOON, outcome, value


def found(gathered: Gathered) -> list[int]:
    return [item.row.place.offset for item in gathered.items]


@pytest.mark.parametrize("name", ["u1", "U1", 'Ex"t\\7', "ÄÖ", "dig"])
def test_a_message_is_found_by(name: str) -> None:
    gathered = Gathered([name])
    gathered.read(value(outcome(hull_id="u2", offset=1)))
    gathered.read(value(outcome(hull_id=name, offset=2), outcome(hull_id="u3", offset=3)))
    gathered.read(value(outcome(hull_id="u4", external_id=name.upper(), offset=4)))

    assert sorted(found(gathered)) == [2, 4]


def test_no_name_finds_nothing() -> None:
    gathered = Gathered([""])
    gathered.read(value(outcome()))

    assert gathered.items == []


def test_hull_ids_are_learnt() -> None:
    gathered = Gathered(["ext"])
    gathered.read(value(outcome(hull_id="U7", external_id="ext")))

    assert gathered.hull_ids == {"u7"}


def test_the_newest_comes_first_and_a_message_once_as_it_ended_last() -> None:
    gathered = Gathered(["u1"])
    gathered.read(value(outcome(NOON + 2, offset=1), outcome(NOON, offset=2)))
    gathered.read(value(outcome(NOON + 1, offset=1)))

    assert found(gathered) == [1, 2]
    assert (gathered.items[0].row.ms, gathered.items[0].repeated) == (NOON + 2, 1)


def test_gaps_are_noticed() -> None:
    gathered = Gathered(["u1"])
    gathered.read(value(Gap(at=5, member="m", run=1, since=1, until=2, count=3)))

    assert [one.ms for one in gathered.gaps] == [5]


def test_of_very_many_the_newest_stay() -> None:
    gathered = Gathered(["u1"], most=10)
    for at in range(100):
        gathered.read(value(outcome(NOON + at, offset=at)))

    assert len(found(gathered)) <= 10
    assert found(gathered)[0] == 99


@given(st.binary(max_size=100))
def test_any_bytes_are_survived(some: bytes) -> None:
    gathered = Gathered(["1"])
    gathered.read(some)
    gathered.read(b'{"kind":"gap"' + some)
