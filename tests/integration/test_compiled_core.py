"""The compiled core says of every message exactly what the plain one says."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from deploy.compiled import PACKAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
COMPILED = ROOT / "build" / "compiled"
SAMPLES = (ROOT / "tests" / "data" / "records.jsonl").read_bytes().splitlines()
CASES: Final = 4000
VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, -1, 7.0, 1.5, 2**53 + 1, 2**63, 2**64, 10**30, 10**400, 1e30, -0.0),
    *("", " ", "x", "Ä", "17", "2019-07-10", "2019-07-10T14:31:42.120Z", "true", "null"),
    *([], [1, True, None, "a"], [{"a": 1}], {}, {"web": 1}, {"a": {"b": [1.0]}}, 1562769102000),
)
"""What may lie in any place: what compiled code could take for something like it."""


def changed(one: Any, dice: random.Random) -> Any:  # noqa: ANN401 - any JSON
    """The same with something else in some places."""
    if dice.random() < 0.04:
        return dice.choice(VALUES)
    if isinstance(one, dict):
        return {name: changed(inner, dice) for name, inner in one.items() if dice.random() > 0.02}
    if isinstance(one, list):
        return [changed(inner, dice) for inner in one]
    return one


def cases() -> Iterator[bytes]:
    dice = random.Random(20)
    documents = [json.loads(line) for line in SAMPLES]
    yield from SAMPLES
    for number in range(CASES):
        made = changed(documents[number % len(documents)], dice)
        yield json.dumps(made).encode()


def decided(path: Path, packages: Path) -> list[str]:
    script = ROOT / "tests" / "integration" / "decided.py"
    run = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-P", str(script), str(path)],
        env={**os.environ, "PYTHONPATH": str(packages), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@pytest.fixture(scope="module")
def compiled() -> Path:
    if not list(COMPILED.glob("*.so")):
        reason = "the core is not compiled: make compiled (needs a C compiler)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return COMPILED


def test_the_compiled_core_decides_as_the_plain_one_to_the_last_byte(
    compiled: Path, tmp_path: Path
) -> None:
    path = tmp_path / "messages"
    path.write_bytes(b"\n".join(cases()))

    told, expected = decided(path, compiled), decided(path, ROOT)

    assert (told.pop(0), expected.pop(0)) == ("compiled", "plain")
    assert len(expected) > CASES
    assert told == expected


def modules() -> list[str]:
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    return [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]


def test_each_module_can_be_the_first_that_is_imported(compiled: Path) -> None:
    # A module that is compiled needs others in an order of its own: a wrong one ends the process.
    failed = []
    for name in modules():
        told = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-P", "-c", f"import {name}"],
            env={**os.environ, "PYTHONPATH": str(compiled)},
            capture_output=True,
            timeout=60,
            check=False,
        )
        if told.returncode:
            failed.append((name, told.returncode))

    assert failed == []
