"""What the demo prints for people."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

pytest.importorskip("confluent_kafka", reason="needs confluent-kafka: pip install confluent-kafka")

from consumer.cli.demo import run
from consumer.cli.demo.ledger import Ledger
from consumer.cli.demo.perform import Outcome
from consumer.watch.report import Tally

STORED = {"companies": 0, "endusers": 0, "licenses": 0, "activities": 0}


def printed(wrong: list[str]) -> str:
    console = Console(file=io.StringIO(), width=200)
    run.show(console, Outcome(Ledger(), Tally(), STORED, 1.0, wrong))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_only_the_first_differences_are_listed() -> None:
    text = printed([f"difference {number}" for number in range(23)])

    assert "It does not add up: 23 differences" in text
    assert "difference 19\n" in text
    assert "difference 20" not in text
    assert "... and 3 more" in text


def test_without_a_difference_it_adds_up() -> None:
    assert "It adds up" in printed([])


def test_warnings_and_errors_of_the_log_are_told_in_a_line() -> None:
    console = Console(file=io.StringIO(), width=200)
    lines = (
        '{"level":"info","event":"batch.sent"}',
        '{"level":"warning","event":"record.rejected"}',
        '{"level":"warning","event":"record.rejected"}',
        '{"level":"error","event":"service.halted"}',
    )

    run.show_log(console, lines)

    assert console.file.getvalue() == (  # type: ignore[attr-defined]
        "The service logged: 2 record.rejected (warning), 1 service.halted (error)\n"
    )
