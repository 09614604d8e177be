"""The demo's summary for people: what was found, beside what should be."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import orjson
from rich.table import Table

from consumer.cli.demo.ledger import skips
from consumer.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from consumer.cli.demo.perform import Outcome

_MODELS: Final = ("companies", "endusers", "licenses", "activities")
_MOST_LINES: Final = 20


def show(console: Console, outcome: Outcome) -> None:
    """Print the summary, and what doesn't add up."""
    console.print(_summary(outcome))
    if not outcome.wrong:
        console.print("[green]It adds up:[/] Planhat holds exactly what the records say.")
        return
    count = len(outcome.wrong)
    console.print(f"[red]It does not add up:[/] {count} {plural(count, 'difference')}")
    for line in outcome.wrong[:_MOST_LINES]:
        console.print(f"  {line}", markup=False, highlight=False)
    if count > _MOST_LINES:
        console.print(f"  ... and {count - _MOST_LINES} more", highlight=False)


def show_log(console: Console, lines: Iterable[str]) -> None:
    """Print how often the service's log has each warning and error."""
    entries = map(orjson.loads, lines)
    found = Counter(
        (entry["event"], entry["level"])
        for entry in entries
        if entry["level"] in {"warning", "error", "critical"}
    )
    told = ", ".join(f"{count} {event} ({level})" for (event, level), count in found.most_common())
    console.print(f"The service logged: {told or 'no warnings'}", markup=False, highlight=False)


def _summary(outcome: Outcome) -> Table:
    ledger, tally = outcome.ledger, outcome.tally
    table = Table(show_header=True, title="From Hull to Planhat", title_justify="left")
    table.add_column("what")
    table.add_column("count", justify="right")
    table.add_column("should be", justify="right")
    _row(table, "records in", ledger.records)
    _row(table, "messages in them", tally.messages.total(), ledger.endings.total())
    for ending in ("delivered", "skipped", "rejected"):
        _row(table, f"  {ending}", tally.messages[ending], ledger.endings[ending])
    table.add_section()
    found = skips(tally)
    for kind, reason in sorted({*found, *ledger.skips}):
        name = f"skipped {kind}: {reason}"
        _row(table, name, found[kind, reason], ledger.skips[kind, reason])
    table.add_section()
    for reason, count in sorted(tally.rejected.items()):
        _row(table, f"rejected: {reason}", count)
    table.add_section()
    for model in _MODELS:
        _row(table, f"requests, {model}", tally.requests[model])
    profiles = len(ledger.profiles)
    _row(table, "changed profiles", wanted=profiles)
    calls = 1000 * tally.requests.total() / max(1, profiles)
    table.add_row("calls per 1,000 changed profiles", f"{calls:.1f}", "")
    table.add_row("seconds", f"{outcome.seconds:.1f}", "")
    table.add_section()
    for model in _MODELS:
        _row(table, f"in Planhat: {model}", outcome.stored[model], len(ledger.planhat[model]))
    return table


def _row(table: Table, what: str, count: int | None = None, wanted: int | None = None) -> None:
    table.add_row(what, *("" if each is None else f"{each:,}" for each in (count, wanted)))
