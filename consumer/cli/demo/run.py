"""`hull-planhat demo`: the main job on this machine alone, and whether it adds up."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
from rich.console import Console
from rich.table import Table

from consumer import log
from consumer.cli.demo.ledger import skips
from consumer.cli.demo.workload import Options
from consumer.cli.terminal import say
from consumer.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumer.cli.demo.perform import Outcome

_MODELS: Final = ("companies", "endusers", "licenses", "activities")
_MOST_LINES: Final = 20


def run_demo() -> int:
    """Run the demo. Return 0 only if everything adds up."""
    if find_spec("confluent_kafka") is None:
        say(["hull-planhat: the demo needs confluent-kafka; install hull-planhat[demo]"])
        return 1
    from consumer.cli.demo.perform import perform  # noqa: PLC0415 - needs an optional extra

    console = Console()
    file = Path(tempfile.mkdtemp(prefix="hull-planhat-demo-")) / "service.log"
    try:
        with file.open("w", encoding="utf-8") as stream:
            log.configure("info", "json", stream=stream)
            outcome = asyncio.run(perform(console, Options()))
    except KeyboardInterrupt:
        say(["stopped before its end"])
        return 1
    show(console, outcome)
    with file.open(encoding="utf-8") as lines:
        show_log(console, lines)
    if outcome.wrong:
        console.print(f"The log of the service: {file}", markup=False, highlight=False)
        return 1
    shutil.rmtree(file.parent)
    return 0


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
