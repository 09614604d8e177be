"""The faults that are tried, and that one of them is in force where it was planted."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter

import pytest

from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.hunt import ROOT
from tests.mutants.mutate import mutants, mutated


def changes(source: str) -> list[str]:
    return [one.change for one in mutants("x.py", source)]


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ("return a < 3", {"return None", "a <= 3", "a >= 3", "4"}),
        ("return a is b", {"return None", "a is not b"}),
        ("return a and b", {"return None", "a or b", "a", "b"}),
        ("return not a", {"return None", "a"}),
        ("return min(a, b + 1)", {"return None", "max", "b - 1", "2"}),
        ("return True", {"False"}),
        ("return", set()),
        ("if a: b()", {"if not a:", "pass"}),
        ("a.x = b.y", {"pass"}),
        ("a += b", {"pass"}),
        ("a['key'] = 'two words'", {"pass", "''"}),
        ("_log.info('word', count=1)", set()),
        ("'''Promised.'''", set()),
        ("a: int = b", set()),
        ("raise ValueError(f'{a} b')", {"pass"}),
    ],
)
def test_a_fault_is_small_and_never_in_words_for_people(body: str, after: set[str]) -> None:
    found = changes(f"def f(a, b=7):\n    {body}")

    assert {change.split("  ->  ")[1] for change in found} == after


def test_tables_and_methods_are_changed_but_no_scalars_annotations_or_representations() -> None:
    source = "A = 5\nT = {'k': 1}\nclass C:\n  x: int = 3\n  def __repr__(self): return 'r'\n"
    source += "  def __init__(self): self.a = 1\n  def m(self) -> 'C': return self\n"

    found = mutants("x.py", source)

    assert Counter(one.function for one in found) == {"": 2, "C.__init__": 1, "C.m": 1}
    assert {one.line for one in found} == {2, 6, 7}


def test_a_mutant_differs_in_nothing_else() -> None:
    source = "def f(a):\n    if a < 1 and a > 0:\n        return a - 1\n    return 0\n"
    mutant = next(one for one in mutants("x.py", source) if one.change == "a > 0  ->  a >= 0")

    assert ast.unparse(mutated(mutant, source)) == source.replace("a > 0", "a >= 0").strip()


def test_what_is_said_to_be_equivalent_exists() -> None:
    paths = sorted({name.split(" ")[0] for name in EQUIVALENT})
    known = {str(one) for path in paths for one in mutants(path, (ROOT / path).read_text("utf-8"))}

    assert EQUIVALENT.keys() - known == set()


@pytest.mark.slow
def test_what_a_module_s_tests_notice_is_told_by_a_score() -> None:
    command = [sys.executable, "-P", "-m", "tests.mutants", "counting", "--sample", "5"]

    told = subprocess.check_output([*command, "--least", "0"], cwd=ROOT, text=True)  # noqa: S603  # this Python

    assert " of   5 killed  consumer/watch/counting.py" in told
    assert "seed 1, 5 mutants" in told
