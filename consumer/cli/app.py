"""The commands and their options. Each imports what it needs when it is called."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

app = typer.Typer(
    name="hull-planhat",
    help="Brings Planhat up to date with every change that Hull writes to Kafka.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def run() -> None:
    """Run the service; settings come from the environment (docs/configuration.md)."""
    from consumer.cli.run import run_service  # noqa: PLC0415 - start-up of the other commands

    sys.exit(asyncio.run(run_service()))


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8181,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Run a local Planhat that behaves as the real one does."""
    from consumer.cli.sandbox import run_sandbox  # noqa: PLC0415 - likewise

    asyncio.run(run_sandbox(host, port))


@app.command()
def demo() -> None:
    """Run the main job end to end on this machine alone, and check that it adds up."""
    from consumer.demo.run import main  # noqa: PLC0415 - likewise

    sys.exit(main())
