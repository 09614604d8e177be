"""The command line: one file a command."""

from __future__ import annotations

import sys

from consumer.cli.app import app
from schemas.settings_error import InvalidSettings


def main() -> None:
    """Run a command; what a user can cause ends in one clear line each, without a traceback."""
    try:
        app()
    except InvalidSettings as error:
        for line in error.lines:
            print(line, file=sys.stderr)  # noqa: T201 - this is the command line
        sys.exit(2)
