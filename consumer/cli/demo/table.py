"""The demo's summary for people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from rich.table import Table

from consumer.cli.demo.outcome import skips
from consumer.cli.demo.reconcile import bounded
from consumer.wording import plural

if TYPE_CHECKING:
    from rich.console import Console

    from consumer.cli.demo.outcome import Outcome

_NO_JSON: Final = "not JSON"
_MODELS: Final = ("companies", "endusers", "licenses", "activities")


def show(console: Console, outcome: Outcome) -> None:
    """Print the summary, and what doesn't add up."""
    console.print(_summary(outcome))
    if not outcome.wrong:
        console.print("[green]It adds up:[/] Planhat holds exactly what the records say.")
        return
    count = len(outcome.wrong)
    console.print(f"[red]It does not add up:[/] {count} {plural(count, 'difference')}")
    for line in bounded(outcome.wrong):
        console.print(f"  {line}", markup=False, highlight=False)


def _summary(outcome: Outcome) -> Table:
    expected, tally = outcome.expected, outcome.tally
    table = Table(show_header=True, title="From Hull to Planhat", title_justify="left")
    table.add_column("what")
    table.add_column("count", justify="right")
    table.add_column("should be", justify="right")
    table.add_row("records in", f"{expected.records:,}", "")
    table.add_row("messages in them", _number(tally.messages.total()), _number(expected.messages))
    for ending in ("delivered", "skipped", "rejected"):
        found, wanted = tally.messages[ending], expected.outcomes[ending]
        table.add_row(f"  {ending}", _number(found), _number(wanted))
    _skips(table, outcome)
    _rejections(table, outcome)
    _requests(table, outcome)
    _planhat(table, outcome)
    return table


def _skips(table: Table, outcome: Outcome) -> None:
    table.add_section()
    found = skips(outcome.tally)
    for kind, reason in sorted({*found, *outcome.expected.skips}):
        name = f"skipped {kind}: {reason}"
        wanted = outcome.expected.skips[kind, reason]
        table.add_row(name, _number(found[kind, reason]), _number(wanted))


def _rejections(table: Table, outcome: Outcome) -> None:
    table.add_section()
    counts: Counter[str] = Counter()
    for reason, count in outcome.tally.rejected.items():
        counts[_NO_JSON if reason.startswith(_NO_JSON) else reason] += count
    for reason, count in sorted(counts.items()):
        table.add_row(f"rejected: {reason}", _number(count), "")


def _requests(table: Table, outcome: Outcome) -> None:
    table.add_section()
    tally = outcome.tally
    for model in _MODELS:
        table.add_row(f"requests, {model}", _number(tally.requests[model]), "")
    table.add_row("changed profiles", "", _number(outcome.expected.profiles))
    table.add_row("calls per 1,000 changed profiles", f"{outcome.calls_per_thousand:.1f}", "")
    table.add_row("seconds", f"{outcome.seconds:.1f}", "")


def _planhat(table: Table, outcome: Outcome) -> None:
    table.add_section()
    expected = outcome.expected
    wanted = {
        "companies": _number(len(expected.companies)),
        "endusers": _number(len(expected.endusers)),
        "licenses": _number(len(expected.licences)),
        "activities": _number(len(expected.activities)),
    }
    if expected.strays:
        wanted["activities"] += f" to {len(expected.activities) + len(expected.strays):,}"
    for model in _MODELS:
        table.add_row(f"in Planhat: {model}", _number(outcome.stored[model]), wanted[model])


def _number(count: int) -> str:
    return f"{count:,}"
