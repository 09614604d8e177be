"""What the store reads of a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.history.row import rows_of
from schemas.outcome.member import Gap, Summary
from schemas.outcome.message import Change, Outcome
from tests.consumer.history_told import outcome, row, value, with_planhat_id


def test_an_outcome_is_found_by_each_of_its_names() -> None:
    one = outcome(hull_id="U1", external_id="Ext", email="j***@a***.com", email_digest="d1")

    assert set(row(one).names) == {"u1", "ext", "d1"}


def test_an_address_that_is_not_masked_is_a_name() -> None:
    assert "jane@acme.com" in row(outcome(email="Jane@acme.com")).names


def test_the_ids_of_planhat_are_names() -> None:
    assert "5f1b" in row(with_planhat_id("5f1B")).names


def test_an_id_that_did_not_hold_is_a_name_too() -> None:
    change = Change(resource="endusers", ending="delivered", planhat_id="new", replaced="old")

    assert {"new", "old"} <= set(row(outcome(changes=(change,))).names)


def test_who_was_merged_is_found_in_the_line_of_its_survivor() -> None:
    assert {"winner", "loser"} <= set(row(outcome(hull_id="winner", merged=("Loser",))).names)


def test_a_place_has_the_position_in_an_envelope() -> None:
    assert row(outcome(offset=7, position=2)).place == ("hull.events", 3, 7, 2)


def test_summaries_and_gaps_lie_aside() -> None:
    read = rows_of(
        value(
            Summary(at=5, since=1, member="m", run=1),
            Gap(at=6, member="m", run=1, since=1, until=5, count=2),
        )
    )

    assert [(one.ms, one.kind) for one in read.asides] == [(5, "summary"), (6, "gap")]


@pytest.mark.parametrize(
    "line",
    [
        b"no JSON",
        b"{}",
        b"[]",
        b'{"kind":"outcome"}',
        b'{"kind":"other","at":1}',
        b'{"kind":"outcome","at":"x","hull_id":"u","topic":"t","partition":0,"offset":0}',
        b'{"kind":"outcome","at":1,"hull_id":"\xff","topic":"t","partition":0,"offset":0}',
        b"[" * 100_000,
        b'{"kind":"summary","at":1,"x":' + b"[" * 100_000,
    ],
)
def test_what_cannot_be_read_is_counted_and_costs_no_other_line(line: bytes) -> None:
    read = rows_of(value(line, outcome()))

    assert (read.foreign, len(read.rows)) == (1, 1)


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(some: bytes) -> None:
    rows_of(some)


def test_what_is_read_is_named_as_in_the_schema() -> None:
    whole = outcome(position=1, external_id="e", email="m", email_digest="d")

    assert {"at", "hull_id", "topic", "partition", "offset", "position"} <= set(
        Outcome.__struct_fields__
    )
    assert {"external_id", "email", "email_digest", "changes"} <= set(Outcome.__struct_fields__)
    assert "planhat_id" in Change.__struct_fields__
    assert set(row(whole).names) == {"u1", "e", "m", "d"}
