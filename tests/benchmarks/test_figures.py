"""Tables are put where they belong, and tell medians and spreads."""

from __future__ import annotations

from tests.benchmarks.figures import Result, Row, markdown, refill

PAGE = "above\n<!-- begin stages -->\nold\n<!-- end stages -->\nbelow\n"


def result(scenario: str) -> Result:
    row = Row("users")
    for value in (10, 12, 20):
        row.add(messages_per_s=value)
    return Result(scenario, "what was measured", [row])


def test_a_cell_tells_the_median_and_the_spread_of_the_runs() -> None:
    assert "| users | 12 (10 - 20) |" in markdown([result("stages")])


def test_a_table_takes_the_place_of_the_old_one() -> None:
    found = refill(PAGE, [result("stages"), result("unknown")])

    assert found.startswith("above\n<!-- begin stages -->\nstages: what was measured")
    assert found.endswith("<!-- end stages -->\nbelow\n")
    assert "old" not in found
