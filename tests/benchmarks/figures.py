"""What was measured: kept as JSON with every run, shown as tables with medians and spreads."""

from __future__ import annotations

import os
import platform
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_console = Console(width=160, highlight=False)


@dataclass(slots=True)
class Row:
    """One case of a scenario: figure -> a value for each run; the unit is in the name."""

    case: str
    figures: dict[str, list[float]] = field(default_factory=dict)
    note: str = ""

    def add(self, **figures: float) -> None:
        """Note one run; `_` in a name is written as a blank, `_per_` as a slash."""
        for name, value in figures.items():
            title = name.replace("_per_", "/").replace("_", " ")
            self.figures.setdefault(title, []).append(value)

    def median(self, name: str) -> float:
        """The median of a figure over the runs; not a number if it was not measured."""
        values = self.figures.get(name)
        return statistics.median(values) if values else float("nan")


@dataclass(slots=True)
class Result:
    """The rows of one scenario, and how they were come by."""

    scenario: str
    about: str
    rows: list[Row]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0..1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def machine() -> dict[str, Any]:
    """The machine, by what matters and nothing that identifies it."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(pages / 2**30),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def say(text: str) -> None:
    """Tell how far it is; on stderr's side of things, not part of the result."""
    _console.print(f"[dim]{text}[/dim]")


def show(result: Result) -> None:
    """Print a table."""
    table = Table(title=f"{result.scenario}: {result.about}", title_justify="left")
    table.add_column("case")
    for name in _columns(result):
        table.add_column(name, justify="right")
    for row in result.rows:
        table.add_row(row.case, *(_cell(row.figures.get(name)) for name in _columns(result)))
    _console.print(table)
    for row in result.rows:
        if row.note:
            _console.print(f"  {row.case}: {row.note}")


def markdown(results: Iterable[Result]) -> str:
    """The same tables for docs/performance.md."""
    return "\n".join(line for result in results for line in _markdown(result))


def refill(text: str, results: Iterable[Result]) -> str:
    """The page with new tables: each between the comments `begin NAME` and `end NAME`."""
    for result in results:
        begin, end = (f"<!-- {word} {result.scenario} -->" for word in ("begin", "end"))
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if found and closed:
            told = " ".join(f"{name} {value}," for name, value in machine().items()).rstrip(",")
            table = "\n".join(_markdown(result)).rstrip()
            text = f"{before}{begin}\n{table}\n\nMachine: {told}.\n{end}{after}"
    return text


def save(path: Path, results: Iterable[Result]) -> None:
    """Write every run as JSON, with the machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"machine": machine(), "results": list(results)}
    path.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))


def _markdown(result: Result) -> list[str]:
    columns = _columns(result)
    lines = [f"{result.scenario}: {result.about}", ""]
    lines.append(" | ".join(["| case", *columns]) + " |")
    lines.append("|---|" + "---:|" * len(columns))
    for row in result.rows:
        cells = [_cell(row.figures.get(name)) for name in columns]
        lines.append(" | ".join([f"| {row.case}", *cells]) + " |")
    notes = [f"- {row.case}: {row.note}" for row in result.rows if row.note]
    return [*lines, "", *notes, *([""] if notes else [])]


def _columns(result: Result) -> list[str]:
    return list(dict.fromkeys(name for row in result.rows for name in row.figures))


def _cell(values: Sequence[float] | None) -> str:
    if not values:
        return ""
    middle = _number(statistics.median(values))
    low, high = _number(min(values)), _number(max(values))
    return middle if low == high else f"{middle} ({low} - {high})"


def _number(value: float) -> str:
    if value != value:  # noqa: PLR0124 - not a number is the only value that differs from itself
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
