"""The commands and their options. Each imports what it needs when it is called."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from consumer.cli import arguments
from consumer.cli.dead_letters.commands import dead_letters
from consumer.cli.forget.command import forget
from consumer.cli.history.command import history
from schemas.shown import cleaned

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(
    name="hull-planhat",
    help="Brings Planhat up to date with every change that Hull writes to Kafka.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(dead_letters, name="dead-letters")
app.command()(history)
app.command()(forget)

# ruff: noqa: PLC0415 - each command imports what it alone needs: help and errors come at once


# The base of all that can be wrong with a command line. Typer brings its own copy of click, or
# click itself, as its version has it.
_WrongUse: Final[type[Exception]] = typer.BadParameter.__mro__[2]


def call(given: Sequence[str]) -> int:
    """Run the command that is given, and return its exit code; wrong use is said on stderr."""
    try:
        code = app(given, prog_name="hull-planhat", standalone_mode=False)
    except SystemExit as done:
        code = done.code
    except _WrongUse as error:
        from consumer.cli.terminal import WRONG_USE, say

        say([f"hull-planhat: {_text(error)}; see hull-planhat --help"], keeps_personal=True)
        return WRONG_USE
    except typer.Abort:
        raise KeyboardInterrupt from None  # some versions of Typer give its number instead
    return code if isinstance(code, int) else 0


def _text(error: Exception) -> str:
    text: object = getattr(error, "format_message", error.__str__)()
    return cleaned(" ".join(str(text).replace("Value error, ", "").split()).rstrip("."))


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer hands over the value of the option
    if wanted:
        from consumer.version import is_compiled, version

        typer.echo(f"hull-planhat {version()}{', compiled' if is_compiled() else ''}")
        raise typer.Exit


@app.callback(
    invoke_without_command=True,
    epilog="Exit codes: 0 done; 1 failed; 2 wrong use (also a call without a command);"
    " 130 interrupted.",
)
def options(
    context: typer.Context,
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Brings Planhat up to date with every change that Hull writes to Kafka."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@app.command()
def run() -> None:
    """Run the service; settings come from the environment (docs/configuration.md)."""
    from consumer.cli.run import run_service

    sys.exit(run_service())


@app.command()
def receive() -> None:
    """Take Hull's own posts and write them into the topic, where no bridge does it."""
    from consumer.cli.run import run_receiver

    sys.exit(run_receiver())


@app.command()
def sandbox(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes a free one.")
    ] = 8181,
    host: Annotated[
        str, typer.Option(callback=arguments.text, help="Address to listen on.")
    ] = "127.0.0.1",
    dialect: Annotated[
        str | None,
        typer.Option(callback=arguments.file, help="What check --live learnt of a tenant."),
    ] = None,
) -> None:
    """Run a local Planhat that behaves as the real one does."""
    from consumer.cli.sandbox import run_sandbox

    sys.exit(run_sandbox(host, port, dialect))


@app.command()
def demo() -> None:
    """Run the main job end to end on this machine alone, and check that it adds up."""
    from consumer.cli.demo.run import run_demo

    sys.exit(run_demo())


@app.command()
def check(  # noqa: PLR0913 - each is an option of the command line
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Check the settings only.")] = False,
    live: Annotated[
        bool,
        typer.Option("--live", help="Compare with the tenant itself too: at most 25 reads."),
    ] = False,
    write: Annotated[
        bool,
        typer.Option("--write", help="Ask by writing too: contacts that are deleted again."),
    ] = False,
    company: Annotated[
        str | None,
        typer.Option(callback=arguments.text, help="External id of the company to write in."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before writing.")] = False,
    dialect: Annotated[
        str | None,
        typer.Option(callback=arguments.file, help="File that takes what was learnt, as JSON."),
    ] = None,
) -> None:
    """Check settings, Kafka and Planhat: ok, warning, error or setupRequired, and what to do."""
    if live and offline:
        raise typer.BadParameter("--live asks Planhat, --offline asks nobody: give one of them")
    if not live and (write or dialect):
        raise typer.BadParameter("--write and --dialect go with --live")
    if write != bool(company):
        raise typer.BadParameter("--write and --company EXTERNAL_ID go together")
    from consumer.cli.check import run_check

    options = None
    if live:
        from consumer.cli.live import LiveOptions

        options = LiveOptions(company, Path(dialect) if dialect else None, yes)
    sys.exit(run_check(as_json=as_json, offline=offline, live=options))


@app.command()
def explain(  # noqa: PLR0913 - each is an option of the command line
    file: Annotated[
        str | None,
        typer.Argument(
            callback=arguments.file,
            help="Messages: JSON lines, an array, one document, an envelope; - is stdin.",
        ),
    ] = None,
    *,
    topic: Annotated[
        str | None,
        typer.Option(callback=arguments.topic, help="Read this topic instead of a file."),
    ] = None,
    partition: Annotated[
        int, typer.Option(min=0, max=arguments.PARTITIONS, help="Partition of the topic.")
    ] = 0,
    offset: Annotated[
        int | None,
        typer.Option(min=0, max=arguments.OFFSETS, help="Offset of the first record."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            callback=arguments.text,
            help="The newest records with this key: the profile's Hull id.",
        ),
    ] = None,
    hours: Annotated[
        float,
        typer.Option(
            min=0, max=87_600, callback=arguments.finite, help="How far back to look for the key."
        ),
    ] = 24,
    count: Annotated[int, typer.Option(min=1, max=1000, help="Records to read.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per record.")
    ] = False,
    pii: Annotated[bool, typer.Option("--pii", help="Show e-mail addresses in full.")] = False,
    ask_planhat: Annotated[
        bool,
        typer.Option(
            "--ask-planhat", help="Read Planhat's companies, users and custom fields: three calls."
        ),
    ] = False,
) -> None:
    """Explain what becomes of messages, rule by rule, and show the requests; sends nothing."""
    of_topic = topic is not None or offset is not None or key is not None
    if of_topic == (file is not None):
        raise typer.BadParameter("give a file (- for stdin), or --offset or --key of a topic")
    if file is None and (offset is None) == (key is None):
        raise typer.BadParameter("give either --offset or --key")

    from consumer.cli.explain import ExplainOptions, run_explain
    from consumer.cli.topic_choice import Choice

    choice = Choice(topic, partition, offset or 0, count, key, hours * 3600) if of_topic else None
    sys.exit(run_explain(ExplainOptions(file, choice, as_json, pii, ask_planhat)))


@app.command()
def backfill(  # noqa: PLR0913 - each is an option of the command line
    file: Annotated[
        str,
        typer.Argument(
            callback=arguments.file,
            help="An extract of Hull: JSON lines, an array, or CSV; - is stdin.",
        ),
    ],
    of: Annotated[
        Literal["users", "accounts"] | None,
        typer.Option("--of", help="What the rows are, if they do not say so."),
    ] = None,
    topic: Annotated[
        str | None,
        typer.Option(
            callback=arguments.topic,
            help="Topic to write to; by default the first of KAFKA_TOPICS.",
        ),
    ] = None,
    number: Annotated[
        list[str] | None, typer.Option(help="A CSV column that holds numbers; repeatable.")
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0.1, callback=arguments.finite, help="Records a second.")
    ] = 500.0,
    from_line: Annotated[
        int, typer.Option(min=0, help="Line to begin at; 0: where the last run stopped.")
    ] = 0,
    *,
    is_csv: Annotated[
        bool, typer.Option("--csv", help="Read the file as CSV; the default for .csv.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check, write nothing.")
    ] = False,
) -> None:
    """Write an extract into the topic as export messages, keyed by the Hull id."""
    from consumer.cli.backfill import BackfillOptions, run_backfill

    is_csv = is_csv or file.lower().endswith(".csv")
    numbers = frozenset(number or ())
    options = BackfillOptions(file, topic, of, is_csv, numbers, rate, from_line, dry_run)
    sys.exit(run_backfill(options))


@app.command()
def schema(
    of: Annotated[
        Literal["record", "settings", "environment", "dialect", "outcome"],
        typer.Argument(
            help="The Kafka record, the connector settings, the environment, what a sandbox may"
            " learn of a tenant, or a line of the outcomes topic."
        ),
    ],
) -> None:
    """Print the JSON Schema of a record, of the settings, or of what is told of outcomes."""
    from consumer.cli.schema import schema_text

    typer.echo(schema_text(of))
