"""The tool that shows flakes of the demo must not hide one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.soak import soak

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ONCE_BAD = """
import pathlib, sys
mark = pathlib.Path(sys.argv[1])
print("does not add up")
if mark.exists():
    mark.unlink()
    sys.exit(1)
"""


def test_all_runs_are_told_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed = soak((sys.executable, "-c", "print('fine')"), 2, 1, tmp_path)

    first, second, last = capsys.readouterr().out.splitlines()
    assert failed == 0
    assert first.startswith("run 1 of 2: adds up, ")
    assert second.startswith("run 2 of 2: adds up, ")
    assert last == "2 of 2"
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_fails_is_told_and_its_output_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    kept = tmp_path / "kept"
    kept.mkdir()

    failed = soak((sys.executable, "-c", ONCE_BAD, str(mark)), 2, 0, kept)

    first, _, last = capsys.readouterr().out.splitlines()
    (file,) = kept.iterdir()
    assert (failed, last) == (1, "1 of 2")
    assert first.startswith("run 1 of 2: FAILED (1), ")
    assert first.endswith(f"its output: {file}")
    assert file.read_text() == "does not add up\n"
