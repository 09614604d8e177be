"""`hull-planhat history`: its options."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from consumer.cli import arguments

# ruff: noqa: PLC0415 - each command imports what it alone needs: help and errors come at once


def history(
    name: Annotated[
        str,
        typer.Argument(
            callback=arguments.text, help="Hull id, external id, e-mail address or Planhat's id."
        ),
    ],
    *,
    topic: Annotated[
        str | None,
        typer.Option(
            callback=arguments.topic,
            help="Topic of outcomes to read; by default KAFKA_OUTCOMES_TOPIC.",
        ),
    ] = None,
    since: Annotated[str, typer.Option(help="From when on: 2h, 3d, or ISO 8601.")] = "3d",
    count: Annotated[
        int, typer.Option(min=1, max=10_000, help="Messages to tell of, the newest.")
    ] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    pii: Annotated[
        bool, typer.Option("--pii", help="Do not mask what the topic has in full.")
    ] = False,
) -> None:
    """Tell what became of a profile: in Planhat or not, and why; from the topic of outcomes."""
    from consumer.cli.dead_letters.letters import moment
    from consumer.cli.history.run import HistoryOptions, run_history

    if not name.strip():
        raise typer.BadParameter("the name is empty")
    try:
        first = moment(since, datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    sys.exit(run_history(HistoryOptions(name, topic, first, count, as_json, pii)))
