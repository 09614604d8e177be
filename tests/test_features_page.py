"""docs/features.md names for each feature and each reason a test that exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from consumer.decide import reasons
from schemas.models import MODELS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "features.md").read_text("utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in found if row[0] not in ("feature", "reason")]


@cache
def functions(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED.findall(PAGE))))
def test_a_named_test_exists(path: str, name: str) -> None:
    assert (ROOT / path).is_file()
    assert name in functions(path)


def test_each_row_has_four_cells_and_names_a_test() -> None:
    assert [row for row in rows() if len(row) != 4 or not NAMED.search(row[3])] == []


def test_each_reason_is_on_the_page() -> None:
    known = {text for name, text in vars(reasons).items() if name.isupper()}
    lists = [model.plural for model in MODELS.values() if model.is_listed]
    known |= {of(plural) for plural in lists for of in (reasons.too_many, reasons.no_list)}

    assert {text for text in known if f"`{text}`" not in PAGE} == set()
