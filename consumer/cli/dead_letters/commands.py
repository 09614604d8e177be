"""`hull-planhat dead-letters list | show | replay`: their options."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from consumer.cli import arguments

if TYPE_CHECKING:
    from consumer.cli.dead_letters.letters import LetterChoice

# ruff: noqa: PLC0415 - each command imports what it alone needs: help and errors come at once

dead_letters = typer.Typer(
    help="Look at rejected messages, and replay them.", rich_markup_mode=None
)

Reason = Annotated[
    str, typer.Option(callback=arguments.text, help="Part of the reason, in any case.")
]
Key = Annotated[
    str | None,
    typer.Option(callback=arguments.text, help="The record's key: the profile's Hull id."),
]
Since = Annotated[str | None, typer.Option(help="Rejected since: 2h, 3d, or ISO 8601.")]
Until = Annotated[str | None, typer.Option(help="Rejected until, likewise.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]


@dead_letters.callback(invoke_without_command=True)
def options(context: typer.Context) -> None:
    """Look at rejected messages, and replay them."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


def _choice(
    reason: str, key: str | None, since: str | None, until: str | None, name: str | None = None
) -> LetterChoice:
    from consumer.cli.dead_letters.letters import LetterChoice, letter_name, moment

    now = datetime.now(UTC)
    try:
        return LetterChoice(
            reason,
            key,
            moment(since, now) if since else None,
            moment(until, now) if until else None,
            letter_name(name) if name else None,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@dead_letters.command("list")
def list_(
    reason: Reason = "",
    key: Key = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, help="At most this many, the newest.")
    ] = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """List dead letters: when, why, and where from."""
    from consumer.cli.dead_letters.letters import list_letters

    sys.exit(list_letters(_choice(reason, key, since, until), limit, as_json=as_json))


@dead_letters.command("show")
def show(
    name: Annotated[str, typer.Argument(help="PARTITION:OFFSET, as `list` shows it.")],
    *,
    pii: Annotated[bool, typer.Option("--pii", help="Show personal data in full.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter in full, with personal data masked."""
    from consumer.cli.dead_letters.letters import letter_name, show_letter

    try:
        place = letter_name(name)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    sys.exit(show_letter(place, pii=pii, as_json=as_json))


@dead_letters.command("replay")
def replay(  # noqa: PLR0913 - each is an option of the command line
    name: Annotated[str | None, typer.Argument(help="One letter: PARTITION:OFFSET.")] = None,
    reason: Reason = "",
    key: Key = None,
    since: Since = None,
    until: Until = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All letters, without a filter.")] = False,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, help="At most this many, the oldest first.")
    ] = 1000,
    rate: Annotated[
        float, typer.Option(min=0.1, callback=arguments.finite, help="Records a second.")
    ] = 50.0,
    max_replays: Annotated[
        int, typer.Option(min=1, help="Skip letters replayed this often already.")
    ] = 3,
    to: Annotated[
        str | None,
        typer.Option(
            callback=arguments.topic,
            help="One more topic, beside KAFKA_TOPICS, that letters may go back to.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Stale letters too: they may overwrite newer data.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write letters back to their topic, unless newer data was sent since."""
    from consumer.cli.dead_letters.replay import ReplayOptions, replay_letters

    choice = _choice(reason, key, since, until, name)
    if choice.is_filter == every:
        raise typer.BadParameter("give a name or a filter, or else --all")
    how = ReplayOptions(limit, rate, max_replays, to, force, dry_run, as_json)
    sys.exit(replay_letters(choice, how))
