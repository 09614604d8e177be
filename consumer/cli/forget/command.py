"""`hull-planhat forget`: its options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from consumer.cli import arguments

if TYPE_CHECKING:
    from consumer.forget.names import Name

# ruff: noqa: PLC0415 - imports what it needs when it is called: help and errors come at once

_LARGEST: Final = 4 << 20
_LONGEST: Final = 500

Given = list[str] | None


def forget(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    email: Annotated[Given, typer.Option(help="An e-mail address; repeatable.")] = None,
    external_id: Annotated[Given, typer.Option(help="An external id; repeatable.")] = None,
    hull_id: Annotated[
        Given, typer.Option(help="A Hull id, looked for in the topics; repeatable.")
    ] = None,
    planhat_id: Annotated[Given, typer.Option(help="Planhat's _id; repeatable.")] = None,
    file: Annotated[
        str | None,
        typer.Option(
            callback=arguments.file,
            help="Names as CSV; its first line: email, external_id, hull_id, planhat_id, or some.",
        ),
    ] = None,
    receipt: Annotated[
        str | None,
        typer.Option(
            callback=arguments.file,
            help="File that takes what was done, and is gone on with; - prints it.",
        ),
    ] = None,
    asked_by: Annotated[
        str, typer.Option(callback=arguments.text, help="Who asked, for the receipt.")
    ] = "",
    reason: Annotated[
        str, typer.Option(callback=arguments.text, help="Why, for the receipt.")
    ] = "",
    hours: Annotated[
        float,
        typer.Option(
            min=0,
            max=87_600,
            callback=arguments.finite,
            help="How far back to look for messages of a Hull id.",
        ),
    ] = 168,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="All contacts that a name fits, if it fits several.")
    ] = False,
    scan: Annotated[
        bool, typer.Option("--scan", help="Read all contacts, 2,000 a call, instead of searching.")
    ] = False,
    tombstone: Annotated[
        bool, typer.Option("--tombstone", help="Write tombstones for them to the results topic.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Find and show them, delete nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False,
) -> None:
    """Delete contacts in Planhat for good, and say what is left of them in the topics."""
    from consumer.cli.forget.run import ForgetOptions, run_forget

    if receipt is None and not dry_run:
        raise typer.BadParameter("give --receipt FILE (- prints it), or --dry-run")
    if len(asked_by) > _LONGEST or len(reason) > _LONGEST:
        raise typer.BadParameter(f"--asked-by and --reason: at most {_LONGEST} letters")
    given = {"email": email, "external_id": external_id, "hull_id": hull_id}
    names = _names({**given, "planhat_id": planhat_id}, file)
    if not yes and not dry_run and not sys.stdin.isatty():
        raise typer.BadParameter("asks before it deletes: give --yes where nobody can answer")
    options = ForgetOptions(
        names, receipt, asked_by, reason, hours, every, scan, tombstone, dry_run, yes
    )
    sys.exit(run_forget(options))


def _names(given: dict[str, Given], file: str | None) -> list[Name]:
    from consumer.forget.names import KINDS, distinct, from_csv, name

    try:
        found = [name(kind, one) for kind in KINDS for one in given[kind] or ()]
        if file is not None:
            found += from_csv(_text(file))
        return distinct(found)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _text(file: str) -> str:
    """The file's text; raises ValueError, and OSError, which the command line tells."""
    if file == "-":
        content = sys.stdin.buffer.read(_LARGEST + 1)
    else:
        with Path(file).open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"{file}: larger than {_LARGEST >> 20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{file}: not UTF-8") from None
