"""The log of the demo in a few lines."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console

from consumer.cli.demo import warnings_told

if TYPE_CHECKING:
    from pathlib import Path

LINES = (
    '{"level":"info","event":"batch.sent"}',
    '{"level":"warning","event":"record.rejected"}',
    '{"level":"warning","event":"record.rejected"}',
    '{"level":"error","event":"service.halted"}',
)


def test_warnings_and_errors_are_counted() -> None:
    assert warnings_told.counts(LINES) == {
        ("warning", "record.rejected"): 2,
        ("error", "service.halted"): 1,
    }


def test_they_are_told_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("\n".join(LINES))
    console = Console(file=io.StringIO(), width=200)

    warnings_told.show(console, file)

    assert console.file.getvalue() == (  # type: ignore[attr-defined]
        "The service logged: 2 record.rejected (warning), 1 service.halted (error)\n"
    )
