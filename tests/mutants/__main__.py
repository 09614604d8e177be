"""`python -m tests.mutants MODULE ...`: which faults in a module no test notices."""

from __future__ import annotations

import argparse
import ast
import os
import random
import sys
import time
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.hunt import ROOT, Hunt
from tests.mutants.mutate import mutants

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.mutants.mutate import Mutant

MODULES = (
    *("lane", "offsets", "plan", "settle", "intake", "dispatch", "assignment", "membership"),
    *("filter", "map", "decide", "limiter", "verdict"),
)
_PACKAGES = ("consumer", "planhat_client")
_FAST = "not integration and not slow and not browser and not chaos and not benchmark"
# Hypothesis is imported before pytest could rewrite it: nothing of it is asserted on.
_WARNINGS = ("-W", "ignore::pytest.PytestAssertRewriteWarning")


def main() -> int:
    """Hunt, and print a table; 1 if a score is too low, 2 if tests fail without any mutant."""
    arguments = _arguments()
    began = time.monotonic()
    paths = [_path(name) for name in arguments.modules or MODULES]
    prey = [one for path in paths for one in _sample(path, arguments.sample, arguments.seed)]
    hunt = Hunt(prey, arguments.workers, arguments.longest)
    options = ["-q", "-n0", "-p", "no:cacheprovider", "-m", _FAST, *_WARNINGS]
    files = [str(file) for file in _tests() if any(_is_about(file, path) for path in paths)]
    if pytest.main([*options, *files], plugins=[hunt]) or len(hunt.fates) < len(prey):
        return 2
    scores = [_show(path, hunt) for path in paths]
    seconds = time.monotonic() - began
    _say(f"seed {arguments.seed}, {len(prey)} mutants, {seconds:.0f} s")
    return int(min(scores) < arguments.least)


def _path(name: str) -> str:
    found = (path for package in _PACKAGES for path in (ROOT / package).rglob(f"{name}.py"))
    return next(found).relative_to(ROOT).as_posix()


def _sample(path: str, size: int, seed: int) -> list[Mutant]:
    """As many as wanted of a module, those that no test can notice left out; 0: all."""
    found = [
        one for one in mutants(path, (ROOT / path).read_text("utf-8")) if str(one) not in EQUIVALENT
    ]
    if 0 < size < len(found):
        found = random.Random(f"{seed} {path}").sample(found, size)
    return found


def _tests() -> Iterator[Path]:
    for package in _PACKAGES:
        yield from sorted((ROOT / "tests" / package).rglob("test_*.py"))


@cache
def _is_about(file: Path, path: str) -> bool:
    """Tell whether a test mirrors a module, or imports it: itself, or by helpers of the tests."""
    wanted = path.removesuffix(".py").replace("/", ".")
    if file.name.startswith(f"test_{wanted.rpartition('.')[2]}"):
        return True
    names = [
        node.module
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
    ]
    ours = (ROOT / f"{name.replace('.', '/')}.py" for name in names if name.startswith("tests."))
    return wanted in names or any(_is_about(one, path) for one in ours if one.exists())


def _show(path: str, hunt: Hunt) -> float:
    own = {one: fate for one, fate in hunt.fates.items() if one.path == path}
    alive = sorted((one for one, fate in own.items() if fate != "killed"), key=lambda one: one.line)
    killed = len(own) - len(alive)
    score = 100 * killed / max(1, len(own))
    _say(f"{score:5.1f} %  {killed:3} of {len(own):3} killed  {path}")
    for one in alive:
        _say(f"    line {one.line}, {own[one]}: {one}")
    return score


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="as lane or limiter")
    parser.add_argument("--sample", type=int, default=40, help="mutants a module; 0: all")
    parser.add_argument("--seed", type=int, default=1, help="chooses the sample")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--longest", type=float, default=3.0, help="CPU seconds of a test, watched")
    parser.add_argument("--least", type=float, default=90.0, help="per cent of each module")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
