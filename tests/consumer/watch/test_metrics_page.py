"""docs/metrics.md tells of every metric, in the words of the code, and of no other."""

from __future__ import annotations

from pathlib import Path

from schemas.planhat import Resource
from tests.described_metrics import described

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


def rows() -> list[list[str]]:
    lines = PAGE.read_text("utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    return [row for row in cells if row[0].startswith("`hull_planhat_")]


def test_the_page_and_the_code_tell_of_the_same_metrics() -> None:
    told = [
        [
            f"`{one.name}`",
            one.kind,
            ", ".join(f"`{label}`" for label in one.labels),
            one.meaning,
        ]
        for one in described()
    ]

    assert [row[:4] for row in rows()] == told


def test_the_page_tells_each_resource_that_a_label_may_name() -> None:
    told = ", ".join(f"`{resource}`" for resource in Resource)

    assert f"- `resource`: {told}" in PAGE.read_text("utf-8")


def test_each_metric_says_what_to_do_when_it_is_bad() -> None:
    assert [row[0] for row in rows() if len(row) != 5 or not row[4]] == []
